//! Takes over a REST API that exists: the one that `spec.adopt` names.
//!
//! As long as it does not carry the object's tags it is only read, together with what the spec would change in it, and no other is made in its place. The
//! yes of the spec puts the tags on it. They are read back, and from then on it is the object's own like any other.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{EndpointType, ManagementPolicy, Reason, TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID};
use crate::model::{Adoption, Desired, Tags};
use crate::plan::mark::rest_api_arn;
use crate::plan::{
    Action, AspectPlan, Failure, GatewayAction, Observed, Patch, Read, RestApi, Seen, looked,
};

use super::{RETRY, not_ready, stage};

/// Differences that are listed.
const MOST_LISTED: usize = 20;
/// Characters of one.
const LONGEST: usize = 200;
/// Tags by which other tools mark what they manage.
const MARKS: [(&str, &str); 3] = [
    ("aws:cloudformation:stack-name", "CloudFormation"),
    ("services.k8s.aws/namespace", "ACK"),
    ("crossplane-name", "Crossplane"),
];

/// What is known of a REST API that is to be taken over.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing<'a> {
    /// It was not looked at.
    Unread,
    /// It could not be read.
    Unknown(&'a Failure),
    /// It is the object's own.
    Own,
    /// It is nobody's.
    Free(&'a RestApi),
    /// It cannot be taken over, for this reason.
    Refused(String),
}

/// What is known of the REST API that is to be taken over.
#[must_use]
pub fn standing<'a>(
    desired: &Desired,
    observed: &'a Observed,
    adoption: &Adoption,
) -> Standing<'a> {
    let gateway = &observed.gateway;
    let own = gateway.rest_api.present();
    if let Some(api) = own.filter(|api| desired.identity.owns(&api.tags)) {
        return if api.id == adoption.id {
            Standing::Own
        } else {
            Standing::Refused(has_another(api))
        };
    }
    match &gateway.named {
        Seen::Unread => Standing::Unread,
        Seen::Unknown(failure) => Standing::Unknown(failure),
        Seen::Absent => Standing::Refused(format!(
            "there is no REST API {} in {}{}, and none is made in its place",
            adoption.id,
            desired.region,
            account(observed)
        )),
        Seen::Present(api) if desired.identity.owns(&api.tags) => Standing::Own,
        Seen::Present(api) if desired.identity.is_claimed_by_another(&api.tags) => {
            Standing::Refused(claimed(api))
        }
        Seen::Present(api) => wrong_endpoint(desired, api).map_or(Standing::Free(api), |why| {
            Standing::Refused(format!("REST API {} {why}", api.id))
        }),
    }
}

fn account(observed: &Observed) -> String {
    let account = observed.account.as_ref();
    account.map_or_else(String::new, |account| format!(" of the account {account}"))
}

fn claimed(api: &RestApi) -> String {
    let tag = |key: &str| api.tags.get(key).map_or("none", String::as_str);
    format!(
        "REST API {} carries the tags of another object: {TAG_OWNER} {}, {TAG_OWNER_UID} {}, {TAG_CLUSTER} {}; delete that one with deletionPolicy.api Retain and take these tags off, or name another API",
        api.id,
        tag(TAG_OWNER),
        tag(TAG_OWNER_UID),
        tag(TAG_CLUSTER)
    )
}

/// A document does not change where an API is reached.
fn wrong_endpoint(desired: &Desired, api: &RestApi) -> Option<String> {
    let wanted = match desired.gateway.endpoint_type {
        EndpointType::Regional => "REGIONAL",
        EndpointType::Edge => "EDGE",
    };
    let found = api.endpoint_type.as_deref()?;
    (found != wanted).then(|| {
        format!("has an endpoint of type {found}, and spec.api.endpointType asks for {wanted}")
    })
}

/// Whether the object has a REST API and the spec names another one.
pub(super) fn is_another(desired: &Desired, own: &RestApi) -> bool {
    let adoption = desired.gateway.adoption.as_ref();
    adoption.is_some_and(|adoption| adoption.id != own.id)
}

fn has_another(own: &RestApi) -> String {
    format!(
        "the object has a REST API already, {}; take spec.adopt out to go on with that one",
        own.id
    )
}

/// One that the object has stays as it is: which of the two is meant is not for the operator to guess.
pub(super) fn refuse_another(own: &RestApi) -> AspectPlan {
    refuse(&has_another(own))
}

fn refuse(why: &str) -> AspectPlan {
    AspectPlan::block(
        Reason::AdoptionRefused,
        format!("spec.adopt.restApiId: {why}"),
    )
}

/// What to do about the API that the spec names, if it names one, when none carries the object's tags.
pub(super) fn plan_adoption(desired: &Desired, observed: &Observed) -> Option<AspectPlan> {
    let adoption = desired.gateway.adoption.as_ref()?;
    let id = adoption.id.clone();
    Some(match standing(desired, observed, adoption) {
        Standing::Unread => AspectPlan::read(Read::NamedRestApi { id }),
        Standing::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Standing::Own => AspectPlan::read(Read::RestApi { id }),
        Standing::Refused(why) => refuse(&why),
        Standing::Free(api) if !api.available => not_ready(api),
        Standing::Free(api) => {
            look(desired, observed, api).unwrap_or_else(|| decide(desired, observed, api))
        }
    })
}

/// What has to be known before what differs can be told.
fn look(desired: &Desired, observed: &Observed, api: &RestApi) -> Option<AspectPlan> {
    let gateway = &observed.gateway;
    let methods = Read::Methods {
        api: api.id.clone(),
    };
    let stage = Read::Stage {
        api: api.id.clone(),
        name: desired.gateway.stage.name.clone(),
    };
    let mut reads = Vec::new();
    let seen = looked(&gateway.methods, methods, &mut reads).map(drop);
    let seen = seen.and_then(|()| looked(&gateway.stage, stage, &mut reads).map(drop));
    let reads = (!reads.is_empty()).then(|| AspectPlan::read_all(reads));
    seen.map_or_else(Some, |()| reads)
}

fn decide(desired: &Desired, observed: &Observed, api: &RestApi) -> AspectPlan {
    let taken = desired.gateway.adoption.as_ref();
    if taken.is_some_and(|adoption| adoption.take_over) {
        return AspectPlan::act(Action::Gateway(GatewayAction::TagRestApi {
            api: api.id.clone(),
            arn: rest_api_arn(&desired.region, &api.id),
            tags: desired.identity.adoption_tags(),
        }));
    }
    let how = match desired.management {
        ManagementPolicy::Manage => "set spec.adopt.mode to TakeOver to have it taken over",
        ManagementPolicy::ObserveOnly => "managementPolicy is ObserveOnly",
    };
    let message = format!(
        "spec.adopt.restApiId: REST API {} is not the object's yet; status.adoption.restApi lists what the take-over would change ({}); {how}",
        api.id,
        count(differences(desired, observed, api).len())
    );
    AspectPlan::block(Reason::AdoptionPending, message)
}

fn count(lines: usize) -> String {
    match lines {
        0 => "nothing".to_owned(),
        1 => "1 entry".to_owned(),
        lines => format!("{lines} entries"),
    }
}

/// What the spec would change in a REST API that is not the object's, as far as it was looked at: the first of many. Names only, because the values of stage
/// variables may be secret.
#[must_use]
pub fn differences(desired: &Desired, observed: &Observed, api: &RestApi) -> Vec<String> {
    let gateway = &observed.gateway;
    let mut found: Vec<String> = marks(&api.tags).collect();
    let wanted = &desired.gateway;
    if api.name != wanted.name {
        found.push(format!("name: {} becomes {}", api.name, wanted.name));
    }
    if api.version.as_deref() != Some(&wanted.document.hash) {
        found.push("definition: is overwritten; models, authorizers, gateway responses and integrations are then those of the spec alone".to_owned());
    }
    let settings = api.settings.iter();
    found.extend(settings.map(|setting| format!("setting: {setting} goes")));
    if let Seen::Present(methods) = &gateway.methods {
        found.extend(method_differences(methods, &wanted.document.methods));
    }
    let name = &wanted.stage.name;
    match &gateway.stage {
        Seen::Absent => found.push(format!("stage {name}: is created")),
        Seen::Present(stage) => {
            found.push(format!(
                "stage {name}: serves a deployment of the spec in place of {}",
                stage.deployment_id
            ));
            let patches = stage::stage_patches(&wanted.stage, stage);
            let paths: BTreeSet<String> = patches.iter().map(setting).collect();
            found.extend(paths.iter().map(|path| format!("stage {name}: {path}")));
        }
        Seen::Unread | Seen::Unknown(_) => {}
    }
    bounded(found)
}

/// Who else may manage it: not ours to judge, because the mark of a stack stays when the stack lets go.
fn marks(tags: &Tags) -> impl Iterator<Item = String> {
    MARKS.into_iter().filter_map(|(key, tool)| {
        let value = tags.get(key)?;
        Some(format!(
            "tag {key} is {value}: {tool} may manage it as well, and would undo what the operator does"
        ))
    })
}

fn method_differences(
    present: &BTreeMap<String, BTreeSet<String>>,
    wanted: &BTreeMap<String, BTreeSet<String>>,
) -> impl Iterator<Item = String> {
    let flat = |methods: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        let of_path = |(path, methods): (&String, &BTreeSet<String>)| {
            let named = methods.iter().map(|method| format!("{method} {path}"));
            named.collect::<Vec<_>>()
        };
        methods.iter().flat_map(of_path).collect()
    };
    let (present, wanted) = (flat(present), flat(wanted));
    let gone: Vec<String> = present.difference(&wanted).cloned().collect();
    let new: Vec<String> = wanted.difference(&present).cloned().collect();
    let gone = gone
        .into_iter()
        .map(|method| format!("method {method}: goes"));
    gone.chain(
        new.into_iter()
            .map(|method| format!("method {method}: comes")),
    )
}

/// The setting that a patch is about, in API Gateway's words; those of a method are told once.
fn setting(patch: &Patch) -> String {
    let full = patch.path.trim_start_matches('/');
    let name = ["/throttling/", "/caching/"]
        .iter()
        .find_map(|group| full.split_once(group))
        .map_or(full, |(method, _)| method);
    let verb = if patch.value.is_some() {
        "set"
    } else {
        "removed"
    };
    format!("{} is {verb}", name.replace("~1", "/").replace("~0", "~"))
}

fn bounded(found: Vec<String>) -> Vec<String> {
    let more = found.len().saturating_sub(MOST_LISTED);
    let listed = found.into_iter().take(MOST_LISTED);
    let mut listed: Vec<String> = listed
        .map(|text| text.chars().take(LONGEST).collect())
        .collect();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    listed
}
