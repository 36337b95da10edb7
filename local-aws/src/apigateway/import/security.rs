//! Who may call: security schemes and requirements.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Document, list, text};
use super::errors::Findings;
use crate::Ids;
use crate::apigateway::model::Authorizer;

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const AUTHTYPE: &str = "x-amazon-apigateway-authtype";

/// The document's security schemes by name.
#[derive(Debug, Default)]
pub(super) struct Schemes {
    by_name: BTreeMap<String, Scheme>,
}

#[derive(Debug, Clone)]
enum Scheme {
    ApiKey,
    Iam,
    Authorizer(Authorizer),
    /// Left out with a warning when it was read.
    Ignored,
}

/// What a method's callers must bring.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Security {
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`; `None` when nothing was said.
    pub(super) authorization_type: Option<String>,
    pub(super) authorizer_id: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) api_key_required: bool,
}

impl Schemes {
    pub(super) fn read(document: &Document, ids: &mut Ids, findings: &mut Findings) -> Self {
        let by_name = document
            .entries("/components/securitySchemes")
            .map(|(name, scheme)| (name.clone(), read_scheme(name, scheme, ids, findings)))
            .collect();
        Self { by_name }
    }

    /// The authorizers by id.
    pub(super) fn authorizers(&self) -> BTreeMap<String, Authorizer> {
        let authorizer = |scheme: &Scheme| match scheme {
            Scheme::Authorizer(authorizer) => Some((authorizer.id.clone(), authorizer.clone())),
            _ => None,
        };
        self.by_name.values().filter_map(authorizer).collect()
    }

    /// What a list of security requirements asks for. An unknown scheme is an error: leaving it out would open the method.
    pub(super) fn resolve(&self, requirements: &Value) -> Result<Security, String> {
        let mut security = Security::default();
        for (name, scopes) in requirements
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flatten()
        {
            match self.by_name.get(name) {
                Some(Scheme::ApiKey) => security.api_key_required = true,
                Some(Scheme::Iam) => security.authorization_type = Some("AWS_IAM".to_owned()),
                Some(Scheme::Authorizer(authorizer)) => {
                    security.authorization_type = Some(method_type(authorizer).to_owned());
                    security.authorizer_id = Some(authorizer.id.clone());
                    security.scopes = list(Some(scopes));
                }
                Some(Scheme::Ignored) => {}
                None => return Err(format!("Invalid security definition '{name}' specified")),
            }
        }
        Ok(security)
    }
}

fn method_type(authorizer: &Authorizer) -> &str {
    match authorizer.r#type.as_str() {
        "TOKEN" | "REQUEST" => "CUSTOM",
        other => other,
    }
}

fn read_scheme(name: &str, scheme: &Value, ids: &mut Ids, findings: &mut Findings) -> Scheme {
    let member = |member: &str| scheme.get(member).map(text).unwrap_or_default();
    if let Some(settings) = scheme.get(AUTHORIZER) {
        return Scheme::Authorizer(read_authorizer(name, scheme, settings, ids));
    }
    if member(AUTHTYPE).eq_ignore_ascii_case("awsSigv4") {
        return Scheme::Iam;
    }
    let is_api_key = member("type") == "apiKey"
        && member("in") == "header"
        && member("name").eq_ignore_ascii_case("x-api-key");
    if is_api_key {
        return Scheme::ApiKey;
    }
    findings.warning(format!(
        "Unsupported security definition type '{}' for '{name}'. Ignoring.",
        member("type")
    ));
    Scheme::Ignored
}

fn read_authorizer(name: &str, scheme: &Value, settings: &Value, ids: &mut Ids) -> Authorizer {
    let mut members: BTreeMap<String, Value> = settings
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let kind = members
        .remove("type")
        .as_ref()
        .map(text)
        .unwrap_or_default()
        .to_ascii_uppercase();
    if let Some(auth_type) = scheme.get(AUTHTYPE) {
        members.insert("authType".to_owned(), auth_type.clone());
    }
    let header = scheme.get("name").map(text).unwrap_or_default();
    members
        .entry("identitySource".to_owned())
        .or_insert_with(|| Value::from(format!("method.request.header.{header}")));
    Authorizer {
        id: ids.alphanumeric(6),
        name: name.to_owned(),
        r#type: kind,
        settings: members,
    }
}
