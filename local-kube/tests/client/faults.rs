use kube::api::{ListParams, PostParams};
use local_kube::{Effect, Fault};
use serde_json::json;

use super::reads::watched;
use super::stage::{create, kube, merge, named, refusal, secrets, things};

#[tokio::test(start_paused = true)]
async fn a_fault_hits_the_calls_that_it_names() {
    let kube = kube();
    let fault = Fault::new("secrets:create", Effect::Conflict)
        .nth(2)
        .count(2)
        .object("default/b");
    kube.fault(fault);
    let mut answers = Vec::new();
    for name in ["a", "b", "b", "b", "b"] {
        let result = secrets(&kube)
            .create(&PostParams::default(), &named(name))
            .await;
        let code = result.map_or_else(|error| refusal::<()>(Err(error)).1, |_| "created".into());
        answers.push(code);
    }
    assert_eq!(
        answers,
        [
            "created",
            "created",
            "Conflict",
            "Conflict",
            "AlreadyExists"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_was_applied_and_a_lost_request_was_not() {
    for (effect, there) in [(Effect::LoseReply, true), (Effect::LoseRequest, false)] {
        let kube = kube();
        kube.fault(Fault::new("secrets:*", effect.clone()));
        let result = secrets(&kube)
            .create(&PostParams::default(), &named("a"))
            .await;
        assert!(
            matches!(result, Err(kube::Error::Service(_))),
            "{effect:?} {result:?}"
        );
        assert_eq!(
            secrets(&kube).get_opt("a").await.unwrap().is_some(),
            there,
            "{effect:?}"
        );
        assert!(kube.called()[0].lost);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_does_not_know_the_last_writes() {
    let kube = kube();
    create(&kube, "one").await;
    merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    create(&kube, "two").await;
    let mut sizes = Vec::new();
    for behind in [1, 2] {
        kube.fault(Fault::new("things:get", Effect::ReadStale { behind }));
        sizes.push(
            things(&kube)
                .get("one")
                .await
                .ok()
                .map(|one| one.data["spec"]["size"].clone()),
        );
    }
    assert_eq!(
        sizes,
        [Some(1.into()), None],
        "before the change, before the creation"
    );
    kube.fault(Fault::new("things:list", Effect::ReadStale { behind: 1 }));
    let old = things(&kube).list(&ListParams::default()).await.unwrap();
    assert_eq!(old.items.len(), 1);
    let version = old.metadata.resource_version.unwrap();
    assert_eq!(
        watched(&kube, &version).await[0],
        "added two",
        "a watch from there catches up"
    );
}
