use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::sigv4::Caller;
use crate::{Config, Params};

fn call(service: &'static str, operation: &str, after: SignedDuration) -> Call {
    Call {
        service,
        operation: operation.to_owned(),
        caller: Caller {
            access_key: "111122223333".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            service: service.to_owned(),
        },
        now: Timestamp::UNIX_EPOCH + after,
        request_id: String::new(),
        params: Params::default(),
        config: Config::default().into(),
        stale: false,
    }
}

/// How many calls pass one after the other, and what the one after them is told.
fn spend(quotas: &mut Quotas, call: &Call) -> (usize, AwsError) {
    for passed in 0..100_000 {
        if let Err(error) = quotas.take(call) {
            return (passed, error);
        }
    }
    panic!("{} has no quota", call.operation);
}

#[test]
fn every_operation_has_the_burst_and_the_wait_that_aws_documents() {
    let cases = [
        ("apigateway", "GetRestApis", 40, Some(1)),
        ("apigateway", "PutRestApi", 1, Some(1)),
        ("apigateway", "CreateDeployment", 1, Some(5)),
        ("apigateway", "DeleteRestApi", 1, Some(30)),
        ("apigateway", "UpdateUsagePlan", 1, Some(20)),
        ("apigateway", "GetResources", 5, Some(1)),
        ("apigateway", "CreateApiKey", 5, Some(1)),
        ("secretsmanager", "PutSecretValue", 50, None),
        ("secretsmanager", "ListSecrets", 100, None),
        ("lambda", "GetPolicy", 15, Some(1)),
        ("lambda", "AddPermission", 15, Some(1)),
        ("lambda", "GetFunction", 100, Some(1)),
    ];
    for (service, operation, burst, retry_after) in cases {
        let first = call(service, operation, SignedDuration::ZERO);
        let (passed, error) = spend(&mut Quotas::default(), &first);
        assert_eq!(passed, burst, "{operation}");
        assert_eq!(
            error,
            AwsError {
                retry_after,
                ..throttled(service, None)
            },
            "{operation}"
        );
    }
}

#[test]
fn an_edge_api_may_be_created_less_often_than_a_regional_one() {
    let create = |body: Value| {
        let mut call = call("apigateway", "CreateRestApi", SignedDuration::ZERO);
        call.params.body = body;
        spend(&mut Quotas::default(), &call).1.retry_after
    };
    assert_eq!(
        create(json!({ "name": "a" })),
        Some(30),
        "edge is the default"
    );
    assert_eq!(
        create(json!({ "endpointConfiguration": { "types": ["EDGE"] } })),
        Some(30)
    );
    assert_eq!(
        create(json!({ "endpointConfiguration": { "types": ["REGIONAL"] } })),
        Some(3)
    );
}

#[test]
fn one_call_passes_when_the_time_that_was_told_is_over() {
    let mut quotas = Quotas::default();
    let at = |seconds| {
        call(
            "apigateway",
            "CreateDeployment",
            SignedDuration::from_secs(seconds),
        )
    };
    assert_eq!(spend(&mut quotas, &at(0)).0, 1);
    assert!(quotas.take(&at(4)).is_err());
    assert_eq!(spend(&mut quotas, &at(5)).0, 1);
}

#[test]
fn all_operations_of_api_gateway_share_one_quota() {
    let mut quotas = Quotas::default();
    let now = |operation| call("apigateway", operation, SignedDuration::ZERO);
    spend(&mut quotas, &now("GetStage"));
    assert!(
        quotas.take(&now("PutRestApi")).is_err(),
        "its own quota is untouched, but there is none left in all"
    );
    let later = call("apigateway", "PutRestApi", SignedDuration::from_millis(100));
    assert!(
        quotas.take(&later).is_ok(),
        "a refused call has cost nothing"
    );
}

#[test]
fn operations_of_a_group_share_its_quota() {
    let mut quotas = Quotas::default();
    spend(
        &mut quotas,
        &call("secretsmanager", "PutSecretValue", SignedDuration::ZERO),
    );
    let other = |operation| call("secretsmanager", operation, SignedDuration::ZERO);
    assert!(quotas.take(&other("UpdateSecretVersionStage")).is_err());
    assert!(quotas.take(&other("GetSecretValue")).is_ok());
}
