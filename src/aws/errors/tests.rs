use std::fmt;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;

use super::super::operations::{
    ADD_PERMISSION, CREATE_REPLICATION_GROUP, CREATE_REST_API, CREATE_SECRET,
    CREATE_USAGE_PLAN_KEY, DELETE_DEPLOYMENT, DELETE_REPLICATION_GROUP, GET_CALLER_IDENTITY,
    MODIFY_REPLICATION_GROUP, PUT_REST_API, PUT_SECRET_VALUE,
};
use super::*;
use crate::plan::Sensitive;
use Class::{Blocked, Busy, Transient};

#[derive(Debug)]
struct Modelled(ErrorMetadata);

impl fmt::Display for Modelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("service error")
    }
}

impl Error for Modelled {}

impl ProvideErrorMetadata for Modelled {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

fn refusal(
    operation: &'static Operation,
    status: u16,
    code: &str,
    message: &str,
    retry_after: Option<&'static str>,
) -> Refusal {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds);
    }
    let error = Modelled(ErrorMetadata::builder().code(code).message(message).build());
    classify(
        operation,
        "thing-1",
        &SdkError::service_error(error, response),
    )
}

/// Operation, status, code, message; class and reason; why.
type Case = (
    &'static Operation,
    u16,
    &'static str,
    &'static str,
    Class,
    Reason,
    &'static str,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (PUT_REST_API, 429, "TooManyRequestsException", "", Transient, Reason::AwsUnavailable, "a throttle"),
    (CREATE_REST_API, 429, "LimitExceededException", "", Blocked, Reason::QuotaExceeded, "a quota, although also 429"),
    (PUT_REST_API, 400, "BadRequestException", "There is already an update in progress", Busy, Reason::Modifying, "apiStatus UPDATING"),
    (PUT_REST_API, 400, "BadRequestException", "Invalid OpenAPI input.", Blocked, Reason::Rejected, "the document is refused"),
    (PUT_REST_API, 409, "ConflictException", "concurrent modification", Busy, Reason::Modifying, "another writer"),
    (CREATE_USAGE_PLAN_KEY, 409, "ConflictException", "Usage plan key already exists", Blocked, Reason::NameTaken, "there already"),
    (DELETE_DEPLOYMENT, 400, "BadRequestException", "Active stages pointing to this deployment must be moved or deleted", Busy, Reason::Modifying, "in use"),
    (PUT_REST_API, 404, "NotFoundException", "Invalid API identifier", Transient, Reason::AwsUnavailable, "the next read shows it"),
    (PUT_REST_API, 503, "ServiceUnavailableException", "", Transient, Reason::AwsUnavailable, "5xx"),
    (PUT_REST_API, 403, "AccessDeniedException", "", Blocked, Reason::AccessDenied, "a permission"),
    (CREATE_REPLICATION_GROUP, 400, "Throttling", "Rate exceeded", Transient, Reason::AwsUnavailable, "the generic code"),
    (CREATE_REPLICATION_GROUP, 400, "NodeQuotaForCustomerExceeded", "", Blocked, Reason::QuotaExceeded, "wire code"),
    (CREATE_REPLICATION_GROUP, 400, "NodeQuotaForCustomerExceededFault", "", Blocked, Reason::QuotaExceeded, "shape name"),
    (CREATE_REPLICATION_GROUP, 400, "InsufficientCacheClusterCapacity", "", Blocked, Reason::InsufficientCapacity, "capacity"),
    (CREATE_REPLICATION_GROUP, 404, "UserGroupNotFound", "", Blocked, Reason::ReferenceNotFound, "a reference"),
    (CREATE_REPLICATION_GROUP, 400, "InvalidParameterValue", "security group sg-1 does not exist", Blocked, Reason::ReferenceNotFound, "said in words only"),
    (CREATE_REPLICATION_GROUP, 400, "InvalidParameterValue", "bad node type", Blocked, Reason::Rejected, "a bad value"),
    (CREATE_REPLICATION_GROUP, 400, "InvalidVPCNetworkStateFault", "", Blocked, Reason::Rejected, "no state that passes"),
    (MODIFY_REPLICATION_GROUP, 400, "InvalidReplicationGroupState", "", Busy, Reason::Modifying, "a busy group"),
    (DELETE_REPLICATION_GROUP, 400, "SnapshotAlreadyExistsFault", "", Blocked, Reason::NameTaken, "the final snapshot's name"),
    (CREATE_SECRET, 400, "InvalidRequestException", "a secret with this name is already scheduled for deletion", Busy, Reason::Modifying, "name waits"),
    (CREATE_SECRET, 400, "LimitExceededException", "", Blocked, Reason::QuotaExceeded, "a quota"),
    (PUT_SECRET_VALUE, 400, "ThrottlingException", "", Transient, Reason::AwsUnavailable, "a throttle with status 400"),
    (ADD_PERMISSION, 404, "ResourceNotFoundException", "", Blocked, Reason::ReferenceNotFound, "the function is missing"),
    (ADD_PERMISSION, 409, "ResourceConflictException", "An update is in progress for resource", Busy, Reason::Modifying, "updating"),
    (ADD_PERMISSION, 400, "PolicyLengthExceededException", "", Blocked, Reason::QuotaExceeded, "20 KB"),
    (GET_CALLER_IDENTITY, 403, "InvalidClientTokenId", "", Blocked, Reason::CredentialsRefused, "credentials"),
    (GET_CALLER_IDENTITY, 403, "ExpiredToken", "", Transient, Reason::CredentialsRefused, "others may come"),
    (PUT_REST_API, 400, "RequestExpired", "", Transient, Reason::AwsUnavailable, "a clock that is off"),
    (GET_CALLER_IDENTITY, 418, "Teapot", "", Transient, Reason::AwsUnavailable, "in no table"),
];

#[test]
fn each_code_has_its_class_and_reason() {
    for (operation, status, code, message, class, reason, why) in CASES {
        let failure = refusal(operation, *status, code, message, None).failure;
        let at = format!("{} {code} {message}: {why}", operation.name);
        assert_eq!((failure.class, failure.reason), (*class, *reason), "{at}");
    }
}

#[test]
fn a_code_in_no_table_is_counted_as_such() {
    assert_eq!(
        refusal(GET_CALLER_IDENTITY, 418, "Teapot", "", None)
            .kind
            .label(),
        "unknown_code"
    );
    assert_eq!(
        refusal(GET_CALLER_IDENTITY, 502, "Teapot", "", None)
            .kind
            .label(),
        "unavailable"
    );
}

#[test]
fn the_missing_iam_action_is_named_as_aws_names_it_or_as_the_operation_needs_it() {
    let told = "User: arn:aws:iam::1:user/u is not authorized to perform: elasticache:AddTagsToResource on resource: arn:aws:elasticache:x";
    let failure = refusal(CREATE_REPLICATION_GROUP, 403, "AccessDenied", told, None).failure;
    assert!(
        failure
            .message
            .starts_with("thing-1: the operator needs elasticache:AddTagsToResource; add it"),
        "{failure}"
    );
    let failure = refusal(
        PUT_REST_API,
        403,
        "AccessDeniedException",
        "Access denied",
        None,
    )
    .failure;
    assert!(
        failure.message.contains("needs apigateway:PUT; "),
        "{failure}"
    );
}

#[test]
fn retry_after_is_passed_on() {
    let failure = refusal(PUT_REST_API, 429, "TooManyRequestsException", "", Some("7")).failure;
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(
        refusal(
            PUT_REST_API,
            429,
            "TooManyRequestsException",
            "",
            Some("soon")
        )
        .failure
        .retry_after,
        None
    );
}

#[test]
fn the_message_is_one_line_with_operation_id_code_and_what_aws_says() {
    let failure = refusal(
        PUT_REST_API,
        400,
        "BadRequestException",
        "Errors found:\n  Unable to put method 'GET'",
        None,
    )
    .failure;
    assert_eq!(
        failure.to_string(),
        "apigateway:PutRestApi: thing-1: BadRequestException (HTTP 400): Errors found: Unable to put method 'GET'"
    );
}

#[test]
fn no_answer_at_all_is_transient_and_says_why() {
    let error: SdkError<Modelled, HttpResponse> =
        SdkError::timeout_error("operation took longer than 60s");
    let refusal = classify(CREATE_SECRET, "orders", &error);
    assert_eq!(
        (refusal.failure.class, refusal.kind.label()),
        (Class::Transient, "unreachable")
    );
    assert_eq!(
        refusal.failure.message,
        "orders: request has timed out: operation took longer than 60s"
    );
}

#[test]
fn a_password_that_aws_quotes_is_struck_out() {
    let quoting = "Password hunter2hunter2hunter2 is too short";
    let refusal = refusal(
        CREATE_SECRET,
        400,
        "InvalidParameterException",
        quoting,
        None,
    );
    let failure = refusal
        .without(&Sensitive::new("hunter2hunter2hunter2"))
        .failure;
    assert!(
        failure.message.ends_with("Password *** is too short"),
        "{failure}"
    );
}

#[test]
fn who_has_no_credentials_to_sign_with_is_told_so() {
    let none = CredentialsError::provider_error("the token file is missing");
    let none = ConnectorError::other(Box::new(none), None);
    let error = SdkError::<Modelled, HttpResponse>::dispatch_failure(none);
    let failure = classify(PUT_REST_API, "thing-1", &error).failure;
    assert_eq!(
        (failure.class, failure.reason),
        (Transient, Reason::CredentialsRefused),
        "{failure}"
    );
}

#[test]
fn what_needs_somebody_else_names_the_request_that_aws_refused() {
    let of = |code, status: u16| {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        let error = Modelled(ErrorMetadata::builder().code(code).message("no").build());
        let error = SdkError::service_error(error, response);
        classify(CREATE_REPLICATION_GROUP, "thing-1", &error)
            .failure
            .message
    };
    let blocked = of("InsufficientCacheClusterCapacity", 400);
    assert_eq!(
        blocked,
        "thing-1: InsufficientCacheClusterCapacity (HTTP 400, request r-1): no"
    );
    assert!(of("AccessDenied", 403).contains("(AccessDenied, request r-1: no)"));
    let passing = of("InternalFailure", 500);
    assert!(
        !passing.contains("r-1"),
        "it would be another one each time: {passing}"
    );
}
