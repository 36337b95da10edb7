//! What a call needs permission for, in the words of IAM ("Service Authorization Reference").

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use crate::Call;
use crate::lambda::FunctionId;
use crate::world::Regional;

mod beside;

pub(crate) use beside::Need;

/// Action and resource of a call, with the tags that conditions can ask for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The IAM action, e.g. `apigateway:POST` or `secretsmanager:CreateSecret`.
    pub(crate) action: String,
    /// ARN of what it is about; empty where the parameters name nothing.
    pub(crate) resource: String,
    pub(crate) request_tags: BTreeMap<String, String>,
    pub(crate) resource_tags: BTreeMap<String, String>,
    /// What else conditions can ask for: the service's own keys, as far as the operator's policy has them.
    pub(crate) condition_keys: BTreeMap<&'static str, String>,
    /// What IAM asks for beside it.
    pub(crate) beside: Vec<Need>,
}

/// Parameter that names a resource of ElastiCache -> type in its ARN. The first one present is the call's.
const ELASTICACHE: &[(&str, &str)] = &[
    ("ReplicationGroupId", "replicationgroup"),
    ("ServerlessCacheName", "serverlesscache"),
    ("UserGroupId", "usergroup"),
    ("UserId", "user"),
    ("CacheSubnetGroupName", "subnetgroup"),
    ("SnapshotName", "snapshot"),
    ("CacheClusterId", "cluster"),
];

impl Target {
    /// The target of a call that came as `method` `path`, with the tags as they are now.
    pub(crate) fn of(call: &Call, method: &Method, path: &str, place: &Regional) -> Self {
        let resource = match call.service {
            "apigateway" => format!("arn:aws:apigateway:{}::{path}", call.region()),
            "elasticache" => elasticache(call),
            "secretsmanager" => secret(call, place),
            "lambda" => function(call),
            "iam" => format!(
                "arn:aws:iam::{}:role/{}",
                call.account(),
                parameter(call, "RoleName").unwrap_or_default()
            ),
            "sts" => parameter(call, "RoleArn").unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let action = match call.service {
            // API Gateway's actions are HTTP methods on paths; the others' are named as the operation.
            "apigateway" => format!("apigateway:{method}"),
            // "Actions, resources, and condition keys for Amazon Resource Group Tagging API": it goes by another name in IAM.
            "tagging" => format!("tag:{}", call.operation),
            service => format!("{service}:{}", call.operation),
        };
        let target = Self {
            action,
            resource_tags: tags_of(&resource, place),
            resource,
            request_tags: request_tags(&call.params.body),
            condition_keys: condition_keys(call, place),
            beside: Vec::new(),
        };
        Self {
            beside: beside::needs(call, &target, place),
            ..target
        }
    }
}

fn parameter<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.params.body.get(name)?.as_str()
}

fn elasticache(call: &Call) -> String {
    let named = ELASTICACHE
        .iter()
        .find_map(|(name, kind)| Some((kind, parameter(call, name)?)));
    match named {
        Some((kind, id)) => call.arn("elasticache", &format!("{kind}:{id}")),
        None => parameter(call, "ResourceName")
            .unwrap_or_default()
            .to_owned(),
    }
}

/// A secret that is not there (yet) has an ARN with an unknown suffix.
fn secret(call: &Call, place: &Regional) -> String {
    let Some(id) = parameter(call, "SecretId").or_else(|| parameter(call, "Name")) else {
        return String::new();
    };
    match place.secretsmanager.find(id) {
        Some(secret) => secret.arn.clone(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => call.arn("secretsmanager", &format!("secret:{id}-??????")),
    }
}

fn function(call: &Call) -> String {
    match call.params.path("FunctionName") {
        "" => call.params.path("Resource").to_owned(),
        name => call.arn(
            "lambda",
            &format!("function:{}", FunctionId::parse(name).name),
        ),
    }
}

/// "Actions, resources, and condition keys for AWS Lambda": whose permission is added or removed.
fn condition_keys(call: &Call, place: &Regional) -> BTreeMap<&'static str, String> {
    let principal = match (call.service, call.operation.as_str()) {
        ("lambda", "AddPermission") => parameter(call, "Principal"),
        ("lambda", "RemovePermission") => {
            let name = &FunctionId::parse(call.params.path("FunctionName")).name;
            let functions = place.lambda.functions.get(name).into_iter();
            let mut policies = functions.flat_map(|function| function.policies.values());
            let statement = call.params.path("StatementId");
            policies.find_map(|policy| policy.principal(statement))
        }
        _ => None,
    };
    let key = principal.map(|principal| ("lambda:Principal", principal.to_owned()));
    key.into_iter().collect()
}

/// Tags of a resource and, in API Gateway, of what it is part of: a REST API's tags count for all within
/// ("API Gateway resources that can be tagged").
fn tags_of(arn: &str, place: &Regional) -> BTreeMap<String, String> {
    let whole_and_parents = arn
        .match_indices('/')
        .map(|(at, _)| &arn[..at])
        .chain([arn]);
    whole_and_parents
        .flat_map(|arn| place.tags.of(arn))
        .collect()
}

/// Tags are an object (API Gateway) or a list of `Key` and `Value`.
fn request_tags(body: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match body.get("tags").or_else(|| body.get("Tags")) {
        Some(Value::Object(tags)) => tags
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect(),
        Some(Value::Array(tags)) => tags
            .iter()
            .map(|tag| (text(&tag["Key"]), text(&tag["Value"])))
            .collect(),
        _ => BTreeMap::new(),
    }
}
