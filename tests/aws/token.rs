//! What a client logs in with as an IAM user, signed by AWS's own code.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use cachedapi_hack::local_aws::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use http::Request;
use jiff::Timestamp;

/// A token for `user` of `cache`, signed at `now` and good for 15 minutes: a request that is never sent, without its scheme.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
pub fn token(cache: &str, user: &str, region: &str, now: Timestamp) -> String {
    let url = format!("http://{cache}/?Action=connect&User={user}");
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_mins(15));
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("elasticache")
        .time(UNIX_EPOCH + Duration::from_secs(now.as_second().unsigned_abs()))
        .settings(settings)
        .build()
        .expect("all that it takes");
    let nothing = std::iter::empty();
    let request =
        SignableRequest::new("GET", &url, nothing, SignableBody::Bytes(&[])).expect("a request");
    let (signed, _) = sign(request, &parameters.into())
        .expect("it is signed")
        .into_parts();
    let mut request = Request::get(&url).body(()).expect("a request");
    signed.apply_to_request_http1x(&mut request);
    let signed = request.uri().to_string();
    signed
        .strip_prefix("http://")
        .expect("the scheme")
        .to_owned()
}
