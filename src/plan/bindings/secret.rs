use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::api::Reason;
use crate::model::{Desired, DesiredApiKey};
use crate::plan::gateway::own_keys;
use crate::plan::{
    AWSPREVIOUS, Action, AspectPlan, BoundSecret, ClusterAction, Context, Endpoint, Observed, Read,
    SecretValue, Seen, Sensitive, current_user,
};

use super::{Bound, RETRY};

/// Key of the password before the current one.
const PREVIOUS_PASSWORD: &str = "previousPassword";
/// Keys of ours that are there for some ways in only.
const OPTIONAL: [&str; 7] = [
    "password",
    "uri",
    PREVIOUS_PASSWORD,
    "authMode",
    "iamUsername",
    "cacheName",
    "region",
];

/// Decides on the Kubernetes Secrets of the bindings.
pub(super) fn plan_secrets(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let mut plan = AspectPlan::default();
    for secret in &desired.bindings.secrets {
        plan.extend(plan_secret(observed, &secret.name, || {
            credential_content(desired, observed, context, secret.previous_password)
        }));
    }
    plan
}

/// Decides on the Secrets with API keys, and on those that left the spec.
pub(super) fn plan_other_secrets(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    let mut plan = AspectPlan::default();
    for key in desired.gateway.api_keys.values() {
        plan.extend(plan_secret(observed, &key.secret, || {
            api_key(desired, observed, context, key)
        }));
    }
    plan.extend(plan_removed(desired, observed));
    plan
}

/// Decides on one Secret. The content is looked at even where the Secret is unread, so that both are read at once.
fn plan_secret(
    observed: &Observed,
    name: &str,
    content: impl FnOnce() -> Result<Content, AspectPlan>,
) -> AspectPlan {
    let content = content();
    match (bound(observed, name), content) {
        (Seen::Unread, content) => {
            let mut plan = AspectPlan::read(Read::BoundSecret {
                name: name.to_owned(),
            });
            plan.reads
                .extend(content.err().into_iter().flat_map(|plan| plan.reads));
            plan
        }
        (Seen::Unknown(failure), _) => AspectPlan::unknown(failure, RETRY),
        (Seen::Present(secret), _) if !secret.owned => {
            AspectPlan::block(Reason::NameTaken, name_taken(name))
        }
        (_, Err(plan)) => plan,
        (Seen::Present(secret), Ok(content)) if content.is_in(secret) => AspectPlan::default(),
        (_, Ok(Content::Assumed { otherwise, .. })) => otherwise,
        (seen, Ok(Content::Known { data, version })) => {
            let follows = seen
                .present()
                .is_some_and(|secret| secret.version.is_some() && secret.version != version);
            let plan = AspectPlan::act(Action::Cluster(ClusterAction::ApplySecret {
                name: name.to_owned(),
                data,
                version,
            }));
            // Until then it holds the version before, which works as well.
            if follows {
                plan.quietly(format!("the Secret {name} follows the AWS secret"))
            } else {
                plan
            }
        }
    }
}

fn name_taken(name: &str) -> String {
    format!(
        "the Secret {name} is not owned by this object, so it is left alone; choose another name in the spec or delete that Secret"
    )
}

/// Secrets of bindings and keys that left the spec.
fn plan_removed(desired: &Desired, observed: &Observed) -> AspectPlan {
    let keys = desired.gateway.api_keys.values().map(|key| &key.secret);
    let bound = desired.bindings.secrets.iter().map(|secret| &secret.name);
    let wanted: BTreeSet<&String> = bound.chain(keys).collect();
    let mut plan = AspectPlan::default();
    for name in observed
        .previously_bound
        .iter()
        .filter(|name| !wanted.contains(name))
    {
        plan.extend(match self::bound(observed, name) {
            Seen::Unread => AspectPlan::read(Read::BoundSecret { name: name.clone() }),
            Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
            Seen::Present(BoundSecret {
                owned: true,
                resource_version,
                ..
            }) => {
                let (name, resource_version) = (name.clone(), resource_version.clone());
                AspectPlan::act(Action::Cluster(ClusterAction::DeleteSecret {
                    name,
                    resource_version,
                }))
            }
            Seen::Absent | Seen::Present(_) => AspectPlan::default(),
        });
    }
    plan
}

pub(super) fn bound<'a>(observed: &'a Observed, name: &str) -> &'a Seen<BoundSecret> {
    static UNREAD: Seen<BoundSecret> = Seen::Unread;
    observed.bound.get(name).unwrap_or(&UNREAD)
}

/// What a Secret should hold.
enum Content {
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
    fn is_in(&self, secret: &BoundSecret) -> bool {
        match self {
            Self::Known { data, version } => {
                secret.version == *version
                    && OPTIONAL
                        .iter()
                        .all(|key| data.contains_key(*key) == secret.data.contains_key(*key))
                    && data
                        .iter()
                        .all(|(key, value)| secret.data.get(key) == Some(value))
            }
            Self::Assumed { version, .. } => secret.version == *version && !secret.data.is_empty(),
        }
    }
}

/// Endpoint and credential in the shape of the Service Binding specification; or what to do to get to know them.
/// <https://servicebinding.io/spec/core/1.1.0/#well-known-secret-entries>
fn credential_content(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    with_previous: bool,
) -> Result<Content, AspectPlan> {
    let bound = super::bound(desired, observed, context)?;
    let previous = match bound.password {
        Some(value) if with_previous => previous_password(desired, observed, value)?,
        _ => None,
    };
    let data = entries(desired, &bound)
        .into_iter()
        .chain(previous.map(|password| (PREVIOUS_PASSWORD, password)))
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    Ok(Content::Known {
        data,
        version: Some(bound.version),
    })
}

/// The password before the current one, while the cache accepts it.
fn previous_password(
    desired: &Desired,
    observed: &Observed,
    current: &SecretValue,
) -> Result<Option<Sensitive>, AspectPlan> {
    if !desired.mode.has_token() && observed.passwords().is_none() {
        let id = current_user(desired, observed).id;
        match observed.cache.user(&id) {
            Seen::Unread => return Err(AspectPlan::read(Read::User { id })),
            Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
            Seen::Absent | Seen::Present(_) => return Ok(None),
        }
    }
    let secret = observed.secret.secret.present();
    let Some((secret, version)) = secret
        .and_then(|secret| Some((secret, secret.labelled(AWSPREVIOUS)?)))
        .filter(|_| observed.accepts_previous(desired.mode))
    else {
        return Ok(None);
    };
    match observed.secret.value(version) {
        Seen::Unread => Err(AspectPlan::read(Read::SecretValue {
            arn: secret.arn.clone(),
            version: version.to_owned(),
        })),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(before)
            if before.username == current.username
                && before.password != current.password
                && !before.password.reveal().is_empty() =>
        {
            Ok(Some(before.password.clone()))
        }
        Seen::Absent | Seen::Present(_) => Ok(None),
    }
}

fn entries(desired: &Desired, bound: &Bound) -> Vec<(&'static str, Sensitive)> {
    let iam_user = &desired.cache.iam_user.name;
    let mut entries = vec![
        ("type", Sensitive::new(desired.secret.engine.as_str())),
        ("provider", Sensitive::new("cachedapi")),
        ("host", Sensitive::new(&*bound.endpoint.host)),
        ("port", Sensitive::new(bound.endpoint.port.to_string())),
        ("tls", Sensitive::new("true")),
        ("keyPrefix", Sensitive::new(&*desired.secret.key_prefix)),
    ];
    match bound.password {
        Some(value) => {
            entries.extend(secret_entries(desired, value, bound.endpoint));
            let iam_user = bound.iam.then(|| Sensitive::new(&**iam_user));
            entries.extend(iam_user.map(|name| ("iamUsername", name)));
        }
        None => entries.extend([
            ("username", Sensitive::new(&**iam_user)),
            ("authMode", Sensitive::new("iam")),
        ]),
    }
    // What a token is signed for, besides the user.
    if bound.iam {
        entries.extend([
            ("cacheName", Sensitive::new(&*desired.cache.group_id)),
            ("region", Sensitive::new(&*desired.region)),
        ]);
    }
    entries
}

/// An AUTH token has no user name, and clients that are given one send it, which engines without users refuse.
fn secret_entries(
    desired: &Desired,
    value: &SecretValue,
    endpoint: &Endpoint,
) -> Vec<(&'static str, Sensitive)> {
    let username = (!desired.mode.has_token()).then_some(value.username.as_str());
    let uri = Sensitive::new(format!(
        "rediss://{}:{}@{endpoint}",
        escape(username.unwrap_or_default()).reveal(),
        escape(value.password.reveal()).reveal()
    ));
    let mut entries = vec![("password", value.password.clone()), ("uri", uri)];
    entries.extend(username.map(|username| ("username", Sensitive::new(username))));
    entries
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
fn api_key(
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
            let own = own_keys(&desired.identity, keys)
                .into_iter()
                .find(|found| found.name == key.name)
                .ok_or_else(wait)?;
            Ok(Content::Known {
                data: [("apiKey".to_owned(), own.value.clone())].into(),
                version: None,
            })
        }
    }
}
