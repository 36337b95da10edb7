use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::api::{Condition, ConditionStatus, Intent, Reason};
use crate::fixtures::{desired, now, spec_json};
use crate::plan::{
    Action, Aspect, AspectPlan, Class, ClusterAction, Deployment, Endpoint, INTENT_REST_API,
    ReplicationGroup, RestApi, Seen, Stage,
};

mod adoption;
mod api_keys;
mod bindings;
mod credentials;

const GENERATION: i64 = 3;

/// A round, with the one thing in it that a test is about.
struct Round {
    observed: Observed,
    plan: Plan,
    failures: Vec<(Scope, Failure)>,
    violations: Vec<Violation>,
    previous: Option<CachedApiStatus>,
    now: Timestamp,
    paused: bool,
    deleting: bool,
}

fn round() -> Round {
    Round {
        observed: Observed::default(),
        plan: Plan::default(),
        failures: Vec::new(),
        violations: Vec::new(),
        previous: None,
        now: now(),
        paused: false,
        deleting: false,
    }
}

impl Round {
    fn report(&self) -> CachedApiStatus {
        self.report_of(&desired(spec_json()))
    }

    fn report_of(&self, desired: &Desired) -> CachedApiStatus {
        report(&Report {
            generation: GENERATION,
            desired: Some(desired),
            observed: &self.observed,
            plan: &self.plan,
            failures: &self.failures,
            violations: &self.violations,
            previous: self.previous.as_ref(),
            now: self.now,
            paused: self.paused,
            deleting: self.deleting,
        })
    }
}

fn condition<'a>(status: &'a CachedApiStatus, type_: &str) -> &'a Condition {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_)
        .unwrap()
}

fn says(status: &CachedApiStatus, type_: &str) -> (ConditionStatus, String) {
    let condition = condition(status, type_);
    (condition.status, condition.reason.clone())
}

fn failure(class: Class, reason: Reason) -> Failure {
    Failure {
        operation: "elasticache:CreateUser",
        class,
        reason,
        message: "no".into(),
        retry_after: None,
    }
}

fn said(status: ConditionStatus, reason: Reason) -> (ConditionStatus, String) {
    (status, reason.as_str().into())
}

use ConditionStatus::{False, True, Unknown};

#[test]
fn a_settled_round_is_ready_for_its_generation() {
    let status = round().report();
    for type_ in [
        "Ready",
        "ApiReady",
        "CacheReady",
        "CredentialsReady",
        "BindingsReady",
    ] {
        assert_eq!(
            says(&status, type_),
            said(True, Reason::Available),
            "{type_}"
        );
        assert_eq!(
            condition(&status, type_).observed_generation,
            Some(GENERATION)
        );
    }
    assert_eq!(says(&status, "Reconciling"), said(False, Reason::Settled));
    assert_eq!(says(&status, "Stalled"), said(False, Reason::Working));
    assert_eq!(status.observed_generation, Some(GENERATION));
}

#[test]
fn reporting_again_changes_nothing() {
    let first = round().report();
    let again = Round {
        previous: Some(first.clone()),
        now: now() + Duration::from_mins(10),
        ..round()
    };
    assert_eq!(again.report(), first);
}

#[test]
fn a_transition_time_changes_only_with_the_status() {
    let first = round().report();
    let later = now() + Duration::from_mins(1);
    let mut waiting = Round {
        previous: Some(first),
        now: later,
        ..round()
    };
    waiting.plan.cache =
        AspectPlan::wait(Reason::Modifying, "being modified", Duration::from_secs(5));
    let status = waiting.report();
    assert_eq!(
        condition(&status, "CacheReady").last_transition_time.0,
        later
    );
    assert_eq!(condition(&status, "ApiReady").last_transition_time.0, now());
}

#[test]
fn a_wait_is_a_condition_with_a_reason_and_is_listed_as_pending() {
    let mut waiting = round();
    waiting.plan.cache = AspectPlan::wait(
        Reason::Provisioning,
        "replication group capi-1 is being created",
        Duration::from_secs(5),
    );
    let status = waiting.report();
    assert_eq!(
        says(&status, "CacheReady"),
        said(False, Reason::Provisioning)
    );
    assert_eq!(says(&status, "Ready"), said(False, Reason::Provisioning));
    assert_eq!(
        condition(&status, "Ready").message,
        "Cache: replication group capi-1 is being created"
    );
    assert_eq!(
        says(&status, "Reconciling"),
        said(True, Reason::Progressing)
    );
    assert_eq!(status.pending[0].aspect, "Cache");
}

#[test]
fn what_needs_somebody_speaks_before_what_passes_by_itself() {
    let mut both = round();
    both.plan.api = AspectPlan::wait(Reason::Modifying, "moment", Duration::from_secs(5));
    both.plan.cache = AspectPlan::block(Reason::NameTaken, "taken");
    assert_eq!(
        says(&both.report(), "Ready"),
        said(False, Reason::NameTaken)
    );
    assert_eq!(
        says(&both.report(), "Synced"),
        said(False, Reason::NameTaken)
    );
    assert_eq!(
        says(&both.report(), "Stalled"),
        said(False, Reason::Working)
    );
}

#[test]
fn a_refused_change_stalls() {
    let mut refused = round();
    refused.plan.cache = AspectPlan::block(Reason::ChangeRefused, "engineVersion cannot go down");
    assert_eq!(
        says(&refused.report(), "Stalled"),
        said(True, Reason::ChangeRefused)
    );
}

#[test]
fn a_blocked_failure_names_itself_and_is_not_under_way() {
    let denied = Round {
        failures: vec![(
            Aspect::Cache.into(),
            failure(Class::Blocked, Reason::AccessDenied),
        )],
        ..round()
    };
    let status = denied.report();
    assert_eq!(
        says(&status, "CacheReady"),
        said(False, Reason::AccessDenied)
    );
    assert_eq!(says(&status, "ApiReady"), said(True, Reason::Available));
    assert_eq!(says(&status, "Reconciling"), said(False, Reason::Settled));
    assert_eq!(says(&status, "Synced"), said(False, Reason::AccessDenied));
}

#[test]
fn a_passing_failure_does_not_make_a_live_thing_unready() {
    let passing = || {
        vec![(
            Aspect::Api.into(),
            failure(Class::Transient, Reason::AwsUnavailable),
        )]
    };
    let live = Round {
        failures: passing(),
        previous: Some(round().report()),
        ..round()
    };
    assert_eq!(
        says(&live.report(), "ApiReady"),
        said(True, Reason::AwsUnavailable)
    );
    assert_eq!(says(&live.report(), "Ready"), said(True, Reason::Available));
    let new = Round {
        failures: passing(),
        ..round()
    };
    assert_eq!(
        says(&new.report(), "ApiReady"),
        said(False, Reason::AwsUnavailable)
    );
}

#[test]
fn another_generation_is_never_ready_on_old_evidence() {
    let mut before = round().report();
    before.observed_generation = Some(GENERATION - 1);
    before
        .conditions
        .iter_mut()
        .for_each(|condition| condition.observed_generation = Some(GENERATION - 1));
    let failures = vec![(
        Aspect::Api.into(),
        failure(Class::Transient, Reason::AwsUnavailable),
    )];
    let failing = Round {
        failures,
        previous: Some(before.clone()),
        ..round()
    };
    assert_eq!(says(&failing.report(), "Ready").0, False);
    let paused = Round {
        paused: true,
        previous: Some(before),
        ..round()
    };
    assert_eq!(
        says(&paused.report(), "Ready"),
        said(Unknown, Reason::Paused)
    );
}

#[test]
fn an_invalid_spec_stalls_with_every_violation_and_leaves_the_rest_as_it_was() {
    let invalid = Round {
        violations: vec![
            Violation::new("spec.a", "wrong"),
            Violation::new("spec.b", "worse"),
        ],
        previous: Some(round().report()),
        ..round()
    };
    let status = invalid.report();
    assert_eq!(says(&status, "Stalled"), said(True, Reason::InvalidSpec));
    assert_eq!(
        condition(&status, "Stalled").message,
        "spec.a: wrong; spec.b: worse"
    );
    assert_eq!(says(&status, "Ready"), said(False, Reason::InvalidSpec));
    assert_eq!(says(&status, "ApiReady"), said(True, Reason::Available));
}

#[test]
fn of_many_violations_the_first_ten_are_listed_and_the_rest_counted() {
    let invalid = Round {
        violations: vec![Violation::new("spec.a", "wrong"); 12],
        ..round()
    };
    let message = condition(&invalid.report(), "Stalled").message.clone();
    assert_eq!(message.matches("spec.a: wrong").count(), 10);
    assert!(message.ends_with("; and 2 more"), "{message}");
}

#[test]
fn a_paused_object_keeps_what_was_said_of_it() {
    let paused = Round {
        paused: true,
        previous: Some(round().report()),
        ..round()
    };
    assert_eq!(
        says(&paused.report(), "Ready"),
        said(True, Reason::Available)
    );
    assert_eq!(
        says(&paused.report(), "Synced"),
        said(False, Reason::Paused)
    );
}

#[test]
fn a_generation_that_came_while_the_object_was_paused_is_not_ready_however_often_that_is_looked_at()
{
    let mut before = round().report();
    before.observed_generation = Some(GENERATION - 1);
    for condition in &mut before.conditions {
        condition.observed_generation = Some(GENERATION - 1);
    }
    for _ in 0..3 {
        let paused = Round {
            paused: true,
            previous: Some(before),
            ..round()
        };
        before = paused.report();
        assert_eq!(says(&before, "Ready"), said(Unknown, Reason::Paused));
    }
}

#[test]
fn an_object_being_deleted_is_not_ready_and_says_what_is_awaited() {
    let mut deleting = Round {
        deleting: true,
        ..round()
    };
    deleting.plan.cache = AspectPlan::wait(
        Reason::Deleting,
        "replication group capi-1 is being deleted",
        Duration::from_secs(5),
    );
    let status = deleting.report();
    assert_eq!(says(&status, "Ready"), said(False, Reason::Deleting));
    assert_eq!(says(&status, "Reconciling"), said(True, Reason::Deleting));
    assert_eq!(
        status.pending[0].message,
        "replication group capi-1 is being deleted"
    );
}

fn rest_api(tags: crate::model::Tags) -> RestApi {
    RestApi {
        id: "abc".into(),
        name: "shop-orders".into(),
        version: None,
        endpoint_type: None,
        settings: Vec::new(),
        created: None,
        available: true,
        status_message: None,
        confirmed: true,
        tags,
    }
}

fn live_api(observed: &mut Observed) {
    let tags = crate::fixtures::identity().tags();
    observed.gateway.rest_api = Seen::Present(rest_api(tags.clone()));
    observed.gateway.deployments = Seen::Present(
        (0..7)
            .rev()
            .map(|n| Deployment {
                id: format!("d{n}"),
                description: format!("cachedapi sha256:h{n}"),
                created: Some(now()),
            })
            .collect(),
    );
    observed.gateway.stage = Seen::Present(Stage {
        deployment_id: "d6".into(),
        description: "cachedapi sha256:h6 deployment d6".into(),
        variables: [].into(),
        method_settings: [].into(),
        cache_cluster: false,
        tags,
    });
}

#[test]
fn the_api_is_reported_with_its_url_and_the_last_five_deployments() {
    let mut live = round();
    live_api(&mut live.observed);
    let api = live.report().api.unwrap();
    assert_eq!(
        api.invoke_url.as_deref(),
        Some("https://abc.execute-api.eu-west-1.amazonaws.com/prod")
    );
    assert_eq!(
        api.deployment.map(|d| (d.id, d.hash)),
        Some(("d6".into(), "h6".into()))
    );
    assert_eq!(
        api.history
            .iter()
            .map(|d| d.id.as_str())
            .collect::<Vec<_>>(),
        ["d6", "d5", "d4", "d3", "d2"]
    );
}

#[test]
fn an_api_without_a_stage_has_no_url() {
    let mut young = round();
    live_api(&mut young.observed);
    young.observed.gateway.stage = Seen::Absent;
    let api = young.report().api.unwrap();
    assert_eq!((api.invoke_url, api.deployment), (None, None));
}

#[test]
fn what_was_not_looked_at_stays_as_it_was_and_what_is_gone_goes() {
    let mut live = round();
    live_api(&mut live.observed);
    let before = live.report();
    let unseen = Round {
        previous: Some(before.clone()),
        ..round()
    };
    assert_eq!(unseen.report().api, before.api);
    let mut gone = Round {
        previous: Some(before),
        ..round()
    };
    gone.observed.gateway.rest_api = Seen::Absent;
    assert_eq!(gone.report().api, None);
}

#[test]
fn an_announced_creation_is_kept_until_the_api_is_seen() {
    let intent = Intent {
        kind: INTENT_REST_API.into(),
        at: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()),
    };
    let before = CachedApiStatus {
        intents: vec![intent],
        ..CachedApiStatus::default()
    };
    let mut announced = Round {
        previous: Some(before),
        ..round()
    };
    announced.plan.api = AspectPlan::act(Action::Cluster(ClusterAction::RecordIntent {
        kind: INTENT_REST_API,
    }));
    assert_eq!(announced.report().intent(INTENT_REST_API), Some(now()));
    live_api(&mut announced.observed);
    assert_eq!(announced.report().intent(INTENT_REST_API), None);
}

fn group(arn: &str) -> ReplicationGroup {
    ReplicationGroup {
        nodes: Vec::new(),
        arn: arn.into(),
        status: "available".into(),
        engine: Some("valkey".into()),
        node_type: "cache.t4g.small".into(),
        member_clusters: Vec::new(),
        shards: 1,
        replicas_per_shard: 1,
        failover: true,
        multi_az: true,
        tls_required: true,
        node_groups_available: true,
        encrypted_at_rest: true,
        auth_token: false,
        cluster_mode: false,
        global: false,
        snapshot_retention_days: 7,
        user_group_ids: [].into(),
        primary: Some(Endpoint {
            host: "primary.example.com".into(),
            port: 6379,
        }),
        reader: None,
        pending: Vec::new(),
        auth_token_modified: None,
        created: None,
        auth_token_changing: false,
    }
}

#[test]
fn the_cache_is_reported_with_its_endpoints() {
    let mut live = round();
    live.observed.cache.group = Seen::Present(group("arn:capi-1"));
    let cache = live.report().cache.unwrap();
    assert_eq!(
        cache.primary_endpoint.as_deref(),
        Some("primary.example.com:6379")
    );
    assert_eq!(
        (cache.state.as_str(), cache.engine.as_deref()),
        ("available", Some("valkey"))
    );
}
