use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::api::Reason;
use crate::model::{Desired, DesiredFunction, Identity, Names};
use crate::plan::{
    Action, AspectPlan, Context, Endpoint, FunctionAction, FunctionUpdate, Observed, ObservedAlias,
    ObservedFunction, PublishedVersion, Read, Rotating, Seen, Sensitive, Variables,
};

use super::{RETRY, bound, marked, version_of};

/// The variables of ours. Nobody else may use the names: what else they hold is overwritten.
const NAMES: [&str; 7] = [
    "CACHE_HOST",
    "CACHE_PORT",
    "CACHE_KEY_PREFIX",
    SECRET_ARN,
    SECRET_VERSION,
    IAM_USERNAME,
    IAM_CACHE_NAME,
];
const SECRET_ARN: &str = "CACHE_SECRET_ARN";
const SECRET_VERSION: &str = "CACHE_SECRET_VERSION_ID";
const IAM_USERNAME: &str = "CACHE_IAM_USERNAME";
/// What a token is signed for, besides the user. The Region is the function's own.
const IAM_CACHE_NAME: &str = "CACHE_IAM_CACHE_NAME";
/// Bytes of all variables together, as JSON: Lambda's quota.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_BYTES: usize = 4096;
/// How often an update under way is looked at.
const UPDATE_PACE: Duration = Duration::from_secs(15);
/// How often something that another deployment has to do first is looked at.
const RELEASE_PACE: Duration = Duration::from_mins(1);

/// Decides on the functions: their environment names endpoint and secret, and the version of their alias does as well.
pub(super) fn plan_functions(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    let mut plan = AspectPlan::default();
    if observed.account.is_none() {
        return plan;
    }
    if !desired.bindings.functions.is_empty() {
        match variables(desired, observed, context) {
            Ok(ours) => {
                for function in &desired.bindings.functions {
                    plan.extend(plan_function(desired, observed, context, (function, &ours)));
                }
            }
            Err(otherwise) => plan.extend(otherwise),
        }
    }
    if observed.accepts_previous(desired.mode) {
        plan = plan.quietly(
            "functions are being given the current version of the secret; the one before works as well",
        );
    }
    let removed = observed.previously_bound_functions.iter().filter(|arn| {
        let functions = &desired.bindings.functions;
        functions.iter().all(|function| function.arn != **arn)
    });
    for arn in removed {
        plan.extend(plan_removal(desired.names(), observed, context, arn));
    }
    plan
}

/// What the environment is to say.
fn variables(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> Result<Variables, AspectPlan> {
    let bound = bound(desired, observed, context)?;
    let mut values = vec![
        ("CACHE_HOST", bound.endpoint.host.clone()),
        ("CACHE_PORT", bound.endpoint.port.to_string()),
        ("CACHE_KEY_PREFIX", desired.secret.key_prefix.clone()),
    ];
    if let Some(value) = bound.password {
        let secret = observed.secret.secret.present();
        let arn = secret.map_or("", |secret| &secret.arn);
        values.extend([
            (SECRET_ARN, arn.to_owned()),
            (SECRET_VERSION, value.version_id.clone()),
        ]);
    }
    if bound.iam {
        values.extend([
            (IAM_USERNAME, desired.cache.iam_user.name.clone()),
            (IAM_CACHE_NAME, desired.cache.group_id.clone()),
        ]);
    }
    let values = values.into_iter();
    let variables = values.map(|(name, value)| (name.to_owned(), Sensitive::new(value)));
    Ok(variables.collect())
}

fn function_of<'a>(observed: &'a Observed, arn: &str) -> &'a Seen<ObservedFunction> {
    observed.functions.get(arn).unwrap_or(&Seen::Unread)
}

fn plan_function(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    (function, ours): (&DesiredFunction, &Variables),
) -> AspectPlan {
    let arn = &function.arn;
    let seen = match function_of(observed, arn) {
        // During the grace of a rotation each look counts: the old password waits for it.
        Seen::Unread
            if context.depth.wants(Rotating::Functions)
                || observed.accepts_previous(desired.mode) =>
        {
            return AspectPlan::read(Read::Function { arn: arn.clone() });
        }
        Seen::Unread => return AspectPlan::default(),
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        Seen::Absent => return missing(&format!("the function {arn}")),
        Seen::Present(seen) => seen,
    };
    if let Some(other) = other_owner(desired.names(), &seen.variables) {
        return AspectPlan::block(
            Reason::NameTaken,
            format!(
                "the function {arn} has the variables of another CachedApi ({other} is {}), so it is left alone; a function can be bound by one \
                 object: take the other binding out, or the variable, if that object is gone",
                seen.variables[other].reveal()
            ),
        );
    }
    if seen.update == FunctionUpdate::InProgress {
        return in_progress(arn, context);
    }
    if !holds(&seen.variables, ours) {
        return set_variables(arn, seen, ours);
    }
    if let FunctionUpdate::Failed(why) = &seen.update {
        let message = format!("the last update of the function {arn} failed: {why}");
        return AspectPlan::block(Reason::Rejected, message);
    }
    function
        .alias
        .as_ref()
        .map_or_else(AspectPlan::default, |alias| {
            plan_alias(observed, context, (arn, alias), (seen, ours))
        })
}

fn missing(what: &str) -> AspectPlan {
    let message = format!("{what} of spec.bindings does not exist; create it or change the spec");
    AspectPlan::block(Reason::ReferenceNotFound, message)
}

fn in_progress(arn: &str, context: Context) -> AspectPlan {
    let message = format!("Lambda is updating the function {arn}");
    AspectPlan::wait(Reason::Modifying, message, context.pace(UPDATE_PACE))
}

fn holds(variables: &Variables, ours: &Variables) -> bool {
    NAMES
        .iter()
        .all(|name| variables.get(*name) == ours.get(*name))
}

/// Everything that is in the environment, and ours.
fn set_variables(arn: &str, seen: &ObservedFunction, ours: &Variables) -> AspectPlan {
    let mut variables = without_ours(&seen.variables);
    variables.extend(ours.clone());
    let bytes = size(&variables);
    if bytes > MOST_BYTES {
        return AspectPlan::block(
            Reason::QuotaExceeded,
            format!(
                "the environment of the function {arn} would have {bytes} bytes with the variables of this object; Lambda allows {MOST_BYTES}: make others shorter"
            ),
        );
    }
    update(arn, seen, variables)
}

fn without_ours(variables: &Variables) -> Variables {
    let mut variables = variables.clone();
    variables.retain(|name, _| !NAMES.contains(&name.as_str()));
    variables
}

fn update(arn: &str, seen: &ObservedFunction, variables: Variables) -> AspectPlan {
    AspectPlan::act(Action::Function(FunctionAction::UpdateConfiguration {
        function: arn.to_owned(),
        revision: seen.revision.clone(),
        variables,
    }))
}

/// As Lambda measures it: the variables as JSON.
fn size(variables: &Variables) -> usize {
    let plain: BTreeMap<&str, &str> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal()))
        .collect();
    json!(plain).to_string().len()
}

/// A version is published from what `$LATEST` is and the alias moved to it, unless that would put code live that the alias does not serve.
fn plan_alias(
    observed: &Observed,
    context: Context,
    (arn, name): (&str, &str),
    (function, ours): (&ObservedFunction, &Variables),
) -> AspectPlan {
    let alias: &ObservedAlias = match observed.aliases.get(arn).unwrap_or(&Seen::Unread) {
        Seen::Unread => {
            return AspectPlan::read(Read::FunctionAlias {
                function: arn.to_owned(),
                alias: name.to_owned(),
            });
        }
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        Seen::Absent => return missing(&format!("the alias {name} of the function {arn}")),
        Seen::Present(alias) => alias,
    };
    let release = |what: &str| {
        let message = format!("the alias {name} of the function {arn} {what}");
        AspectPlan::wait(Reason::RollingOut, message, RELEASE_PACE)
    };
    if holds(&alias.variables, ours) {
        return AspectPlan::default();
    }
    if alias.weighted {
        return release("shares its calls out over two versions; it is moved when that is over");
    }
    if alias.code != function.code {
        return release(
            "serves other code than $LATEST, so no version is published; it gets the current environment with the next release",
        );
    }
    match observed.published.get(arn) {
        None => AspectPlan::act(Action::Function(FunctionAction::PublishVersion {
            function: arn.to_owned(),
            revision: function.revision.clone(),
        })),
        Some(PublishedVersion { active: false, .. }) => in_progress(arn, context),
        Some(PublishedVersion { number, .. }) => {
            AspectPlan::act(Action::Function(FunctionAction::UpdateAlias {
                function: arn.to_owned(),
                alias: name.to_owned(),
                version: number.clone(),
                revision: alias.revision.clone(),
            }))
        }
    }
}

/// Takes our variables out of `$LATEST`. Published versions cannot be changed, and keep them.
pub(in crate::plan) fn plan_removal(
    names: Names,
    observed: &Observed,
    context: Context,
    arn: &str,
) -> AspectPlan {
    match function_of(observed, arn) {
        Seen::Unread => AspectPlan::read(Read::Function {
            arn: arn.to_owned(),
        }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Present(seen) if has_variables_of(names, &seen.variables) => {
            if seen.update == FunctionUpdate::InProgress {
                return in_progress(arn, context);
            }
            update(arn, seen, without_ours(&seen.variables))
        }
        Seen::Absent | Seen::Present(_) => AspectPlan::default(),
    }
}

/// Whether an environment names the secret, or the cache, of this object.
#[must_use]
pub fn has_variables_of(names: Names, variables: &Variables) -> bool {
    let mut found = named(variables).peekable();
    found.peek().is_some() && found.all(|one| one.is_of(names))
}

/// The version that an environment stands for; see [`bound_version`](super::bound_version).
pub(super) fn version_in(identity: &Identity, variables: &Variables) -> Option<String> {
    let value = |name| variables.get(name).map(Sensitive::reveal);
    let iam = value(IAM_USERNAME);
    if let Some(version) = value(SECRET_VERSION) {
        return Some(marked(version, iam.is_some()));
    }
    iam?;
    let endpoint = Endpoint {
        host: value("CACHE_HOST")?.to_owned(),
        port: value("CACHE_PORT")?.parse().ok()?,
    };
    Some(version_of(identity, &endpoint))
}

/// A variable that names something of an object.
enum Named<'a> {
    /// The secret's name and Secrets Manager's suffix.
    Secret(&'a str),
    Cache(&'a str),
}

fn named(variables: &Variables) -> impl Iterator<Item = Named<'_>> {
    let value = |name| variables.get(name).map(Sensitive::reveal);
    let secret = value(SECRET_ARN).and_then(|arn| arn.split_once(":secret:"));
    let cache = value(IAM_CACHE_NAME).map(Named::Cache);
    secret
        .map(|(_, name)| Named::Secret(name))
        .into_iter()
        .chain(cache)
}

impl Named<'_> {
    fn is_of(&self, names: Names) -> bool {
        match self {
            Self::Secret(name) => names.is_secret(name),
            Self::Cache(name) => *name == names.group,
        }
    }

    /// Whether an object of this kind made what is named.
    fn is_of_any(&self) -> bool {
        match self {
            Self::Secret(name) => name.starts_with("cachedapi/"),
            Self::Cache(name) => name.starts_with("capi-"),
        }
    }
}

/// The variable that names something of another object.
pub(super) fn other_owner(names: Names, variables: &Variables) -> Option<&'static str> {
    let other = named(variables).find(|named| named.is_of_any() && !named.is_of(names))?;
    Some(match other {
        Named::Secret(_) => SECRET_ARN,
        Named::Cache(_) => IAM_CACHE_NAME,
    })
}
