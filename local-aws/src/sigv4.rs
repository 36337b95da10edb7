//! Signature Version 4: who signed a request, and whether the signature is right.
//!
//! Follows "Signature Version 4 signing process" of the AWS General Reference.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use http::header::{AUTHORIZATION, HeaderMap};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Ids;
use crate::config::KnownKey;

/// Account of access keys that do not say theirs.
pub const DEFAULT_ACCOUNT: &str = "000000000000";

/// Who signed a request, and for where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// Access key id.
    pub access_key: String,
    /// Account the key belongs to.
    pub account: String,
    /// Region in the credential scope.
    pub region: String,
    /// Service in the credential scope, e.g. `execute-api`.
    pub service: String,
}

impl Caller {
    /// ARN of the IAM user behind the key, or of the role's session: its name is the access key.
    #[must_use]
    pub fn arn(&self) -> String {
        if self.access_key.starts_with(TEMPORARY) {
            return format!(
                "arn:aws:sts::{}:assumed-role/role/{}",
                self.account, self.access_key
            );
        }
        format!("arn:aws:iam::{}:user/{}", self.account, self.access_key)
    }
}

/// Why a request has no verified caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `Authorization` header in the form of Signature Version 4.
    #[error("the request has no Signature Version 4 authorization")]
    Missing,
    /// The access key is not one whose secret is known.
    #[error("the access key is not known")]
    UnknownKey,
    /// The signature is not the one the secret gives.
    #[error("the signature does not match")]
    Mismatch,
}

/// Begins the access keys of temporary credentials.
const TEMPORARY: &str = "ASIA";

/// The account of an access key: a key of twelve digits is its account's id, as with other emulators, and a temporary one has it behind its prefix.
#[must_use]
pub fn account_of(access_key: &str) -> String {
    let named = match access_key.strip_prefix(TEMPORARY) {
        Some(rest) => rest.get(..12).unwrap_or_default(),
        None => access_key,
    };
    let is_account = named.len() == 12 && named.bytes().all(|b| b.is_ascii_digit());
    if is_account { named } else { DEFAULT_ACCOUNT }.to_owned()
}

/// An access key of temporary credentials for `account`.
pub(crate) fn temporary_access_key(account: &str, ids: &mut Ids) -> String {
    let rest = ids.alphanumeric(4).to_uppercase();
    format!("{TEMPORARY}{account}{rest}")
}

/// The caller a request names, unverified.
pub fn caller_of(headers: &HeaderMap, keys: &[KnownKey]) -> Result<Caller, SignatureError> {
    Authorization::parse(headers)
        .map(|authorization| authorization.caller(keys))
        .ok_or(SignatureError::Missing)
}

/// The caller of a request whose signature was verified with a known key's secret.
pub fn verify<B: AsRef<[u8]>>(
    request: &Request<B>,
    keys: &[KnownKey],
) -> Result<Caller, SignatureError> {
    let authorization = Authorization::parse(request.headers()).ok_or(SignatureError::Missing)?;
    let key = known(keys, authorization.access_key)?;
    // Clients differ in whether they encode the path once more (S3 does not, the others do): either form is right.
    let right = [true, false].iter().any(|encode| {
        authorization
            .signature_of(request, &key.secret, *encode)
            .as_deref()
            == Some(authorization.signature)
    });
    if right {
        Ok(authorization.caller(keys))
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// A presigned request whose signature was verified; whether its time is right is the reader's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    /// Who signed it.
    pub caller: Caller,
    /// Host it was signed for.
    pub host: String,
    /// Its query without the signature.
    pub query: String,
    /// When it was signed.
    pub at: Timestamp,
    /// How long it was meant to be good.
    pub expires: SignedDuration,
}

/// Verifies `host/?query`, a presigned `GET` without a scheme, as `ElastiCache` takes it for a password.
pub fn verify_presigned(text: &str, keys: &[KnownKey]) -> Result<Presigned, SignatureError> {
    let (place, query) = text.split_once('?').ok_or(SignatureError::Missing)?;
    let host = place.strip_suffix('/').unwrap_or(place);
    let signed: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.starts_with("X-Amz-Signature="))
        .collect();
    let query = signed.join("&");
    let fields: BTreeMap<String, String> =
        form_urlencoded::parse(text.as_bytes().get(place.len() + 1..).unwrap_or_default())
            .into_owned()
            .collect();
    let field = |name: &str| {
        fields
            .get(name)
            .map(String::as_str)
            .ok_or(SignatureError::Missing)
    };
    let authorization = Authorization::of_fields(&field).ok_or(SignatureError::Missing)?;
    let request = Request::get(format!("http://{host}/?{query}"))
        .header("host", host)
        .header("x-amz-date", field("X-Amz-Date")?)
        .body(Vec::new())
        .map_err(|_| SignatureError::Missing)?;
    let key = known(keys, authorization.access_key)?;
    if authorization
        .signature_of(&request, &key.secret, true)
        .as_deref()
        != Some(authorization.signature)
    {
        return Err(SignatureError::Mismatch);
    }
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", field("X-Amz-Date")?)
        .and_then(|time| Offset::UTC.to_timestamp(time))
        .map_err(|_| SignatureError::Missing)?;
    let expires = field("X-Amz-Expires")?
        .parse()
        .map_err(|_| SignatureError::Missing)?;
    Ok(Presigned {
        caller: authorization.caller(keys),
        host: host.to_owned(),
        query,
        at,
        expires: SignedDuration::from_secs(expires),
    })
}

fn known<'a>(keys: &'a [KnownKey], access_key: &str) -> Result<&'a KnownKey, SignatureError> {
    let key = keys.iter().find(|key| key.access_key == access_key);
    key.ok_or(SignatureError::UnknownKey)
}

struct Authorization<'a> {
    access_key: &'a str,
    scope: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(headers: &'a HeaderMap) -> Option<Self> {
        let text = headers
            .get(AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            text.split(',').find_map(|part| {
                part.trim()
                    .strip_prefix(name)?
                    .strip_prefix('=')
                    .map(str::trim)
            })
        };
        Self::of(
            field("Credential")?,
            field("SignedHeaders")?,
            field("Signature")?,
        )
    }

    /// The same from the fields of a query.
    fn of_fields(field: &impl Fn(&str) -> Result<&'a str, SignatureError>) -> Option<Self> {
        let algorithm = field("X-Amz-Algorithm").ok()?;
        let field = |name| field(name).ok();
        let found = Self::of(
            field("X-Amz-Credential")?,
            field("X-Amz-SignedHeaders")?,
            field("X-Amz-Signature")?,
        )?;
        (algorithm == "AWS4-HMAC-SHA256").then_some(found)
    }

    fn of(credential: &'a str, signed_headers: &'a str, signature: &'a str) -> Option<Self> {
        let (access_key, scope) = credential.split_once('/')?;
        let mut parts = scope.split('/');
        let (date, region, service) = (parts.next()?, parts.next()?, parts.next()?);
        (parts.next() == Some("aws4_request")).then_some(Self {
            access_key,
            scope,
            date,
            region,
            service,
            signed_headers,
            signature,
        })
    }

    fn caller(&self, keys: &[KnownKey]) -> Caller {
        let known = keys.iter().find(|key| key.access_key == self.access_key);
        Caller {
            access_key: self.access_key.to_owned(),
            account: known.map_or_else(|| account_of(self.access_key), |key| key.account.clone()),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
        }
    }

    fn signature_of<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        secret: &str,
        encode_path: bool,
    ) -> Option<String> {
        let time = request.headers().get("x-amz-date")?.to_str().ok()?;
        let canonical = self.canonical_request(request, encode_path)?;
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{time}\n{}\n{}",
            self.scope,
            hex(&Sha256::digest(canonical))
        );
        let mut key = hmac(format!("AWS4{secret}").as_bytes(), self.date)?;
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac(&key, part)?;
        }
        Some(hex(&hmac(&key, &to_sign)?))
    }

    fn canonical_request<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        encode_path: bool,
    ) -> Option<String> {
        let path = request.uri().path();
        let path = if encode_path {
            encode(path, PATH)
        } else {
            path.to_owned()
        };
        let headers: Option<String> = self
            .signed_headers
            .split(';')
            .map(|name| header_value(request, name).map(|value| format!("{name}:{value}\n")))
            .collect();
        let payload = match request
            .headers()
            .get("x-amz-content-sha256")
            .and_then(|v| v.to_str().ok())
        {
            Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD".to_owned(),
            _ => hex(&Sha256::digest(request.body().as_ref())),
        };
        Some(format!(
            "{}\n{path}\n{}\n{}\n{}\n{payload}",
            request.method(),
            canonical_query(request.uri().query().unwrap_or("")),
            headers?,
            self.signed_headers
        ))
    }
}

/// RFC 3986 unreserved characters stay.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

fn encode(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let again = |part: &str| encode(&percent_decode_str(part).decode_utf8_lossy(), QUERY);
            format!("{}={}", again(name), again(value))
        })
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn header_value<B>(request: &Request<B>, name: &str) -> Option<String> {
    let values: Vec<String> = request
        .headers()
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    if values.is_empty() && name == "host" {
        return request.uri().authority().map(ToString::to_string);
    }
    (!values.is_empty()).then(|| values.join(","))
}

fn hmac(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
