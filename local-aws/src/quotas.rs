//! Request quotas: token buckets per account and Region.
//!
//! API Gateway: "Amazon API Gateway quotas", fixed for everyone. Secrets Manager: "AWS Secrets Manager quotas". Lambda:
//! "Lambda quotas" (control plane). ElastiCache and STS publish none, so there is none.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{AwsError, Call};

/// A bucket that the calls of some operations share: `burst` at once, and `per_second` more as time goes by.
#[derive(Debug, Clone, Copy)]
struct Quota {
    /// The first one also names the bucket.
    operations: &'static [&'static str],
    per_second: f64,
    burst: f64,
}

/// So many calls in so many seconds.
const fn quota(operations: &'static [&'static str], calls: f64, seconds: f64) -> Quota {
    Quota {
        operations,
        per_second: calls / seconds,
        burst: calls,
    }
}

/// All operations together.
const API_GATEWAY_ALL: Quota = Quota {
    operations: &["*"],
    per_second: 10.0,
    burst: 40.0,
};
/// Creating a REST API has a quota by endpoint type.
const CREATE_EDGE_API: Quota = quota(&["CreateRestApi edge"], 1.0, 30.0);
const CREATE_OTHER_API: Quota = quota(&["CreateRestApi"], 1.0, 3.0);
/// All operations without a quota of their own.
const LAMBDA_OTHER: Quota = quota(&["*"], 15.0, 1.0);

const API_GATEWAY: &[Quota] = &[
    quota(&["PutRestApi"], 1.0, 1.0),
    quota(&["DeleteRestApi"], 1.0, 30.0),
    quota(&["CreateDeployment"], 1.0, 5.0),
    quota(&["GetResources"], 5.0, 2.0),
    quota(&["CreateResource"], 5.0, 1.0),
    quota(&["DeleteResource"], 5.0, 1.0),
    quota(&["CreateApiKey"], 5.0, 1.0),
    quota(&["DeleteApiKey"], 5.0, 1.0),
    quota(&["UpdateUsagePlan"], 1.0, 20.0),
    quota(&["UpdateAccount"], 1.0, 20.0),
];

const SECRETS_MANAGER: &[Quota] = &[
    quota(&["GetSecretValue"], 10_000.0, 1.0),
    quota(&["DescribeSecret"], 40_000.0, 1.0),
    quota(&["ListSecrets"], 100.0, 1.0),
    quota(&["ListSecretVersionIds"], 100.0, 1.0),
    quota(&["GetRandomPassword"], 50.0, 1.0),
    quota(&["CreateSecret"], 50.0, 1.0),
    quota(&["DeleteSecret"], 50.0, 1.0),
    quota(&["RestoreSecret"], 50.0, 1.0),
    quota(
        &["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"],
        50.0,
        1.0,
    ),
    quota(&["RotateSecret", "CancelRotateSecret"], 50.0, 1.0),
    quota(&["TagResource", "UntagResource"], 50.0, 1.0),
];

const LAMBDA: &[Quota] = &[
    quota(&["GetFunction"], 100.0, 1.0),
    quota(&["GetPolicy"], 15.0, 1.0),
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
        bucket.at = bucket.at.max(call.now);
        // A token is whole when only the rounding of the sum is missing.
        ((1.0 - 1e-9 - bucket.left) / quota.per_second).max(0.0)
    }

    fn bucket(&mut self, call: &Call, quota: Quota) -> &mut Bucket {
        let key = (
            call.account().to_owned(),
            call.region().to_owned(),
            call.service,
            quota.operations[0],
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
    let own = |table: &[Quota]| {
        table
            .iter()
            .find(|quota| quota.operations.contains(&call.operation.as_str()))
            .copied()
    };
    let quotas = match call.service {
        "apigateway" => [
            Some(API_GATEWAY_ALL),
            own(API_GATEWAY).or_else(|| create_rest_api(call)),
        ],
        "secretsmanager" => [own(SECRETS_MANAGER), None],
        "lambda" => [own(LAMBDA).or(Some(LAMBDA_OTHER)), None],
        _ => [None, None],
    };
    quotas.into_iter().flatten()
}

/// The endpoint type is edge unless the request says otherwise.
fn create_rest_api(call: &Call) -> Option<Quota> {
    let in_body = call
        .params
        .body
        .pointer("/endpointConfiguration/types/0")
        .and_then(|kind| kind.as_str());
    let kind = in_body
        .or_else(|| call.params.query("endpointConfigurationTypes"))
        .unwrap_or("EDGE");
    match call.operation.as_str() {
        "CreateRestApi" | "ImportRestApi" if kind == "EDGE" => Some(CREATE_EDGE_API),
        "CreateRestApi" | "ImportRestApi" => Some(CREATE_OTHER_API),
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

#[cfg(test)]
mod tests;
