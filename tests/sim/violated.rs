//! Each invariant is violated by hand, and that is seen.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::wire::Call;
use crate::world::{SECRET, World};

use super::invariants::Monitor;
use super::scenario::{Part, Scenario};

const SEARCHED: &str = "cachedapis/status:patch";

/// Makes the example Ready, ends its operator, does `harm`, and says what was seen then: by a look after a write of a status, and at rest.
async fn seen_after<F>(harm: impl FnOnce(Arc<World>) -> F) -> Vec<String>
where
    F: Future<Output = ()>,
{
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    monitor.at_rest();
    assert_eq!(monitor.violations(), Vec::<String>::new(), "before");
    harm(world.clone()).await;
    // What is changed in AWS takes a moment.
    sleep(Duration::from_mins(1)).await;
    look(&monitor);
    monitor.at_rest();
    monitor.violations()
}

fn look(monitor: &Monitor) {
    monitor.look(&Call {
        operation: SEARCHED.into(),
        object: String::new(),
        writes: true,
    });
}

fn assert_seen(violations: &[String], invariant: &str) {
    let seen = violations.iter().any(|seen| seen.starts_with(invariant));
    assert!(seen, "{invariant}: {violations:#?}");
}

fn uid(world: &World) -> String {
    world.object()["metadata"]["uid"].as_str().unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn a_thing_whose_object_is_gone_is_seen() {
    let harm = async |world: Arc<World>| {
        world.patch(json!({"metadata": {"finalizers": null}})).await;
        world.delete().await;
    };
    assert_seen(&seen_after(harm).await, "I1");
}

#[tokio::test(start_paused = true)]
async fn a_second_rest_api_is_seen() {
    let harm = async |world: Arc<World>| {
        let tags =
            json!({"cachedapi.dev/owner-uid": uid(&world), "cachedapi.dev/cluster-id": "test"});
        sleep(Duration::from_mins(1)).await;
        let api = json!({"name": "shop-orders", "tags": tags});
        world.gateway("POST", "/restapis", &api).await;
    };
    assert_seen(&seen_after(harm).await, "I2");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_locked_out_is_seen_and_that_the_status_does_not_say_so() {
    let harm = async |world: Arc<World>| {
        let user = format!("UserId=capi-{}", uid(&world).replace('-', ""));
        let password = "Passwords.member.1=of-somebody-else-entirely";
        let parameters = format!("{user}&{password}");
        assert!(world.elasticache("ModifyUser", &parameters).await);
    };
    let seen = seen_after(harm).await;
    assert_seen(&seen, "I4");
    assert_seen(&seen, "I6");
}

#[tokio::test(start_paused = true)]
async fn a_password_in_an_annotation_is_seen() {
    let harm = async |world: Arc<World>| {
        let password = world.bound()["password"].clone();
        let annotations = json!({"metadata": {"annotations": {"note": password}}});
        world.patch(annotations).await;
    };
    assert_seen(&seen_after(harm).await, "I5");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_ready_without_its_stage_is_seen() {
    let harm = async |world: Arc<World>| {
        let id = world.object()["status"]["api"]["id"].clone();
        let stage = format!("/restapis/{}/stages/prod", id.as_str().unwrap());
        world.gateway("DELETE", &stage, &Value::Null).await;
    };
    assert_seen(&seen_after(harm).await, "I6");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_ready_without_its_bound_secret_is_seen() {
    let harm = async |world: Arc<World>| {
        let parameters = kube::api::DeleteParams::default();
        world.secrets().delete(SECRET, &parameters).await.unwrap();
    };
    assert_seen(&seen_after(harm).await, "I6");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_others_have_is_seen() {
    let harm = async |world: Arc<World>| {
        assert!(world.elasticache("DeleteUser", "UserId=capi-theirs").await);
    };
    assert_seen(&seen_after(harm).await, "I9");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_current_again_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    let arn = world.object()["status"]["credentials"]["secretArn"].clone();
    let versions =
        world.place()["secretsmanager"]["secrets"]["cachedapi/shop/orders-164bf29b"]["versions"]
            .clone();
    let labelled = |label: &str| {
        let versions = versions.as_object().unwrap().iter();
        let mut found = versions.filter(|(_, version)| {
            version["labels"]
                .as_array()
                .unwrap()
                .contains(&label.into())
        });
        found.next().unwrap().0.clone()
    };
    let (current, previous) = (labelled("AWSCURRENT"), labelled("AWSPREVIOUS"));
    for (to, from) in [(&previous, &current), (&current, &previous)] {
        let stage = json!({
            "SecretId": arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": to, "RemoveFromVersionId": from,
        });
        world
            .secrets_manager("UpdateSecretVersionStage", &stage)
            .await;
        look(&monitor);
    }
    assert_seen(&monitor.violations(), "I12");
}
