//! Request quotas: token buckets per account and Region.
//!
//! API Gateway: "Amazon API Gateway quotas", fixed for everyone. Secrets Manager: "AWS Secrets Manager quotas". Lambda:
//! "Lambda quotas" (control plane). ElastiCache and STS publish none, so there is none.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{AwsError, Call};

/// A bucket: `burst` calls at once, refilled by `burst` every `seconds / burst * burst` seconds.
#[derive(Debug, Clone, Copy)]
struct Quota {
    group: &'static str,
    per_second: f64,
    burst: f64,
}

const fn quota(group: &'static str, calls: f64, seconds: f64, burst: f64) -> Quota {
    Quota {
        group,
        per_second: calls / seconds,
        burst,
    }
}

const API_GATEWAY_ALL: Quota = quota("apigateway", 10.0, 1.0, 40.0);
const LAMBDA_OTHER: Quota = quota("lambda", 15.0, 1.0, 15.0);

/// Operation -> its own quota.
const API_GATEWAY: &[(&[&str], Quota)] = &[
    (&["PutRestApi"], quota("PutRestApi", 1.0, 1.0, 1.0)),
    (&["DeleteRestApi"], quota("DeleteRestApi", 1.0, 30.0, 1.0)),
    (
        &["CreateDeployment"],
        quota("CreateDeployment", 1.0, 5.0, 1.0),
    ),
    (&["GetResources"], quota("GetResources", 5.0, 2.0, 5.0)),
    (&["CreateResource"], quota("CreateResource", 5.0, 1.0, 5.0)),
    (&["DeleteResource"], quota("DeleteResource", 5.0, 1.0, 5.0)),
    (&["CreateApiKey"], quota("CreateApiKey", 5.0, 1.0, 5.0)),
    (&["DeleteApiKey"], quota("DeleteApiKey", 5.0, 1.0, 5.0)),
    (
        &["UpdateUsagePlan"],
        quota("UpdateUsagePlan", 1.0, 20.0, 1.0),
    ),
    (&["UpdateAccount"], quota("UpdateAccount", 1.0, 20.0, 1.0)),
];

const SECRETS_MANAGER: &[(&[&str], Quota)] = &[
    (
        &["GetSecretValue"],
        quota("GetSecretValue", 10_000.0, 1.0, 10_000.0),
    ),
    (
        &["DescribeSecret"],
        quota("DescribeSecret", 40_000.0, 1.0, 40_000.0),
    ),
    (&["ListSecrets"], quota("ListSecrets", 100.0, 1.0, 100.0)),
    (
        &["ListSecretVersionIds"],
        quota("ListSecretVersionIds", 100.0, 1.0, 100.0),
    ),
    (
        &["GetRandomPassword"],
        quota("GetRandomPassword", 50.0, 1.0, 50.0),
    ),
    (&["CreateSecret"], quota("CreateSecret", 50.0, 1.0, 50.0)),
    (&["DeleteSecret"], quota("DeleteSecret", 50.0, 1.0, 50.0)),
    (&["RestoreSecret"], quota("RestoreSecret", 50.0, 1.0, 50.0)),
    (
        &["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"],
        quota("update", 50.0, 1.0, 50.0),
    ),
    (
        &["TagResource", "UntagResource"],
        quota("tag", 50.0, 1.0, 50.0),
    ),
];

const LAMBDA: &[(&[&str], Quota)] = &[
    (&["GetFunction"], quota("GetFunction", 100.0, 1.0, 100.0)),
    (&["GetPolicy"], quota("GetPolicy", 15.0, 1.0, 15.0)),
];

/// What is left in the buckets.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<(String, String, &'static str, &'static str), Bucket>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

impl Quotas {
    /// Takes a token for the call from every bucket that applies, or from none and says which error the service gives.
    pub(crate) fn take(&mut self, call: &Call) -> Result<(), AwsError> {
        let applying: Vec<Quota> = applying(call).collect();
        let wait = applying
            .iter()
            .map(|quota| self.wait(call, *quota))
            .fold(0.0, f64::max);
        if wait > 0.0 {
            return Err(throttled(call.service, Some(whole_seconds(wait))));
        }
        for quota in applying {
            self.bucket(call, quota).left -= 1.0;
        }
        Ok(())
    }

    /// Seconds until the bucket has a token.
    fn wait(&mut self, call: &Call, quota: Quota) -> f64 {
        let bucket = self.bucket(call, quota);
        let passed = call.now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.left = (bucket.left + passed * quota.per_second).min(quota.burst);
        bucket.at = call.now;
        // A token is whole when only the rounding of the sum is missing.
        ((1.0 - 1e-9 - bucket.left) / quota.per_second).max(0.0)
    }

    fn bucket(&mut self, call: &Call, quota: Quota) -> &mut Bucket {
        let key = (
            call.account().to_owned(),
            call.region().to_owned(),
            call.service,
            quota.group,
        );
        self.0.entry(key).or_insert(Bucket {
            left: quota.burst,
            at: call.now,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a wait is a small positive number"
)]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().max(1.0) as u64
}

fn applying(call: &Call) -> impl Iterator<Item = Quota> {
    let (all, table) = match call.service {
        "apigateway" => (Some(API_GATEWAY_ALL), API_GATEWAY),
        "secretsmanager" => (None, SECRETS_MANAGER),
        "lambda" => ((!is_listed(LAMBDA, call)).then_some(LAMBDA_OTHER), LAMBDA),
        _ => (None, [].as_slice()),
    };
    let own = table
        .iter()
        .find(|(operations, _)| operations.contains(&call.operation.as_str()))
        .map(|(_, quota)| *quota);
    all.into_iter().chain(own).chain(create_rest_api(call))
}

fn is_listed(table: &[(&[&str], Quota)], call: &Call) -> bool {
    table
        .iter()
        .any(|(operations, _)| operations.contains(&call.operation.as_str()))
}

/// Creating a REST API has a quota by endpoint type; edge is the default.
fn create_rest_api(call: &Call) -> Option<Quota> {
    let endpoint = call
        .params
        .body
        .pointer("/endpointConfiguration/types/0")
        .and_then(|v| v.as_str());
    let endpoint = endpoint
        .or_else(|| call.params.query("endpointConfigurationTypes"))
        .unwrap_or("EDGE");
    match call.operation.as_str() {
        "CreateRestApi" | "ImportRestApi" if endpoint == "EDGE" => {
            Some(quota("CreateRestApi edge", 1.0, 30.0, 1.0))
        }
        "CreateRestApi" | "ImportRestApi" => Some(quota("CreateRestApi", 1.0, 3.0, 1.0)),
        _ => None,
    }
}

/// How a service says "too many requests".
pub(crate) fn throttled(service: &str, retry_after: Option<u64>) -> AwsError {
    match service {
        "apigateway" | "lambda" => AwsError {
            retry_after,
            ..AwsError::new(429, "TooManyRequestsException", "Too Many Requests")
        },
        "secretsmanager" => AwsError::bad_request("ThrottlingException", "Rate exceeded"),
        _ => AwsError::bad_request("Throttling", "Rate exceeded"),
    }
}
