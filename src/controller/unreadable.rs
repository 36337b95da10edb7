use kube::ResourceExt;

use crate::api::CachedApiStatus;
use crate::plan::{Failure, Observed, Plan};
use crate::status::{self, Report};

use super::context::Context;
use super::memory;
use super::narrate;
use super::watch::Guarded;

/// Tells people, in the status and by events, why an object that cannot be read is left alone.
pub async fn tell(object: &Guarded, context: &Context) -> Result<(), Failure> {
    let namespace = object.namespace().unwrap_or_default();
    let stored = context
        .cluster
        .read_as_stored(&namespace, &object.name_any())
        .await?;
    let Some(mistake) = stored.mistake() else {
        return Ok(());
    };
    let previous = CachedApiStatus {
        conditions: stored.conditions(),
        ..CachedApiStatus::default()
    };
    let status = status::report(&Report {
        generation: stored.generation(),
        desired: None,
        observed: &Observed::default(),
        plan: &Plan::default(),
        failures: &[],
        violations: &[mistake],
        previous: Some(&previous),
        now: context.clock.now(),
        paused: false,
        deleting: stored.is_deleting(),
    });
    context.census.count(&memory::key(object), &status, None);
    if status.conditions == previous.conditions {
        return Ok(());
    }
    // The events come first: they are all there is where the API server does not take the status of such an object.
    for note in narrate::transitions(&previous.conditions, &status.conditions) {
        context.cluster.publish(object, note).await;
    }
    stored.patch_conditions(&status).await
}
