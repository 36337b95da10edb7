use super::*;
use crate::api::Reason;
use crate::plan::{Aspect, Class};

fn object(generation: i64, request: Option<&str>) -> CachedApi {
    let annotations: serde_json::Value = request.map_or_else(
        || serde_json::json!({}),
        |at| serde_json::json!({ANNOTATION_RECONCILE: at}),
    );
    serde_json::from_value(serde_json::json!({
        "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi",
        "metadata": {"namespace": "shop", "name": "orders", "uid": "u1", "generation": generation, "annotations": annotations},
        "spec": {
            "region": "eu-west-1", "routes": [],
            "cache": {"replicationGroup": {"engineVersion": "8.1", "nodeType": "cache.t4g.small", "network": {"subnetIds": [], "securityGroupIds": []}}},
        },
    }))
    .unwrap()
}

fn failure() -> Failure {
    Failure {
        operation: "elasticache:CreateUser",
        class: Class::Transient,
        reason: Reason::AwsUnavailable,
        message: String::new(),
        retry_after: None,
    }
}

fn failed_memory(memories: &Memories) {
    let mut memory = memories.take(&object(1, None));
    memory.hold(Aspect::Cache.into(), failure());
    memory.settled = true;
    memories.keep(key(&object(1, None)), memory);
}

#[tokio::test(start_paused = true)]
async fn an_aspect_that_failed_is_left_alone_longer_each_time() {
    let mut memory = Memory::default();
    let cache = || Scope::from(Aspect::Cache);
    memory.hold(cache(), failure());
    assert_eq!(memory.held().keys().collect::<Vec<_>>(), [&cache()]);
    tokio::time::advance(Duration::from_millis(1500)).await;
    assert!(memory.held().is_empty(), "a second is over");
    memory.hold(cache(), failure());
    tokio::time::advance(Duration::from_millis(1500)).await;
    assert!(!memory.held().is_empty(), "the second time it takes two");
    memory.release(|_| false);
    assert!(memory.held().is_empty() && memory.next_try().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_aspect_whose_next_operation_fails_is_left_alone_as_briefly_as_at_first() {
    let mut memory = Memory::default();
    for operation in ["elasticache:CreateUser", "elasticache:CreateUserGroup"] {
        for _ in 0..3 {
            memory.hold(Aspect::Cache.into(), failure());
        }
        let failure = Failure {
            operation,
            ..failure()
        };
        memory.hold(Aspect::Cache.into(), failure);
        tokio::time::advance(Duration::from_millis(1500)).await;
        let same = operation == "elasticache:CreateUser";
        assert_eq!(!memory.held().is_empty(), same, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_consumer_that_failed_is_left_alone_by_itself() {
    let consumer = |name: &str| Scope::Consumer {
        kind: "Deployment",
        name: name.into(),
    };
    let mut memory = Memory::default();
    for _ in 0..3 {
        memory.hold(consumer("bad"), failure());
    }
    memory.hold(consumer("new"), failure());
    tokio::time::advance(Duration::from_millis(1500)).await;
    let held = memory.held();
    assert_eq!(held.keys().collect::<Vec<_>>(), [&consumer("bad")]);
    memory.release(|scope| *scope == consumer("bad"));
    memory.hold(consumer("new"), failure());
    tokio::time::advance(Duration::from_millis(1500)).await;
    let held = memory.held();
    assert_eq!(
        held.keys().collect::<Vec<_>>(),
        [&consumer("bad")],
        "one that worked begins anew"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_spec_or_a_new_request_ends_all_back_off() {
    for (case, object) in [
        ("spec", object(2, None)),
        ("request", object(1, Some("now"))),
    ] {
        let memories = Memories::default();
        failed_memory(&memories);
        let memory = memories.take(&object);
        assert!(memory.held().is_empty() && !memory.settled, "{case}");
    }
    let memories = Memories::default();
    failed_memory(&memories);
    assert!(
        !memories.take(&object(1, None)).held().is_empty(),
        "unchanged"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_at_rest_is_looked_at_again_after_a_poll_or_a_change() {
    let poll = Duration::from_mins(10);
    let seen = || Some(AtRest::default());
    let memories = Memories::default();
    let mut memory = memories.take(&object(1, None));
    memory.rest(seen());
    tokio::time::advance(Duration::from_mins(9)).await;
    assert_eq!(memory.rested(poll), seen());
    memory.rest(seen());
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(memory.rested(poll), None, "keeping it makes it no younger");
    memory.rest(seen());
    memories.keep(key(&object(1, None)), memory);
    assert_eq!(
        memories.take(&object(2, None)).rested(poll),
        None,
        "the spec changed"
    );
}

/// Whether what `memory` has is worked out anew, for a document of `size` bytes.
fn works_out(memory: &mut Memory, size: usize) -> bool {
    let mut worked_out = false;
    let desired = memory.desired(|| {
        worked_out = true;
        let mut desired = crate::model::validate(identity(), &object(1, None).spec)?;
        desired.gateway.document.body = " ".repeat(size);
        Ok(desired)
    });
    assert_eq!(desired.unwrap().gateway.document.body.len(), size);
    worked_out
}

fn identity() -> crate::model::Identity {
    crate::model::Identity {
        namespace: "shop".into(),
        name: "orders".into(),
        uid: uuid::Uuid::nil(),
        cluster: crate::model::Cluster {
            id: "c".into(),
            operator_version: "0".into(),
        },
    }
}

#[test]
fn what_is_desired_is_worked_out_again_when_anything_that_it_follows_from_changed() {
    let with = |annotation: &str| {
        let mut object = object(1, None);
        let annotations = object.metadata.annotations.get_or_insert_default();
        annotations.insert(annotation.into(), "2026-11-25T12:00:00Z".into());
        object
    };
    let mut another = object(1, None);
    another.metadata.uid = Some("u2".into());
    for (reason, object, anew) in [
        ("nothing", object(1, None), false),
        ("the spec", object(2, None), true),
        ("a rotation is asked for", with(ANNOTATION_ROTATE), true),
        ("a revocation is asked for", with(ANNOTATION_REVOKE), true),
        ("a namesake", another, true),
    ] {
        let memories = Memories::default();
        let mut memory = memories.take(&self::object(1, None));
        assert!(works_out(&mut memory, 1), "{reason}");
        memories.keep(key(&object), memory);
        assert_eq!(works_out(&mut memories.take(&object), 1), anew, "{reason}");
    }
}

#[test]
fn a_large_document_is_not_kept() {
    let mut memory = Memory::default();
    for _ in 0..2 {
        assert!(works_out(&mut memory, LARGEST_KEPT + 1));
    }
}

#[test]
fn a_namesake_inherits_nothing() {
    let memories = Memories::default();
    memories.keep(
        key(&object(1, None)),
        Memory {
            uid: "another".into(),
            settled: true,
            ..Memory::default()
        },
    );
    assert!(!memories.take(&object(1, None)).settled);
}
