use super::*;
use crate::api::Reason;
use crate::fixtures::{identity, spec_json};
use crate::plan::tests::settled;
use crate::plan::{AspectPlan, Read};
use std::time::Duration;

/// An object that waits for its replication group, everything else being there.
fn waiting() -> (Observed, Plan) {
    let (world, _) = settled(&spec_json());
    let id = identity().cache_id();
    let default_user = format!("{id}-d");
    let mut observed = Observed::default();
    for read in [
        Read::SubnetGroup { name: id.clone() },
        Read::User { id: id.clone() },
        Read::DefaultUser { id: default_user },
        Read::UserGroup { id: id.clone() },
        Read::ReplicationGroup { id },
    ] {
        observed.record(world.cache.read(&read));
    }
    if let Seen::Present(group) = &mut observed.cache.group {
        group.status = "creating".into();
    }
    let plan = Plan {
        cache: AspectPlan::wait(Reason::Provisioning, "for it", Duration::from_secs(1)),
        ..Plan::default()
    };
    (observed, plan)
}

fn relying_on(rest: AtRest) -> Observed {
    let mut observed = Observed::default();
    observed.rely_on(rest);
    observed
}

#[test]
fn while_a_replication_group_is_awaited_what_it_is_built_on_is_not_looked_at_again() {
    let (observed, plan) = waiting();
    let later = relying_on(observed.at_rest(&plan, |_| false));
    assert_eq!(later.cache.subnet_group, observed.cache.subnet_group);
    assert_eq!(later.cache.default_user, observed.cache.default_user);
    assert_eq!(later.cache.user_group, observed.cache.user_group);
    assert!(later.cache.user_group.present().is_some(), "it was there");
}

#[test]
fn a_replication_group_and_the_user_whose_password_matters_are_looked_at_every_time() {
    let (observed, plan) = waiting();
    assert!(observed.cache.group.present().is_some());
    let later = relying_on(observed.at_rest(&plan, |_| false));
    assert_eq!(later.cache.group, Seen::Unread);
    assert_eq!(later.cache.users, BTreeMap::new());
}

#[test]
fn once_the_replication_group_runs_all_of_the_cache_is_looked_at() {
    let (mut observed, plan) = waiting();
    if let Seen::Present(group) = &mut observed.cache.group {
        group.status = "modifying".into();
    }
    let later = relying_on(observed.at_rest(&plan, |_| false));
    assert_eq!(later.cache, Observed::default().cache);
}

#[test]
fn tags_that_are_known_already_stay() {
    let (observed, plan) = waiting();
    let mut later = Observed::default();
    later.cache.tags.insert("arn".into(), Seen::Absent);
    later.rely_on(observed.at_rest(&plan, |_| false));
    assert!(later.cache.tags.contains_key("arn"));
}

#[test]
fn what_is_under_way_or_absent_is_looked_at_again() {
    let (mut observed, plan) = waiting();
    if let Seen::Present(user) = &mut observed.cache.default_user {
        user.status = "modifying".into();
    }
    observed.cache.user_group = Seen::Absent;
    observed.cache.tags.insert("arn".into(), Seen::Absent);
    let later = relying_on(observed.at_rest(&plan, |_| false));
    assert_eq!(later.cache.default_user, Seen::Unread);
    assert_eq!(later.cache.user_group, Seen::Unread);
    assert!(later.cache.tags.is_empty());
}

#[test]
fn an_aspect_that_failed_is_looked_at_again_as_a_whole() {
    let (mut observed, plan) = waiting();
    observed.gateway.keys_known = true;
    let later = relying_on(observed.at_rest(&plan, |aspect| aspect == Aspect::Cache));
    assert_eq!(later.cache.user_group, Seen::Unread);
    assert!(later.gateway.keys_known, "the gateway rests on");
    let later = relying_on(observed.at_rest(&plan, |aspect| aspect == Aspect::Api));
    assert!(!later.gateway.keys_known);
    assert!(later.cache.user_group.present().is_some());
}

#[test]
fn a_gateway_that_is_not_as_desired_is_looked_at_again() {
    let (mut observed, mut plan) = waiting();
    observed.gateway.keys_known = true;
    plan.api = AspectPlan::wait(Reason::Modifying, "for it", Duration::from_secs(1));
    assert!(
        !relying_on(observed.at_rest(&plan, |_| false))
            .gateway
            .keys_known
    );
}
