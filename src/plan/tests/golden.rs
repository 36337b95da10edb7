//! The life of an object, told round by round in `golden/`: read these texts before the code, and review their changes like documentation.
//!
//! `UPDATE_GOLDEN=1 cargo test golden` writes them anew.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{settled, teardown};
use crate::fixtures::{desired, identity, spec, spec_json};
use crate::model::Estate;
use crate::plan::world::{World, foreign_tags};

#[expect(
    clippy::disallowed_methods,
    reason = "a developer asks for an update from the shell"
)]
fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

fn compare(name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/plan/tests/golden")
        .join(name);
    if updates() {
        fs::write(&path, told).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        told, golden,
        "{name} is not what is told any more; UPDATE_GOLDEN=1 writes it anew"
    );
}

#[test]
fn an_object_is_created() {
    let mut world = World::default();
    world.settle(&desired(teardown::everything()));
    compare("created.txt", &world.journal.take());
}

#[test]
fn the_cache_is_changed_in_every_way() {
    let mut json = spec_json();
    let (mut world, _) = settled(&json);
    json["cache"]["replicationGroup"] = json!({
        "engineVersion": "8.2", "nodeType": "cache.r7g.large", "replicasPerShard": 0, "snapshots": {"retentionDays": 1},
        "network": {"subnetIds": ["subnet-3", "subnet-4"], "securityGroupIds": ["sg-2"]},
    });
    world.settle(&desired(json));
    compare("cache-changed.txt", &world.journal.take());
}

#[test]
fn a_route_is_changed() {
    let mut json = spec_json();
    let (mut world, _) = settled(&json);
    json["routes"][0]["cache"]["ttl"] = json!("5m");
    json["routes"][0]["throttle"] = json!({"rate": 5, "burst": 9});
    world.settle(&desired(json));
    compare("route-changed.txt", &world.journal.take());
}

#[test]
fn somebody_meddles_with_the_cache() {
    let (mut world, desired) = settled(&spec_json());
    let id = identity().cache_id();
    world
        .cache
        .users
        .get_mut(&identity().default_user_id())
        .unwrap()
        .access_string = "on ~* +@all".into();
    world
        .cache
        .user_groups
        .get_mut(&id)
        .unwrap()
        .user_ids
        .insert("guest".into());
    world
        .cache
        .groups
        .get_mut(&id)
        .unwrap()
        .user_group_ids
        .clear();
    world.cluster.secrets.clear();
    world.settle(&desired);
    compare("meddled-with.txt", &world.journal.take());
}

#[test]
fn an_older_engine_is_asked_for_along_with_a_change() {
    let mut json = spec_json();
    let (mut world, _) = settled(&json);
    json["cache"]["replicationGroup"]["engineVersion"] = json!("8.0");
    json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
    world.settle(&desired(json));
    compare("refused.txt", &world.journal.take());
}

#[test]
fn somebody_else_has_the_name_of_the_user_group() {
    let (mut world, desired) = settled(&spec_json());
    world.cache.lose_group(&identity().cache_id());
    let bearers = world
        .cache
        .tags
        .iter_mut()
        .filter(|(arn, _)| arn.contains(":usergroup:"));
    bearers.for_each(|(_, tags)| *tags = foreign_tags());
    world.stall(&desired);
    compare("name-taken.txt", &world.journal.take());
}

#[test]
fn an_object_is_deleted() {
    let (mut world, _) = settled(&teardown::everything());
    world.tear_down(&Estate::new(
        identity(),
        &spec(teardown::everything()),
        [],
        [],
    ));
    compare("deleted.txt", &world.journal.take());
}
