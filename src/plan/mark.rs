use std::collections::BTreeSet;

use crate::api::{
    CacheDisposal, Disposal, TAG_ADOPTED, TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID, TAG_RETAINED,
    TAG_VERSION,
};
use crate::model::{Desired, Identity, Tags, cache_disposal, disposal, openapi};

use super::orphans::is_retained;
use super::{Action, AspectPlan, Observed, Plan, Seen};

/// Tags for a thing that exists: those of the object that takes it over, or the mark that a deletion policy keeps it, and the part that it is of, which without its
/// object would be an orphan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// ARN.
    pub arn: String,
    /// Tags to add. With the mark go those of ownership again, which the permission to tag asks for.
    pub tags: Tags,
}

/// Tags that a thing loses which was there before the object: it is nobody's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// ARN.
    pub arn: String,
    /// Keys of the tags to take off.
    pub keys: BTreeSet<String>,
}

/// Gives the thing `arn` back, which was taken over.
pub(super) fn plan_release(arn: &str) -> AspectPlan {
    let ours = [
        TAG_OWNER_UID,
        TAG_OWNER,
        TAG_CLUSTER,
        TAG_VERSION,
        TAG_ADOPTED,
        TAG_RETAINED,
    ];
    AspectPlan::act(Action::Release(Release {
        arn: arn.to_owned(),
        keys: ours.map(str::to_owned).into(),
    }))
}

/// The mark for `arn`, unless its `tags` have it.
pub(super) fn plan_mark(identity: &Identity, arn: &str, tags: &Tags) -> AspectPlan {
    if is_retained(tags) {
        return AspectPlan::default();
    }
    let mark = (TAG_RETAINED.to_owned(), "true".to_owned());
    AspectPlan::act(Action::Mark(Mark {
        arn: arn.to_owned(),
        tags: identity
            .ownership_tags()
            .into_iter()
            .chain([mark])
            .collect(),
    }))
}

/// Marks, while the object lives, what its deletion policy keeps: who takes the finalizer off by force takes the policy with it. A part waits with that until it is
/// as desired; a mark that the policy no longer asks for stays, and keeps nothing from an orderly deletion.
pub(super) fn plan_marks(desired: &Desired, observed: &Observed, plan: &mut Plan) {
    let (identity, policy) = (&desired.identity, &desired.deletion);
    let own = |tags: &&Tags| identity.owns(tags);
    if plan.api.is_settled()
        && let Some(api) = observed.gateway.rest_api.present()
        && let Some(tags) = Some(&api.tags).filter(own)
        && disposal(policy.api, tags) == Disposal::Retain
    {
        let arn = rest_api_arn(&desired.region, &api.id);
        plan.api.extend(plan_mark(identity, &arn, tags));
    }
    if plan.cache.is_settled()
        && let Some(group) = observed.cache.group.present()
        && let Some(tags) = observed
            .cache
            .tags
            .get(&group.arn)
            .and_then(Seen::present)
            .filter(own)
        && cache_disposal(policy.cache, tags) == CacheDisposal::Retain
    {
        plan.cache.extend(plan_mark(identity, &group.arn, tags));
    }
    if plan.credentials.is_settled()
        && let Some(secret) = observed.secret.secret.present()
        && let Some(tags) = Some(&secret.tags).filter(own)
        && disposal(policy.secret, tags) == Disposal::Retain
    {
        plan.credentials
            .extend(plan_mark(identity, &secret.arn, tags));
    }
}

/// ARN of a REST API. It names no account.
pub(super) fn rest_api_arn(region: &str, id: &str) -> String {
    let partition = openapi::partition(region);
    format!("arn:{partition}:apigateway:{region}::/restapis/{id}")
}
