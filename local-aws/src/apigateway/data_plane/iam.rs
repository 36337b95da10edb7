//! Methods with `AWS_IAM`: the caller is whoever signed the request (Signature Version 4).

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::Refusal;
use crate::apigateway::gateway_response::Kind;
use crate::config::KnownKey;
use crate::sigv4::{self, Caller, SignatureError};

/// How far a signature's time may be from the service's ("Troubleshooting Signature Version 4 errors").
const LATITUDE: SignedDuration = SignedDuration::from_mins(5);

/// Who may have signed what.
pub(super) struct Signatures<'a> {
    /// Keys whose secret is known.
    pub(super) keys: &'a [KnownKey],
    /// The API's account and Region.
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) now: Timestamp,
}

impl Signatures<'_> {
    /// The `identity` of a signed request, or why it is refused.
    pub(super) fn identity(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        let caller = sigv4::verify(request, self.keys).map_err(|error| refusal(error, request))?;
        self.check_scope(&caller)?;
        self.check_time(request)?;
        if caller.account != self.account {
            let text = format!(
                "User: {} is not authorized to access this resource",
                caller.arn()
            );
            return Err(Refusal::new(Kind::AccessDenied, text));
        }
        Ok(json!({
            "accessKey": caller.access_key,
            "accountId": caller.account,
            "caller": caller.access_key,
            "user": caller.access_key,
            "userArn": caller.arn(),
        }))
    }

    fn check_scope(&self, caller: &Caller) -> Result<(), Refusal> {
        if caller.service != "execute-api" {
            return Err(invalid(
                "Credential should be scoped to correct service: 'execute-api'. ",
            ));
        }
        if caller.region != self.region {
            return Err(invalid(&format!(
                "Credential should be scoped to a valid region, not '{}'. ",
                caller.region
            )));
        }
        Ok(())
    }

    fn check_time(&self, request: &Request<Bytes>) -> Result<(), Refusal> {
        let sent = request
            .headers()
            .get("x-amz-date")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", sent)
            .and_then(|time| Offset::UTC.to_timestamp(time));
        let signed = signed.map_err(|_| invalid("Date must be in ISO-8601 'basic format'"))?;
        let age = self.now.duration_since(signed);
        if age > LATITUDE {
            return Err(invalid(&format!(
                "Signature expired: {sent} is now earlier than {}",
                self.limit(-LATITUDE)
            )));
        }
        if age < -LATITUDE {
            return Err(invalid(&format!(
                "Signature not yet current: {sent} is still later than {}",
                self.limit(LATITUDE)
            )));
        }
        Ok(())
    }

    fn limit(&self, by: SignedDuration) -> String {
        let limit = self.now.saturating_add(by).unwrap_or(self.now);
        limit.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

fn invalid(text: &str) -> Refusal {
    Refusal::new(Kind::InvalidSignature, text)
}

fn refusal(error: SignatureError, request: &Request<Bytes>) -> Refusal {
    match error {
        SignatureError::Missing if request.headers().contains_key(AUTHORIZATION) => {
            let text = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
                        Authorization header requires 'SignedHeaders' parameter.";
            Refusal::new(Kind::MissingAuthenticationToken, text)
                .error_type("IncompleteSignatureException")
        }
        SignatureError::Missing => Refusal::new(
            Kind::MissingAuthenticationToken,
            "Missing Authentication Token",
        ),
        SignatureError::UnknownKey => {
            invalid("The security token included in the request is invalid.")
                .error_type("UnrecognizedClientException")
        }
        SignatureError::Mismatch => invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
             and signing method. Consult the service documentation for details.",
        ),
    }
}
