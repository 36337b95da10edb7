//! Actions that IAM asks for beside the one that is named like the call.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Call;
use crate::world::Regional;

use super::{Target, parameter, tags_of};

/// An action on a resource.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Need {
    /// The IAM action.
    action: String,
    /// ARN.
    resource: String,
    /// Tags the resource had when the call came (`aws:ResourceTag`). The request's are the call's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resource_tags: BTreeMap<String, String>,
    /// The service's own condition keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition_keys: BTreeMap<&'static str, String>,
}

/// What `call`, which is about `target`, needs beside. The services' "Actions, resources, and condition keys" say so; what an account may
/// or may not ask for, depending on what it has (the service-linked role), is among it.
pub(super) fn needs(call: &Call, target: &Target, place: &Regional) -> Vec<Need> {
    let tagging = !target.request_tags.is_empty();
    let needs = match call.service {
        // TagResource itself is the method on /tags/ARN.
        "apigateway" if tagging && call.operation != "TagResource" => {
            tags_in_api_gateway(call, target)
        }
        "elasticache" => elasticache(call, target, tagging),
        "secretsmanager" if tagging => {
            vec![("secretsmanager:TagResource", target.resource.clone())]
        }
        _ => Vec::new(),
    };
    let need = |(action, resource): (&str, String)| Need {
        action: action.to_owned(),
        resource_tags: tags_of(&resource, place),
        condition_keys: condition_keys(action),
        resource,
    };
    needs.into_iter().map(need).collect()
}

type Asked = Vec<(&'static str, String)>;

/// Tags of what has no ARN yet. The developer guide asks for the methods on `/tags/ARN`, the authorization reference for `TagResource` on the
/// path: a caller that has both is safe.
fn tags_in_api_gateway(call: &Call, target: &Target) -> Asked {
    let tags = format!("arn:aws:apigateway:{}::/tags/*", call.region());
    vec![
        ("apigateway:TagResource", target.resource.clone()),
        ("apigateway:POST", tags.clone()),
        ("apigateway:PUT", tags),
    ]
}

fn elasticache(call: &Call, target: &Target, tagging: bool) -> Asked {
    let mut asked = Vec::new();
    if tagging {
        asked.push(("elasticache:AddTagsToResource", target.resource.clone()));
    }
    let named = |kind: &str, name: &str| call.arn("elasticache", &format!("{kind}:{name}"));
    match call.operation.as_str() {
        "CreateCacheSubnetGroup" => asked.push(service_linked_role(call)),
        "CreateReplicationGroup" => {
            asked.push(service_linked_role(call));
            let engine = parameter(call, "Engine").unwrap_or("redis");
            let defaults = named("parametergroup", &format!("default.{engine}"));
            asked.push(("elasticache:CreateReplicationGroup", defaults));
            let subnets = parameter(call, "CacheSubnetGroupName").map(|name| {
                (
                    "elasticache:CreateReplicationGroup",
                    named("subnetgroup", name),
                )
            });
            asked.extend(subnets);
        }
        "DeleteReplicationGroup" => {
            if let Some(name) = parameter(call, "FinalSnapshotIdentifier") {
                let snapshot = named("snapshot", name);
                asked.push(("elasticache:CreateSnapshot", target.resource.clone()));
                asked.push(("elasticache:CreateSnapshot", snapshot.clone()));
                asked.push(("elasticache:DeleteReplicationGroup", snapshot));
            }
        }
        _ => {}
    }
    asked
}

/// "Actions, resources, and condition keys for AWS Identity and Access Management": whose role it is to be.
fn condition_keys(action: &str) -> BTreeMap<&'static str, String> {
    let role = Some(action).filter(|action| *action == "iam:CreateServiceLinkedRole");
    let key = role.map(|_| ("iam:AWSServiceName", "elasticache.amazonaws.com".to_owned()));
    key.into_iter().collect()
}

/// Made by the first cache of an account.
fn service_linked_role(call: &Call) -> (&'static str, String) {
    let role = "role/aws-service-role/elasticache.amazonaws.com/AWSServiceRoleForElastiCache";
    let arn = format!("arn:aws:iam::{}:{role}", call.account());
    ("iam:CreateServiceLinkedRole", arn)
}
