use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::api::{CachedApiSpec, EndpointType, Throttle, UsagePlanSpec};

use super::{Adoption, Identity, Violation, openapi};

/// The REST API, its stage, keys and permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredGateway {
    /// Name of the API, for people: API Gateway's names need not be unique.
    pub name: String,
    /// The API that exists and is to become the object's.
    pub adoption: Option<Adoption>,
    /// Where the API is reached.
    pub endpoint_type: EndpointType,
    /// The OpenAPI document of the whole API.
    pub document: Document,
    /// The stage.
    pub stage: DesiredStage,
    /// API keys, by their name in the spec.
    pub api_keys: BTreeMap<String, DesiredApiKey>,
    /// Limits per API key; there is a usage plan exactly when there are keys.
    pub usage_plan: UsagePlanSpec,
    /// Name of the usage plan.
    pub usage_plan_name: String,
    /// ARNs of the functions that the API invokes, as the routes write them.
    pub functions: BTreeSet<String>,
    /// Id of the statement that lets the API invoke a function.
    pub permission_statement: String,
}

/// An OpenAPI 3 document in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The text. `info.version` holds the hash, so that a read of the API tells which document it has.
    pub body: String,
    /// First 32 hexadecimal digits of the SHA-256 of the document without its `info.version`.
    pub hash: String,
    /// Methods that each path has, to compare with what API Gateway made of it.
    pub methods: BTreeMap<String, BTreeSet<String>>,
}

/// Largest body that `PutRestApi` takes, in bytes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const LARGEST_DOCUMENT: usize = 6 * 1024 * 1024;

impl Document {
    /// Why the document is too large for `PutRestApi`, if it is.
    pub(super) fn oversize(&self) -> Option<Violation> {
        (self.body.len() > LARGEST_DOCUMENT).then(|| {
            let problem = format!("the OpenAPI document of the routes has {} bytes; API Gateway takes at most {LARGEST_DOCUMENT}: use fewer routes or parameters, or another object", self.body.len());
            Violation::new("spec.routes", problem)
        })
    }
}

/// The stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredStage {
    /// Name.
    pub name: String,
    /// Stage variables: the user's, and one per cached Lambda route.
    pub variables: BTreeMap<String, String>,
    /// Throttle by method-settings key: `*/*`, and `<path>/<METHOD>` unescaped for routes with their own.
    pub throttles: BTreeMap<String, Throttle>,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredApiKey {
    /// Its name in API Gateway.
    pub name: String,
    /// Name of the Kubernetes Secret that receives the value.
    pub secret: String,
}

impl DesiredGateway {
    pub(super) fn build(identity: &Identity, spec: &CachedApiSpec) -> Self {
        let unique_name = identity.unique_name();
        let key = |name: &str| format!("{unique_name}-{name}");
        Self {
            name: identity.display_name(),
            adoption: Adoption::of(spec.adopt.as_ref(), |adopt| adopt.rest_api_id.as_ref()),
            endpoint_type: spec.api.endpoint_type,
            document: build_document(identity, spec),
            stage: build_stage(spec),
            api_keys: (spec.api.api_keys.iter())
                .map(|k| {
                    (
                        k.name.clone(),
                        DesiredApiKey {
                            name: key(&k.name),
                            secret: k.secret.name.clone(),
                        },
                    )
                })
                .collect(),
            usage_plan: spec.api.usage_plan.unwrap_or(UsagePlanSpec {
                throttle: None,
                quota: None,
            }),
            usage_plan_name: unique_name,
            functions: spec
                .routes
                .iter()
                .filter_map(|r| r.backend.lambda.as_ref())
                .map(|l| l.function_arn.clone())
                .collect(),
            permission_statement: identity.permission_statement(),
        }
    }
}

/// First 32 hexadecimal digits of the SHA-256 of `text`.
fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}");
            hash
        })
}

fn build_document(identity: &Identity, spec: &CachedApiSpec) -> Document {
    let mut document = openapi::render(identity, spec);
    let hash = short_hash(&document.to_string());
    document["info"]["version"] = hash.clone().into();
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in &spec.routes {
        methods
            .entry(route.path.clone())
            .or_default()
            .insert(openapi::method_name(route.method).to_owned());
    }
    Document {
        body: document.to_string(),
        hash,
        methods,
    }
}

fn build_stage(spec: &CachedApiSpec) -> DesiredStage {
    let mut variables = spec.api.stage.variables.clone();
    variables.extend(spec.routes.iter().filter_map(openapi::lambda_cache_policy));
    let mut throttles = BTreeMap::from([("*/*".to_owned(), spec.api.stage.throttle)]);
    throttles.extend(spec.routes.iter().filter_map(|route| {
        Some((
            format!("{}/{}", route.path, openapi::method_name(route.method)),
            route.throttle?,
        ))
    }));
    DesiredStage {
        name: spec.api.stage.name.clone(),
        variables,
        throttles,
    }
}
