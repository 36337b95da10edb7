//! What a reconcile knows before it looks: what status says, and what the process remembers.

use crate::api::{CachedApiStatus, RotationPhase};
use crate::plan::{Fact, Observed};

use super::memory::Memory;

/// What was seen before, as far as it was kept.
pub fn recollect(status: Option<&CachedApiStatus>, memory: &Memory) -> Observed {
    let mut observed = Observed::default();
    observed.cache.available_sightings = memory.sightings;
    observed.cache.spellings = memory.spellings.clone();
    observed.cache.known_users.clone_from(&memory.known_users);
    observed.secret.brought_in.clone_from(&memory.brought_in);
    observed.secret.tokens = memory.tokens.clone();
    observed.secret.values = memory.values.clone();
    observed.written = memory.written.clone();
    if memory.settled {
        observed.cache.tags = memory.tags.clone();
    }
    let Some(status) = status else {
        return observed;
    };
    observed.previously_bound_functions = bound_functions(Some(status)).collect();
    observed.previously_bound = status.bound_secrets.iter().cloned().collect();
    observed.policy_roles = status.policy_roles.iter().cloned().collect();
    let intents = status.intents.iter();
    for fact in intents.map(|intent| Fact::Announced {
        kind: intent.kind.clone(),
        at: intent.at.0,
    }) {
        observed.record(fact);
    }
    observed.secret.pending_since = status.credentials.as_ref().and_then(|credentials| {
        let rotation = credentials.rotation.as_ref()?;
        (rotation.phase == RotationPhase::Pending).then(|| (rotation.id.clone(), rotation.since.0))
    });
    observed.cache.iam_user_known =
        (status.credentials.as_ref()).is_some_and(|credentials| credentials.iam.is_some());
    observed.secret.promoted = status.credentials.as_ref().and_then(|credentials| {
        Some((
            credentials.version_id.clone()?,
            credentials.rotated_at.as_ref()?.0,
        ))
    });
    (observed.cache.hint, observed.secret.hint) = known_names(Some(status));
    if let Some(api) = &status.api {
        // An answer without an id has been taken up: the API is looked for by its tags.
        observed.gateway.hint = Some(api.id.clone()).filter(|id| !id.is_empty());
        observed.gateway.keys_known = !api.api_keys.is_empty();
        observed.gateway.known_functions = api.functions.iter().cloned().collect();
    }
    observed
}

/// What status says of the replication group and the secret: id and ARN.
pub fn known_names(status: Option<&CachedApiStatus>) -> (Option<String>, Option<String>) {
    let cache = status.and_then(|status| status.cache.as_ref());
    let credentials = status.and_then(|status| status.credentials.as_ref());
    (
        cache
            .map(|cache| cache.id.clone())
            .filter(|id| !id.is_empty()),
        credentials.and_then(|credentials| credentials.secret_arn.clone()),
    )
}

/// ARNs of the functions that status lists as bound.
pub fn bound_functions(status: Option<&CachedApiStatus>) -> impl Iterator<Item = String> {
    let consumers = status.into_iter().flat_map(|status| &status.bindings);
    consumers
        .filter(|consumer| consumer.kind == "Lambda")
        .map(|consumer| consumer.name.clone())
}
