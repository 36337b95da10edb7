//! Takes over a REST API that exists: the one that `spec.adopt` names.
//!
//! What goes for all that is adopted stands in [`crate::plan::adoption`]. Together with the API is read what the spec would change in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::EndpointType;
use crate::model::{Adoption, Desired};
use crate::plan::adoption::{Standing, bounded, forbidden, marks, pending, refuse};
use crate::plan::mark::rest_api_arn;
use crate::plan::{Action, AspectPlan, Mark, Observed, Patch, Read, RestApi, Seen, looked};

use super::{RETRY, not_ready, stage};

/// The field of `spec.adopt`.
const FIELD: &str = "restApiId";

/// What is known of the REST API that is to be taken over.
#[must_use]
pub fn standing<'a>(
    desired: &Desired,
    observed: &'a Observed,
    adoption: &Adoption,
) -> Standing<'a, RestApi> {
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
        Seen::Present(api) => forbidden(&desired.identity, &api.tags, &name(api))
            .or_else(|| wrong_endpoint(desired, api))
            .map_or(Standing::Free(api), Standing::Refused),
    }
}

fn name(api: &RestApi) -> String {
    format!("REST API {}", api.id)
}

fn account(observed: &Observed) -> String {
    let account = observed.account.as_ref();
    account.map_or_else(String::new, |account| format!(" of the account {account}"))
}

/// A document does not change where an API is reached.
fn wrong_endpoint(desired: &Desired, api: &RestApi) -> Option<String> {
    let wanted = match desired.gateway.endpoint_type {
        EndpointType::Regional => "REGIONAL",
        EndpointType::Edge => "EDGE",
    };
    let found = api.endpoint_type.as_deref()?;
    (found != wanted).then(|| {
        format!(
            "{} has an endpoint of type {found}, and spec.api.endpointType asks for {wanted}",
            name(api)
        )
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
    refuse(FIELD, &has_another(own))
}

/// What to do about the API that the spec names, if it names one, when none carries the object's tags.
pub(super) fn plan_adoption(desired: &Desired, observed: &Observed) -> Option<AspectPlan> {
    let adoption = desired.gateway.adoption.as_ref()?;
    let id = adoption.id.clone();
    Some(match standing(desired, observed, adoption) {
        Standing::Unread => AspectPlan::read(Read::NamedRestApi { id }),
        Standing::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Standing::Own => AspectPlan::read(Read::RestApi { id }),
        Standing::Refused(why) => refuse(FIELD, &why),
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
        return AspectPlan::act(Action::Adopt(Mark {
            arn: rest_api_arn(&desired.region, &api.id),
            tags: desired.identity.adoption_tags(),
        }));
    }
    let found = differences(desired, observed, api).len();
    pending(desired, (FIELD, "restApi"), &name(api), found)
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
