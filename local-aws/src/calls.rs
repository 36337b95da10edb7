//! The log of control calls.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use crate::Call;

/// How many calls are kept one by one; counts go on for ever.
const KEPT: usize = 100_000;

/// Every control call since the start or the last clearing.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Calls {
    /// `service:Operation` -> how often, and how often it failed with which code.
    counts: BTreeMap<String, Count>,
    log: VecDeque<Entry>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Count {
    calls: u64,
    errors: BTreeMap<String, u64>,
}

/// One call.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) time: Timestamp,
    pub(crate) request_id: String,
    pub(crate) service: &'static str,
    pub(crate) operation: String,
    /// The IAM action, e.g. `apigateway:POST` or `secretsmanager:CreateSecret`.
    pub(crate) action: String,
    /// What it was about: an ARN where the path or the parameters say it, else a name; may be empty.
    pub(crate) resource: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) access_key: String,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Whether the caller got no answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lost: bool,
}

impl Entry {
    /// The entry of a call that has ended.
    pub(crate) fn new(call: &Call, target: &Target, status: u16, error: Option<String>) -> Self {
        Self {
            time: call.now,
            request_id: call.request_id.clone(),
            service: call.service,
            operation: call.operation.clone(),
            action: target.action.clone(),
            resource: target.resource.clone(),
            account: call.account().to_owned(),
            region: call.region().to_owned(),
            access_key: call.caller.access_key.clone(),
            status,
            error,
            lost: false,
        }
    }
}

/// What a call needs permission for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) action: String,
    pub(crate) resource: String,
}

/// Parameters that name the resource of a call, the first one present wins.
const NAMING: &[&str] = &[
    "SecretId",
    "FunctionName",
    "ReplicationGroupId",
    "UserGroupId",
    "UserId",
    "CacheSubnetGroupName",
    "ServerlessCacheName",
    "SnapshotName",
    "ResourceName",
    "Name",
];

impl Target {
    /// API Gateway's IAM actions are HTTP methods on paths; the others are named as the operation.
    pub(crate) fn of(call: &Call, method: &str, path: &str) -> Self {
        if call.service == "apigateway" {
            let resource = format!("arn:aws:apigateway:{}::{path}", call.region());
            return Self {
                action: format!("apigateway:{method}"),
                resource,
            };
        }
        let named = |name: &&str| {
            call.params
                .path
                .get(*name)
                .map(String::as_str)
                .or_else(|| call.params.body.get(*name)?.as_str())
        };
        let resource = NAMING.iter().find_map(named).unwrap_or("").to_owned();
        Self {
            action: format!("{}:{}", call.service, call.operation),
            resource,
        }
    }
}

impl Calls {
    /// Adds a call.
    pub(crate) fn record(&mut self, entry: Entry) {
        let count = self
            .counts
            .entry(format!("{}:{}", entry.service, entry.operation))
            .or_default();
        count.calls += 1;
        if let Some(code) = &entry.error {
            *count.errors.entry(code.clone()).or_default() += 1;
        }
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }
}
