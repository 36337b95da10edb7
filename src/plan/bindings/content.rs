use std::collections::BTreeMap;
use std::fmt::Write;

use crate::api::Reason;
use crate::model::{Desired, DesiredApiKey};
use crate::plan::{
    AspectPlan, BoundSecret, Context, Endpoint, Observed, Read, SecretValue, Seen, Sensitive,
};

use super::RETRY;

/// What a Secret should hold.
pub(super) enum Content {
    /// This, from that version of the AWS secret.
    Known {
        data: BTreeMap<String, Sensitive>,
        version: Option<String>,
    },
    /// What it holds, if it comes from that version: the value was not read in this round.
    Assumed {
        version: Option<String>,
        /// What to do if it does not.
        otherwise: AspectPlan,
    },
}

impl Content {
    /// Whether `secret` holds it.
    pub fn is_in(&self, secret: &BoundSecret) -> bool {
        match self {
            Self::Known { data, version } => {
                secret.version == *version
                    && data
                        .iter()
                        .all(|(key, value)| secret.data.get(key) == Some(value))
            }
            Self::Assumed { version, .. } => secret.version == *version && !secret.data.is_empty(),
        }
    }
}

/// Endpoint and credential in the shape of the Service Binding specification, out of the current value of the object's secret; or what to do to
/// get to know it.
/// <https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries>
pub(super) fn credential(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> Result<Content, AspectPlan> {
    let name = &desired.secret.name;
    let wait = |what: &str| {
        Err(AspectPlan::wait(
            Reason::WaitingForDependency,
            format!("the secret {name} {what}"),
            context.pace(RETRY),
        ))
    };
    let secret = match &observed.secret.secret {
        Seen::Unread => return Err(AspectPlan::read(Read::Secret { name: name.clone() })),
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(secret)
            if desired.identity.owns(&secret.tags) && secret.deleted.is_none() =>
        {
            secret
        }
        Seen::Absent | Seen::Present(_) => return wait("is not there yet"),
    };
    let Some(version) = secret.current() else {
        return wait("has no current version");
    };
    match observed.secret.value(version) {
        Seen::Unread => Err(AspectPlan::read(Read::SecretValue {
            arn: secret.arn.clone(),
            version: version.to_owned(),
        })),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(SecretValue { endpoint: None, .. }) | Seen::Absent => {
            wait("does not name the cache's endpoint yet")
        }
        Seen::Present(value) if value.username.is_empty() || value.password.reveal().is_empty() => {
            wait("names no user or no password")
        }
        Seen::Present(
            value @ SecretValue {
                endpoint: Some(endpoint),
                ..
            },
        ) => {
            let data = entries(desired, value, endpoint)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect();
            Ok(Content::Known {
                data,
                version: Some(value.version_id.clone()),
            })
        }
    }
}

fn entries(
    desired: &Desired,
    value: &SecretValue,
    endpoint: &Endpoint,
) -> [(&'static str, Sensitive); 9] {
    let (username, password) = (&value.username, value.password.reveal());
    let uri = Sensitive::new(format!(
        "rediss://{}:{}@{endpoint}",
        escape(username).reveal(),
        escape(password).reveal()
    ));
    [
        ("type", Sensitive::new(desired.secret.engine.as_str())),
        ("provider", Sensitive::new("cachedapi")),
        ("host", Sensitive::new(&*endpoint.host)),
        ("port", Sensitive::new(endpoint.port.to_string())),
        ("username", Sensitive::new(&**username)),
        ("password", value.password.clone()),
        ("uri", uri),
        ("tls", Sensitive::new("true")),
        ("keyPrefix", Sensitive::new(&*desired.secret.key_prefix)),
    ]
}

/// Percent-encodes what RFC 3986 does not allow in `userinfo`, and what it allows but readers of URIs stumble over.
fn escape(text: &str) -> Sensitive {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    Sensitive::new(escaped)
}

/// The value of an API key. The gateway reads keys when it gets to them; until then a Secret that holds something is taken to hold the right thing.
pub(super) fn api_key(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    key: &DesiredApiKey,
) -> Result<Content, AspectPlan> {
    let wait = || {
        let message = format!("the API key {} is not there yet", key.name);
        AspectPlan::wait(Reason::WaitingForDependency, message, context.pace(RETRY))
    };
    match &observed.gateway.api_keys {
        Seen::Unread => Ok(Content::Assumed {
            version: None,
            otherwise: wait(),
        }),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => Err(wait()),
        Seen::Present(keys) => {
            let own = keys
                .get(&key.name)
                .filter(|found| desired.identity.owns(&found.tags))
                .ok_or_else(wait)?;
            Ok(Content::Known {
                data: [("apiKey".to_owned(), own.value.clone())].into(),
                version: None,
            })
        }
    }
}
