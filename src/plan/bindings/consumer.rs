use crate::model::{Desired, DesiredFunction};
use crate::plan::{AspectPlan, FunctionUpdate, Observed, Read, Seen};

use super::bound_version;
use super::lambda::version_in;
use super::secret::bound;

/// A consumer of `spec.bindings`, and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// `Secret`, `Lambda`, `Deployment` or `StatefulSet`.
    pub kind: &'static str,
    /// Name; of a Lambda function the ARN.
    pub name: String,
    /// How far it is; unread consumers are not known.
    pub seen: Seen<Progress>,
    /// What tells.
    pub read: Read,
}

/// How far a consumer is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// Version that it was given last; see [`bound_version`](super::bound_version).
    pub version: Option<String>,
    /// Whether all of it has that version.
    pub done: bool,
}

impl Consumer {
    /// Whether all of it has the `current` version; see [`bound_version`](super::bound_version).
    #[must_use]
    pub fn is_up_to_date(&self, current: Option<&str>) -> bool {
        self.seen.present().is_some_and(|progress| {
            progress.done && progress.version.is_some() && progress.version.as_deref() == current
        })
    }
}

/// Every consumer of `spec.bindings`, as far as it was looked at.
#[must_use]
pub fn consumers(desired: &Desired, observed: &Observed) -> Vec<Consumer> {
    let secrets = desired.bindings.secrets.iter().map(|secret| Consumer {
        kind: "Secret",
        name: secret.name.clone(),
        seen: map(bound(observed, &secret.name), |bound| Progress {
            version: bound.version.clone(),
            done: bound.owned,
        }),
        read: Read::BoundSecret {
            name: secret.name.clone(),
        },
    });
    let workloads = desired.bindings.workloads.iter().map(|workload| Consumer {
        kind: workload.kind.as_str(),
        name: workload.name.clone(),
        seen: map(
            observed.workloads.get(workload).unwrap_or(&Seen::Unread),
            |seen| Progress {
                version: seen.version.clone(),
                done: seen.unfinished.is_none(),
            },
        ),
        read: Read::Workload(workload.clone()),
    });
    let functions = desired
        .bindings
        .functions
        .iter()
        .map(|function| of_function(desired, observed, function));
    secrets.chain(functions).chain(workloads).collect()
}

/// The consumers that do not have what is bound now, or what to read to get to know them.
pub(in crate::plan) fn laggards(
    desired: &Desired,
    observed: &Observed,
) -> Result<Vec<Consumer>, AspectPlan> {
    let mut consumers = consumers(desired, observed);
    let unread = consumers
        .iter()
        .filter(|consumer| consumer.seen == Seen::Unread);
    let reads: Vec<Read> = unread.map(|consumer| consumer.read.clone()).collect();
    if !reads.is_empty() {
        return Err(AspectPlan::read_all(reads));
    }
    let version = bound_version(desired, observed);
    consumers.retain(|consumer| !consumer.is_up_to_date(version.as_deref()));
    Ok(consumers)
}

/// What its callers get counts: the alias, where there is one.
fn of_function(desired: &Desired, observed: &Observed, function: &DesiredFunction) -> Consumer {
    let arn = &function.arn;
    let (seen, read) = match &function.alias {
        None => (
            map(
                observed.functions.get(arn).unwrap_or(&Seen::Unread),
                |seen| Progress {
                    version: version_in(&desired.identity, &seen.variables),
                    done: seen.update == FunctionUpdate::Done,
                },
            ),
            Read::Function { arn: arn.clone() },
        ),
        Some(alias) => (
            map(observed.aliases.get(arn).unwrap_or(&Seen::Unread), |seen| {
                Progress {
                    version: version_in(&desired.identity, &seen.variables),
                    done: !seen.weighted,
                }
            }),
            Read::FunctionAlias {
                function: arn.clone(),
                alias: alias.clone(),
            },
        ),
    };
    Consumer {
        kind: "Lambda",
        name: arn.clone(),
        seen,
        read,
    }
}

fn map<T>(seen: &Seen<T>, progress: impl FnOnce(&T) -> Progress) -> Seen<Progress> {
    match seen {
        Seen::Unread => Seen::Unread,
        Seen::Unknown(failure) => Seen::Unknown(failure.clone()),
        Seen::Absent => Seen::Absent,
        Seen::Present(thing) => Seen::Present(progress(thing)),
    }
}
