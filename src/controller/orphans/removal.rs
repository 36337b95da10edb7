use std::collections::{BTreeMap, BTreeSet};

use crate::api::{CacheDisposal, CredentialsSpec, DeletionPolicy, Disposal, ManagementPolicy};
use crate::controller::context::Context;
use crate::controller::rounds::{Goal, Rounds};
use crate::model::{Estate, Identity};
use crate::plan::orphans::{Part, Removal};
use crate::plan::{Depth, Failure, Observed};

/// Takes down what an object that is gone has left, as its own deletion would have, until there is nothing to do at once. The planner reads everything anew and
/// deletes what it sees to carry the object's tags.
pub async fn remove(context: &Context, removal: &Removal, account: &str) -> Result<(), Failure> {
    let aws = match &removal.role {
        None => context.accounts.own().clone(),
        Some(role) => context.accounts.assume(role, &removal.region).await,
    };
    let mut rounds = Box::new(Rounds {
        context,
        subject: None,
        aws,
        caller: None,
        goal: Goal::Gone(Box::new(estate(context, removal))),
        observed: Observed {
            account: Some(account.to_owned()),
            ..Observed::default()
        },
        depth: Depth::Full,
        acted: None,
        failures: BTreeMap::new(),
    });
    rounds.run().await.map(drop)
}

/// The spec is gone with the object, so that the disposal is that of a spec without a word on it: data goes with a final snapshot, and a secret can be restored
/// for as long as Secrets Manager keeps one.
fn estate(context: &Context, removal: &Removal) -> Estate {
    let owner = &removal.owner;
    let identity = Identity {
        namespace: owner.namespace.clone(),
        name: owner.name.clone(),
        uid: owner.uid,
        cluster: context.identity.clone(),
    };
    Estate {
        group_id: identity.cache_id(),
        secret_name: identity.secret_name(),
        identity,
        region: removal.region.clone(),
        deletion: disposal(&removal.retained),
        management: ManagementPolicy::Manage,
        recovery_window_days: CredentialsSpec::default().recovery_window_days,
        functions: BTreeSet::new(),
        bound_functions: BTreeSet::new(),
    }
}

fn disposal(retained: &BTreeSet<Part>) -> DeletionPolicy {
    let mut policy = DeletionPolicy::default();
    for part in retained {
        match part {
            Part::Api => policy.api = Some(Disposal::Retain),
            Part::Cache => policy.cache = Some(CacheDisposal::Retain),
            Part::Secret => policy.secret = Some(Disposal::Retain),
        }
    }
    policy
}
