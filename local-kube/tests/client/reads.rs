use std::pin::pin;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use kube::ResourceExt;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use local_kube::LocalKube;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::stage::{create, kube, merge, named, refusal, secrets, things};

#[tokio::test(start_paused = true)]
async fn a_list_in_pages_is_of_one_version() {
    let kube = kube();
    for name in ["a", "b", "c"] {
        create(&kube, name).await;
    }
    let first = things(&kube)
        .list(&ListParams::default().limit(2))
        .await
        .unwrap();
    create(&kube, "d").await;
    let token = first.metadata.continue_.clone().unwrap();
    let second = things(&kube)
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<String> = first
        .iter()
        .chain(second.iter())
        .map(ResourceExt::name_any)
        .collect();
    assert_eq!(
        (names, second.metadata.continue_),
        (vec!["a".into(), "b".into(), "c".into()], None)
    );
    kube.compact();
    let late = things(&kube)
        .list(&ListParams::default().continue_token(&token))
        .await;
    assert_eq!(refusal(late), (410, "Expired".into()));
}

/// What a watch from `version` says within five minutes.
pub async fn watched(kube: &LocalKube, version: &str) -> Vec<String> {
    let stream = things(kube)
        .watch(&WatchParams::default(), version)
        .await
        .unwrap();
    let events: Vec<WatchEvent<DynamicObject>> = stream.try_collect().await.unwrap();
    let tell = |event: WatchEvent<DynamicObject>| match event {
        WatchEvent::Added(object) => format!("added {}", object.name_any()),
        WatchEvent::Modified(object) => format!("modified {}", object.name_any()),
        WatchEvent::Deleted(object) => format!("deleted {}", object.name_any()),
        WatchEvent::Bookmark(mark) => format!("bookmark {}", mark.metadata.resource_version),
        WatchEvent::Error(status) => format!("error {}", status.code),
    };
    events.into_iter().map(tell).collect()
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_happened_since_and_ends_with_a_bookmark() {
    let kube = kube();
    let one = create(&kube, "one").await;
    let start = Instant::now();
    let later = async {
        sleep(Duration::from_mins(1)).await;
        merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
        things(&kube)
            .delete("one", &DeleteParams::default())
            .await
            .unwrap();
        secrets(&kube)
            .create(&PostParams::default(), &named("unseen"))
            .await
            .unwrap();
    };
    let version = one.resource_version().unwrap();
    let (events, ()) = tokio::join!(watched(&kube, &version), later);
    assert_eq!(events, ["modified one", "deleted one", "bookmark 6"]);
    assert_eq!(
        start.elapsed().as_secs(),
        290,
        "as long as the client asked for"
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_forgotten_version_is_gone_and_a_watcher_lists_again() {
    let kube = kube();
    let one = create(&kube, "one").await;
    let mut watch = pin!(watcher(things(&kube), watcher::Config::default()));
    let mut seen = async || watch.next().await.unwrap();
    assert!(matches!(seen().await, Ok(watcher::Event::Init)));
    assert!(matches!(seen().await, Ok(watcher::Event::InitApply(_))));
    assert!(matches!(seen().await, Ok(watcher::Event::InitDone)));
    merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    kube.compact();
    let version = one.resource_version().unwrap();
    assert_eq!(watched(&kube, &version).await, ["error 410"]);
    assert!(matches!(seen().await, Err(watcher::Error::WatchError(status)) if status.code == 410));
    assert!(matches!(seen().await, Ok(watcher::Event::Init)));
    assert!(
        matches!(seen().await, Ok(watcher::Event::InitApply(object)) if object.metadata.generation == Some(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_restored_store_is_what_it_was_and_whoever_watched_lists_again() {
    let kube = kube();
    let one = create(&kube, "one").await;
    let backup = kube.back_up();
    merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    let two = create(&kube, "two").await;
    let last = two.metadata.resource_version.unwrap();
    kube.restore(&backup, true);
    assert_eq!(things(&kube).get("one").await.unwrap().data, one.data);
    assert!(things(&kube).get_opt("two").await.unwrap().is_none());
    assert_eq!(watched(&kube, &last).await, ["error 410"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_a_version_that_a_restored_store_has_not_reached_hears_nothing() {
    let kube = kube();
    create(&kube, "one").await;
    let backup = kube.back_up();
    merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    let two = create(&kube, "two").await;
    kube.restore(&backup, false);
    let last = two.metadata.resource_version.unwrap();
    let again = create(&kube, "two").await;
    assert!(again.metadata.resource_version.unwrap() < last);
    assert_ne!(again.metadata.uid, two.metadata.uid, "it is another one");
    assert_eq!(watched(&kube, &last).await, [format!("bookmark {last}")]);
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_withdrawn_is_not_found_and_its_objects_come_back_with_it() {
    let kube = kube();
    let one = create(&kube, "one").await;
    let version = one.metadata.resource_version.clone().unwrap();
    let (events, ()) = tokio::join!(watched(&kube, &version), async {
        sleep(Duration::from_secs(1)).await;
        kube.withdraw("things");
    });
    assert_eq!(events, Vec::<String>::new(), "the watch ends");
    assert_eq!(
        refusal(things(&kube).get("one").await),
        (404, "NotFound".into())
    );
    kube.serve(super::stage::resource());
    assert_eq!(
        things(&kube).get("one").await.unwrap().metadata.uid,
        one.metadata.uid
    );
}
