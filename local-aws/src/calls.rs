//! The log of control calls.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use crate::Call;
use crate::target::{Need, Target};

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
    /// ARN of what it was about; empty where the parameters name nothing.
    pub(crate) resource: String,
    /// Tags in the request (`aws:RequestTag`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request_tags: BTreeMap<String, String>,
    /// Tags the resource had when the call came (`aws:ResourceTag`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) resource_tags: BTreeMap<String, String>,
    /// The service's own condition keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) condition_keys: BTreeMap<&'static str, String>,
    /// What IAM asks for beside the action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) beside: Vec<Need>,
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
            request_tags: target.request_tags.clone(),
            resource_tags: target.resource_tags.clone(),
            condition_keys: target.condition_keys.clone(),
            beside: target.beside.clone(),
            account: call.account().to_owned(),
            region: call.region().to_owned(),
            access_key: call.caller.access_key.clone(),
            status,
            error,
            lost: false,
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
