//! The planner against a small model of API Gateway: what it decides is applied, what it asks for is answered, until it is settled.

mod duplicates;
pub(in crate::plan) mod service;

use std::time::Duration;

use serde_json::{Value, json};

use service::Service;

use super::*;
use crate::api::Reason;
use crate::fixtures::{context, desired, now, route, spec_json};
use crate::plan::{Class, Depth, Failure, MethodSettings};

const ACCOUNT: &str = "123456789012";

fn nothing_seen(service: &Service) -> Observed {
    let mut observed = Observed {
        account: Some(ACCOUNT.into()),
        ..Observed::default()
    };
    observed.gateway.hint = service.api.as_ref().map(|api| api.id.clone());
    observed
}

/// Runs rounds until the plan is settled; gives what was seen last. Panics when it does not settle.
fn settle(service: &mut Service, json: &Value, depth: Depth) -> Observed {
    settle_with(service, json, depth, &[])
}

/// The same where status names these functions.
fn settle_with(
    service: &mut Service,
    json: &Value,
    depth: Depth,
    functions: &[String],
) -> Observed {
    let desired = desired(json.clone());
    let mut observed = nothing_seen(service);
    observed.gateway.known_functions = functions.iter().cloned().collect();
    observed.gateway.keys_known = !service.keys.is_empty();
    for _ in 0..30 {
        let plan = plan_gateway(&desired, &observed, Context { depth, ..context() });
        if plan.is_settled() {
            return observed;
        }
        assert!(plan.waits.is_empty() && plan.blocks.is_empty(), "{plan:?}");
        for read in &plan.reads {
            observed.record(service.read(read));
        }
        if plan.reads.is_empty() {
            for action in &plan.actions {
                let reply = service.write(action, Some(&desired.gateway.document));
                observed.learn(action, reply);
            }
        }
    }
    panic!("does not settle: {:?}", service.calls);
}

fn live(json: &Value) -> Service {
    let mut service = Service::default();
    settle(&mut service, json, Depth::Full);
    service.calls.clear();
    service
}

fn routes(count: usize) -> Value {
    let mut json = spec_json();
    json["routes"] = (0..count)
        .map(|n| route(&format!("r{n}"), &format!("/r{n}")))
        .collect();
    json
}

#[test]
fn an_api_is_live_after_eight_calls_however_many_routes_it_has() {
    for count in [1, 60, 300] {
        let mut service = Service::default();
        settle(&mut service, &routes(count), Depth::Full);
        let calls = [
            "GetRestApis",
            "CreateRestApi",
            "PutRestApi",
            "GetStage",
            "GetDeployments",
            "CreateDeployment",
            "CreateStage",
            "UpdateStage",
        ];
        assert_eq!(service.calls, calls, "{count} routes");
    }
}

#[test]
fn a_changed_route_is_live_after_six_calls() {
    let mut service = live(&routes(60));
    let mut changed = routes(60);
    changed["routes"][7]["cache"]["ttl"] = json!("5m");
    changed["routes"][8]["throttle"] = json!({"rate": 5, "burst": 9});
    settle(&mut service, &changed, Depth::Full);
    assert_eq!(
        service.calls,
        [
            "GetRestApi",
            "PutRestApi",
            "GetStage",
            "GetDeployments",
            "CreateDeployment",
            "UpdateStage"
        ]
    );
    assert!(
        service
            .stage
            .unwrap()
            .method_settings
            .contains_key("r8/GET")
    );
}

#[test]
fn planning_again_changes_nothing() {
    let mut service = live(&routes(3));
    settle(&mut service, &routes(3), Depth::Full);
    assert!(
        service.calls.iter().all(|call| call.starts_with("Get")),
        "{:?}",
        service.calls
    );
}

#[test]
fn a_poll_reads_the_api_the_stage_and_at_most_one_thing_more() {
    let mut service = live(&routes(3));
    for n in 0..10 {
        service.calls.clear();
        settle(&mut service, &routes(3), Depth::Poll(n));
        assert_eq!(service.calls[..2], ["GetRestApi", "GetStage"], "poll {n}");
        assert!(service.calls.len() <= 3, "poll {n}: {:?}", service.calls);
    }
}

#[test]
fn a_spec_that_goes_back_reuses_its_deployment() {
    let (before, mut after) = (routes(2), routes(2));
    after["routes"][0]["path"] = json!("/other");
    let mut service = live(&before);
    let first = service.stage.clone().unwrap().deployment_id;
    settle(&mut service, &after, Depth::Full);
    settle(&mut service, &before, Depth::Full);
    assert_eq!(service.stage.unwrap().deployment_id, first);
    assert_eq!(service.deployments.len(), 2);
}

#[test]
fn the_last_five_deployments_are_kept() {
    let mut service = live(&routes(1));
    for ttl in 1..10 {
        let mut json = routes(1);
        json["routes"][0]["cache"]["ttl"] = json!(format!("{ttl}s"));
        settle(&mut service, &json, Depth::Full);
    }
    assert_eq!(service.deployments.len(), 5);
    assert_eq!(
        service.stage.unwrap().deployment_id,
        service.deployments[0].id
    );
}

#[test]
fn what_somebody_changed_outside_is_put_right() {
    type Change = fn(&mut Service);
    let cases: [(&str, Depth, Change); 7] = [
        (
            "the stage is pointed at another deployment",
            Depth::Poll(0),
            |s| s.stage.as_mut().unwrap().deployment_id = "dep0".into(),
        ),
        ("a stage variable appears", Depth::Poll(0), |s| {
            drop(
                s.stage
                    .as_mut()
                    .unwrap()
                    .variables
                    .insert("x".into(), "y".into()),
            );
        }),
        ("the throttle is raised", Depth::Poll(0), |s| {
            s.stage
                .as_mut()
                .unwrap()
                .method_settings
                .get_mut("*/*")
                .unwrap()
                .rate = 9.0;
        }),
        ("a method gets settings of its own", Depth::Poll(0), |s| {
            let settings = MethodSettings {
                rate: 1.0,
                burst: 1,
                caching: true,
            };
            s.stage
                .as_mut()
                .unwrap()
                .method_settings
                .insert("orders/{id}/GET".into(), settings);
        }),
        (
            "API Gateway's own cache is switched on",
            Depth::Poll(0),
            |s| s.stage.as_mut().unwrap().cache_cluster = true,
        ),
        ("the stage is deleted", Depth::Poll(0), |s| s.stage = None),
        ("a method is deleted", Depth::Full, |s| s.methods.clear()),
    ];
    for (reason, depth, change) in cases {
        let mut service = live(&spec_json());
        let before = (service.stage.clone(), service.methods.clone());
        change(&mut service);
        settle(&mut service, &spec_json(), depth);
        assert_eq!((service.stage, service.methods), before, "{reason}");
    }
}

#[test]
fn a_half_done_put_is_put_again_before_it_is_deployed() {
    let mut service = live(&routes(2));
    let mut changed = routes(2);
    changed["routes"][0]["path"] = json!("/other");
    // The reply was lost or the service failed half-way: the version is there, a method is not.
    service.api.as_mut().unwrap().version = Some(desired(changed.clone()).gateway.document.hash);
    settle(&mut service, &changed, Depth::Full);
    let order: Vec<_> = service
        .calls
        .iter()
        .filter(|call| !call.starts_with("Get"))
        .copied()
        .collect();
    assert_eq!(order, ["PutRestApi", "CreateDeployment", "UpdateStage"]);
}

#[test]
fn an_announced_creation_is_looked_for_until_its_grace_is_over() {
    let desired = desired(spec_json());
    let mut observed = Observed::default();
    observed.gateway.rest_api = Seen::Absent;
    let ahead = Duration::from_mins(10);
    for announced in [now() - Duration::from_secs(29), now() + ahead] {
        observed.gateway.intent = Some(announced);
        let plan = plan_gateway(&desired, &observed, context());
        assert_eq!(plan.waits[0].reason, Reason::WaitingForCreation);
        assert!(plan.actions.is_empty());
    }
    observed.gateway.intent = Some(now() - Duration::from_secs(31));
    let plan = plan_gateway(&desired, &observed, context());
    assert!(matches!(
        plan.actions[0],
        Action::Cluster(ClusterAction::RecordIntent {
            kind: INTENT_REST_API
        })
    ));
    assert!(matches!(
        plan.actions[1],
        Action::Gateway(GatewayAction::CreateRestApi { .. })
    ));
}

#[test]
fn an_unreadable_api_is_never_created_again() {
    let failure = |class| Failure {
        operation: "apigateway:GetRestApis",
        class,
        reason: Reason::AwsUnavailable,
        message: "no".into(),
        retry_after: None,
    };
    for class in [Class::Transient, Class::Busy, Class::Blocked] {
        let mut observed = Observed::default();
        observed.gateway.rest_api = Seen::Unknown(failure(class));
        let plan = plan_gateway(&desired(spec_json()), &observed, context());
        assert!(
            plan.actions.is_empty() && plan.reads.is_empty() && !plan.is_settled(),
            "{class:?}"
        );
    }
}

#[test]
fn an_api_with_other_tags_is_not_ours_and_is_searched_for() {
    let mut service = live(&spec_json());
    service.api.as_mut().unwrap().tags.clear();
    let mut observed = nothing_seen(&service);
    observed.record(service.read(&Read::RestApi { id: "api1".into() }));
    let plan = plan_gateway(&desired(spec_json()), &observed, context());
    assert!(matches!(plan.reads[..], [Read::RestApiSearch { .. }]) && plan.actions.is_empty());
}

#[test]
fn of_two_apis_the_younger_is_deleted_once_the_older_serves() {
    let mut service = live(&spec_json());
    let mut observed = settle(&mut service, &spec_json(), Depth::Full);
    observed.gateway.duplicates = Seen::Present(vec!["younger".into()]);
    let plan = plan_gateway(&desired(spec_json()), &observed, context());
    assert_eq!(
        plan.actions,
        [Action::Gateway(GatewayAction::DeleteRestApi {
            api: "younger".into()
        })]
    );
}

fn lambda(json: &mut Value) -> &'static str {
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
    json["routes"][0]["backend"] = json!({"lambda": {"functionArn": function}});
    function
}

#[test]
fn a_function_is_made_callable_before_anything_is_deployed() {
    let mut json = spec_json();
    let function = lambda(&mut json);
    let mut service = Service::default();
    settle(&mut service, &json, Depth::Full);
    let place = |call| service.calls.iter().position(|c| *c == call).unwrap();
    assert!(place("AddPermission") < place("CreateDeployment"));
    let arn = &service.permissions[function].source_arn;
    assert_eq!(arn, "arn:aws:execute-api:eu-west-1:123456789012:api1/*/*");
}

#[test]
fn a_function_that_no_route_names_any_more_is_callable_until_what_calls_it_is_not_live_any_more() {
    let mut json = spec_json();
    let function = lambda(&mut json);
    let mut service = live(&json);
    let known = [function.to_owned()];
    settle_with(&mut service, &spec_json(), Depth::Full, &known);
    let place = |call| service.calls.iter().position(|c| *c == call).unwrap();
    assert!(place("UpdateStage") < place("RemovePermission"));
    assert!(service.permissions.is_empty());
}

fn keyed() -> Value {
    let mut json = spec_json();
    json["routes"][0]["auth"] = json!({"apiKey": {}});
    json["api"] = json!({
        "apiKeys": [{"name": "mobile", "secret": {"name": "mobile-key"}}],
        "usagePlan": {"throttle": {"rate": 10, "burst": 20}, "quota": {"limit": 1000, "period": "Day"}},
    });
    json
}

#[test]
fn api_keys_come_with_a_usage_plan_that_counts_for_the_stage() {
    let mut service = live(&keyed());
    settle(&mut service, &keyed(), Depth::Full);
    let plan = &service.usage_plans[0];
    assert_eq!(plan.stages, [("api1".to_owned(), "prod".to_owned())].into());
    assert_eq!(
        plan.key_ids,
        service.keys.iter().map(|key| key.id.clone()).collect()
    );
    assert_eq!(
        (plan.throttle, plan.quota.clone()),
        (Some((10.0, 20)), Some((1000, "DAY".into())))
    );
}

#[test]
fn limits_keys_and_plan_follow_the_spec() {
    let mut service = live(&keyed());
    let mut changed = keyed();
    changed["api"]["usagePlan"] = json!({"quota": {"limit": 5, "period": "Month"}});
    changed["api"]["apiKeys"][0]["name"] = json!("web");
    settle(&mut service, &changed, Depth::Full);
    let plan = &service.usage_plans[0];
    assert_eq!(
        (plan.throttle, plan.quota.clone()),
        (None, Some((5, "MONTH".into())))
    );
    assert_eq!(
        service.keys.iter().map(|key| &key.name).collect::<Vec<_>>(),
        ["shop-orders-0a1b2c3d-web"]
    );
    assert_eq!(
        plan.key_ids,
        service.keys.iter().map(|key| key.id.clone()).collect()
    );
    settle(&mut service, &spec_json(), Depth::Full);
    assert!(service.usage_plans.is_empty() && service.keys.is_empty());
}
