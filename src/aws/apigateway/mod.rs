//! API Gateway: REST APIs, stages, deployments, API keys, usage plans.

mod read;
mod write;

pub(super) use read::{
    read_api_keys, read_deployments, read_methods, read_other_rest_apis, read_rest_api, read_stage,
    read_tags, read_usage_plans, search_rest_apis,
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
