//! API Gateway: REST APIs, stages, deployments, API keys, usage plans.

mod read;
mod write;

pub(super) use read::{
    read_api_keys, read_deployments, read_methods, read_named_rest_api, read_others, read_rest_api,
    read_stage, read_tags, read_usage_plans, search_rest_apis,
};
pub(super) use write::execute;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types::{self, ApiStatus};
use aws_smithy_types::DateTime;

use crate::model::Tags;
use crate::plan::{Deployment, MethodSettings};

use super::call::{Caller, timestamp};

/// API Gateway in one Region.
#[derive(Clone, Debug)]
pub(super) struct ApiGateway {
    pub(super) client: aws_sdk_apigateway::Client,
    pub(super) caller: Caller,
}

/// A REST API out of a reply. Each operation describes it in a type of its own with the same fields, hence a macro.
macro_rules! rest_api {
    ($reply:expr, confirmed: $confirmed:expr) => {{
        let reply = $reply;
        $crate::plan::RestApi {
            id: reply.id.unwrap_or_default(),
            name: reply.name.unwrap_or_default(),
            version: reply.version,
            settings: $crate::aws::apigateway::settings(&[
                ("the resource policy", reply.policy.is_some()),
                (
                    "the list of binary media types",
                    reply
                        .binary_media_types
                        .is_some_and(|types| !types.is_empty()),
                ),
                (
                    "the minimum size for compression",
                    reply.minimum_compression_size.is_some(),
                ),
                (
                    "that the key comes from an authorizer",
                    reply.api_key_source
                        == Some(aws_sdk_apigateway::types::ApiKeySourceType::Authorizer),
                ),
                (
                    "that the default endpoint is off",
                    reply.disable_execute_api_endpoint,
                ),
            ]),
            endpoint_type: $crate::aws::apigateway::endpoint_type(reply.endpoint_configuration),
            created: $crate::aws::call::timestamp(reply.created_date),
            available: $crate::aws::apigateway::is_available(reply.api_status.as_ref()),
            status_message: reply.api_status_message,
            confirmed: $confirmed,
            tags: $crate::aws::apigateway::tags(reply.tags),
        }
    }};
}

/// A stage out of a reply; as with [`rest_api`].
macro_rules! stage {
    ($reply:expr) => {{
        let reply = $reply;
        $crate::plan::Stage {
            deployment_id: reply.deployment_id.unwrap_or_default(),
            description: reply.description.unwrap_or_default(),
            variables: reply.variables.unwrap_or_default().into_iter().collect(),
            method_settings: $crate::aws::apigateway::method_settings(reply.method_settings),
            cache_cluster: reply.cache_cluster_enabled,
            tags: $crate::aws::apigateway::tags(reply.tags),
        }
    }};
}

use {rest_api, stage};

fn tags(tags: Option<HashMap<String, String>>) -> Tags {
    tags.unwrap_or_default().into_iter().collect()
}

/// Those of the settings that an API has.
fn settings(settings: &[(&str, bool)]) -> Vec<String> {
    let set = settings.iter().filter(|(_, set)| *set);
    set.map(|(setting, _)| (*setting).to_owned()).collect()
}

fn endpoint_type(endpoint: Option<types::EndpointConfiguration>) -> Option<String> {
    let mut types = endpoint?.types?.into_iter();
    types.next().map(|kind| kind.as_str().to_owned())
}

/// An API without a status (it has had one since 2025 only) takes writes.
fn is_available(status: Option<&ApiStatus>) -> bool {
    status.is_none_or(|status| *status == ApiStatus::Available)
}

fn deployment(
    id: Option<String>,
    description: Option<String>,
    created: Option<DateTime>,
) -> Deployment {
    Deployment {
        id: id.unwrap_or_default(),
        description: description.unwrap_or_default(),
        created: timestamp(created),
    }
}

/// Keys come back as they were written, still escaped, with or without the leading slash of the path.
fn method_settings(
    settings: Option<HashMap<String, types::MethodSetting>>,
) -> BTreeMap<String, MethodSettings> {
    let settings = settings.unwrap_or_default().into_iter();
    settings
        .map(|(key, setting)| {
            let key = key.replace("~1", "/").replace("~0", "~");
            let settings = MethodSettings {
                rate: setting.throttling_rate_limit,
                burst: setting.throttling_burst_limit,
                caching: setting.caching_enabled,
            };
            (key.strip_prefix('/').unwrap_or(&key).to_owned(), settings)
        })
        .collect()
}
