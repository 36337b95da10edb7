//! A replication group that exists becomes the object's: what it has is told, nobody is locked out unseen, and it is given back.

use serde_json::{Value, json};

use super::round_of_a_mortal;
use crate::api::{Reason, TAG_ADOPTED, TAG_CLUSTER, TAG_OWNER_UID};
use crate::fixtures::{consent, desired, identity, spec, spec_json};
use crate::model::{Estate, Tags};
use crate::plan::orphans::is_retained;
use crate::plan::world::{Step, World, foreign_tags};
use crate::plan::{
    Action, Block, CacheNode, Class, Endpoint, Observed, Plan, ReplicationGroup, Seen, SubnetGroup,
    group_differences,
};

pub(super) const ID: &str = "sessions";
const ARN: &str = "arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:sessions";

/// A replication group that somebody made, without a credential.
fn legacy() -> ReplicationGroup {
    ReplicationGroup {
        arn: ARN.into(),
        status: "available".into(),
        node_groups_available: true,
        engine: Some("valkey".into()),
        node_type: "cache.r7g.large".into(),
        member_clusters: vec![format!("{ID}-001")],
        shards: 1,
        replicas_per_shard: 0,
        failover: false,
        multi_az: false,
        tls_required: true,
        encrypted_at_rest: true,
        snapshot_retention_days: 1,
        auth_token: false,
        cluster_mode: false,
        global: false,
        user_group_ids: [].into(),
        nodes: Vec::new(),
        primary: Some(Endpoint {
            host: format!("master.{ID}.example.com"),
            port: 6380,
        }),
        reader: None,
        pending: Vec::new(),
        auth_token_modified: None,
        auth_token_changing: false,
        created: None,
    }
}

/// A world with it.
pub(super) fn world() -> World {
    let mut world = World::default();
    let cache = &mut world.cache;
    cache.groups.insert(ID.into(), legacy());
    let node = CacheNode {
        engine: "valkey".into(),
        engine_version: "8.0.1".into(),
        security_group_ids: ["sg-0".to_owned()].into(),
        subnet_group: "private".into(),
        parameter_group: "tuned".into(),
    };
    cache.nodes.insert(ID.into(), node);
    let subnets = SubnetGroup {
        arn: "arn:aws:elasticache:eu-west-1:123456789012:subnetgroup:private".into(),
        subnet_ids: ["subnet-1".to_owned(), "subnet-2".to_owned()].into(),
    };
    cache.subnet_groups.insert("private".into(), subnets);
    let tags = foreign_tags().into_iter().chain(consent()).collect();
    cache.tags.insert(ARN.into(), tags);
    world
}

pub(super) fn adopting(mode: &str) -> Value {
    let mut json = spec_json();
    json["adopt"] = json!({"replicationGroupId": ID, "mode": mode});
    json
}

fn blocks(plan: &Plan) -> &[Block] {
    &plan.cache.blocks
}

/// The writes to ElastiCache, in order.
fn writes(world: &World) -> Vec<&'static str> {
    let actions = world.actions.iter();
    actions
        .filter(|action| match action {
            Action::Adopt(mark) => mark.arn.contains(":elasticache:"),
            Action::Release(release) => release.arn.contains(":elasticache:"),
            action => matches!(action, Action::Cache(_)),
        })
        .map(Action::operation)
        .collect()
}

fn tags(world: &World) -> &Tags {
    &world.cache.tags[ARN]
}

#[test]
fn until_the_yes_the_group_is_only_read_and_nothing_is_made_for_it() {
    let mut world = world();
    let before = world.cache.clone();
    let plan = world.stall(&desired(adopting("Review")));
    assert_eq!(blocks(&plan)[0].reason, Reason::AdoptionPending);
    assert!(
        blocks(&plan)[0]
            .message
            .contains("status.adoption.replicationGroup lists")
    );
    assert_eq!(world.cache, before);
    assert!(world.secrets.secret.is_none(), "nor is a secret");
    assert!(world.gateway.stage.is_some(), "the API goes on");
}

#[test]
fn after_the_yes_it_is_tagged_closed_by_users_and_brought_to_the_spec_in_its_place() {
    let mut world = world();
    let desired = desired(adopting("TakeOver"));
    while !world.cluster.secrets.contains_key("orders-cache") {
        world.round(&desired);
    }
    let password = world.secrets.current().unwrap().password;
    assert!(
        world.cache.groups[ID]
            .user_group_ids
            .contains(&identity().cache_id())
            && world.cache.is_opened_by(&password),
        "nobody is given what does not open it yet"
    );
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    assert_eq!(writes(&world)[0], "AddTagsToResource");
    assert!(identity().owns(tags(&world)) && tags(&world).contains_key(TAG_ADOPTED));
    assert_eq!(tags(&world).get("team"), foreign_tags().get("team"));
    let group = &world.cache.groups[ID];
    assert_eq!(world.cache.groups.len(), 1, "no other is made");
    assert_eq!(group.node_type, "cache.t4g.small");
    assert_eq!(group.replicas_per_shard, 1);
    assert_eq!(group.user_group_ids, [identity().cache_id()].into());
    assert_eq!(
        world.cache.subnet_groups.keys().collect::<Vec<_>>(),
        ["private"],
        "it lives where it lived"
    );
    let bound = &world.cluster.secrets["orders-cache"].data;
    assert_eq!(bound["host"].reveal(), format!("master.{ID}.example.com"));
    assert_eq!(
        world
            .secrets
            .current()
            .unwrap()
            .replication_group_id
            .as_deref(),
        Some(ID)
    );
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    for n in 0..12 {
        assert!(world.poll(&desired, n).is_settled(), "poll {n}");
    }
    assert!(world.actions.is_empty(), "planning again changes nothing");
}

#[test]
fn a_process_that_dies_after_any_round_of_it_is_followed_by_one_that_goes_on() {
    let (mut world, desired) = (world(), desired(adopting("TakeOver")));
    let mut round = || round_of_a_mortal(&mut world, &desired);
    let settled = (0..400).any(|_| matches!(round(), Step::Idle(plan) if plan.is_settled()));
    assert!(settled);
    assert_eq!(world.cache.groups.len(), 1);
}

/// What the spec asks for, or what there is, so that the group cannot be taken over.
type Change = fn(&mut World, &mut Value);

fn group(world: &mut World) -> &mut ReplicationGroup {
    world.cache.groups.get_mut(ID).unwrap()
}

fn node(world: &mut World) -> &mut CacheNode {
    world.cache.nodes.get_mut(ID).unwrap()
}

fn tag(world: &mut World, key: &str, value: &str) {
    let tags = world.cache.tags.get_mut(ARN).unwrap();
    tags.insert(key.into(), value.into());
}

fn ask(json: &mut Value, field: &str, value: Value) {
    json["cache"]["replicationGroup"][field] = value;
}

const REFUSED: [(&str, &str, Change); 17] = [
    (
        "another object's",
        "carries the tags of another object",
        |world, _| {
            tag(world, TAG_OWNER_UID, "00000000-0000-0000-0000-000000000001");
        },
    ),
    ("another cluster's", "elsewhere", |world, _| {
        tag(world, TAG_CLUSTER, "elsewhere");
    }),
    (
        "one without consent",
        "cachedapi.dev/adoptable-by with the value test/shop/orders",
        |world, _| {
            world.cache.tags.insert(ARN.into(), foreign_tags());
        },
    ),
    (
        "one that is not there",
        "there is no replication group nothing in eu-west-1",
        |_, json| {
            json["adopt"]["replicationGroupId"] = json!("nothing");
        },
    ),
    (
        "one with users of somebody else's",
        "the user group theirs is somebody else's",
        |world, _| {
            group(world).user_group_ids = ["theirs".to_owned()].into();
        },
    ),
    (
        "one with an AUTH token, for users",
        "write credentials.authToken",
        |world, _| {
            group(world).auth_token = true;
        },
    ),
    (
        "one with an AUTH token that no secret has",
        "spec.adopt.secretArn for that",
        |world, json| {
            group(world).auth_token = true;
            json["credentials"] = json!({"authToken": {}});
        },
    ),
    (
        "one without a credential, for an AUTH token",
        "give it an AUTH token",
        |_, json| {
            json["credentials"] = json!({"authToken": {}});
        },
    ),
    (
        "one without TLS",
        "accepts connections without TLS",
        |world, _| group(world).tls_required = false,
    ),
    (
        "one that is not encrypted",
        "not encrypted at rest",
        |world, _| group(world).encrypted_at_rest = false,
    ),
    (
        "one with other shards",
        "shards: 2 are asked for and the group has 1",
        |_, json| ask(json, "shards", json!(2)),
    ),
    (
        "one in cluster mode with one shard",
        "cluster mode with one shard",
        |world, _| group(world).cluster_mode = true,
    ),
    (
        "one that runs a newer version",
        "8.1 is asked for and the group runs 9.0",
        |world, _| {
            node(world).engine_version = "9.0.0".into();
        },
    ),
    (
        "one that runs another engine",
        "the group runs valkey, which cannot become redis",
        |_, json| {
            ask(json, "engine", json!("redis"));
            ask(json, "engineVersion", json!("7.1"));
        },
    ),
    (
        "one in other subnets",
        "write the subnets of that: subnet-9",
        |world, _| {
            let subnets = world.cache.subnet_groups.get_mut("private").unwrap();
            subnets.subnet_ids = ["subnet-9".to_owned()].into();
        },
    ),
    (
        "one whose parameters are for another engine",
        "it has the parameter group tuned",
        |world, _| {
            node(world).engine = "redis".into();
            node(world).engine_version = "7.1.0".into();
        },
    ),
    (
        "one of a global datastore",
        "global datastore",
        |world, _| group(world).global = true,
    ),
];

#[test]
fn what_does_not_fit_is_refused_with_what_to_do_and_left_alone() {
    for (case, says, change) in REFUSED {
        for mode in ["Review", "TakeOver"] {
            let (mut world, mut json) = (world(), adopting(mode));
            change(&mut world, &mut json);
            let before = world.cache.clone();
            let plan = world.stall(&desired(json));
            let block = &blocks(&plan)[0];
            assert_eq!(block.reason, Reason::AdoptionRefused, "{case}");
            assert!(
                block.message.starts_with("spec.adopt.replicationGroupId: ")
                    && block.message.contains(says),
                "{case}: {}",
                block.message
            );
            assert_eq!(world.cache, before, "{case}");
        }
    }
}

#[test]
fn what_cannot_be_read_of_it_is_neither_taken_over_nor_replaced() {
    for class in [Class::Transient, Class::Blocked] {
        for kind in ["ReplicationGroup", "CacheTags", "CacheNode", "SubnetGroup"] {
            let mut world = world();
            world.unreadable.insert(kind.into(), class);
            let desired = desired(adopting("TakeOver"));
            world.stall(&desired);
            assert_eq!(writes(&world), [""; 0], "{kind}");
            world.unreadable.clear();
            assert!(world.settle(&desired).is_settled(), "{kind}");
        }
    }
}

#[test]
fn an_object_that_has_a_group_gets_no_second_one() {
    let mut made = World::default();
    made.settle(&desired(spec_json()));
    let mut taken = world();
    taken.settle(&desired(adopting("TakeOver")));
    let mut other = adopting("TakeOver");
    other["adopt"]["replicationGroupId"] = json!("other");
    for (case, mut world, json, says) in [
        ("its own", made, adopting("TakeOver"), "take this field out"),
        (
            "the field is gone",
            taken.clone(),
            spec_json(),
            "write sessions",
        ),
        ("another is named", taken, other, "write sessions"),
    ] {
        world.actions.clear();
        let before = world.cache.clone();
        let plan = world.stall(&desired(json));
        let block = &blocks(&plan)[0];
        assert_eq!(block.reason, Reason::AdoptionRefused, "{case}");
        assert!(block.message.contains(says), "{case}: {}", block.message);
        assert_eq!(world.cache, before, "{case}");
    }
}

#[test]
fn the_object_leaves_it_as_its_own_was_and_takes_its_tags_off_unless_the_spec_says_otherwise() {
    for (policy, left) in [
        (json!({}), true),
        (json!({"cache": "Retain"}), true),
        (json!({"cache": "Delete"}), false),
        (json!({"cache": "Snapshot"}), false),
    ] {
        let mut world = world();
        let mut json = adopting("TakeOver");
        json["deletionPolicy"] = policy.clone();
        assert!(world.settle(&desired(json.clone())).is_settled());
        let estate = Estate::new(identity(), &spec(json), [], []);
        assert!(world.tear_down(&estate).is_settled());
        assert_eq!(world.cache.groups.contains_key(ID), left, "{policy}");
        assert_eq!(world.cache.user_groups.len(), usize::from(left), "{policy}");
        assert_eq!(world.cache.users.len(), 2 * usize::from(left), "{policy}");
        assert_eq!(world.cache.subnet_groups.len(), 1, "{policy}");
        if left {
            let theirs = foreign_tags().into_iter().chain(consent()).collect();
            assert_eq!(tags(&world), &theirs, "{policy}: it is nobody's again");
            let users = world.cache.user_groups.values().next().unwrap();
            let marked = is_retained(&world.cache.tags[&users.arn]);
            assert!(marked, "{policy}: its users are no orphans");
        } else {
            let snapshots: Vec<&String> = world.cache.snapshots.keys().collect();
            let taken = snapshots == [&format!("{}-final", identity().cache_id())];
            assert_eq!(taken, policy == json!({"cache": "Snapshot"}));
        }
    }
}

#[test]
fn a_deletion_that_ends_after_any_write_is_taken_up_and_leaves_the_group_and_its_users() {
    let mut world = world();
    world.settle(&desired(adopting("TakeOver")));
    let estate = Estate::new(identity(), &spec(adopting("TakeOver")), [], []);
    world.mortal = true;
    assert!(world.tear_down(&estate).is_settled());
    assert!(world.cache.groups.contains_key(ID) && !world.cache.user_groups.is_empty());
    assert!(!identity().owns(tags(&world)));
}

#[test]
fn an_object_that_goes_before_the_yes_leaves_the_group_as_it_was() {
    let mut world = world();
    let before = world.cache.clone();
    world.stall(&desired(adopting("Review")));
    let estate = Estate::new(identity(), &spec(adopting("Review")), [], []);
    assert!(world.tear_down(&estate).is_settled());
    assert_eq!(world.cache, before);
}

#[test]
fn the_differences_name_who_is_locked_out_what_changes_and_what_stays() {
    let world = world();
    let mut observed = Observed::default();
    let cache = &mut observed.cache;
    cache.node = Seen::Present(world.cache.nodes[ID].clone());
    cache.tags = [(ARN.to_owned(), Seen::Present(tags(&world).clone()))].into();
    assert_eq!(
        group_differences(&desired(adopting("Review")), &observed, &legacy()),
        [
            format!(
                "access: whoever reaches the group gets in without a credential; the user group {} is attached, and from then on only its users get in",
                identity().cache_id()
            ),
            "change: user group attached".into(),
            "change: security groups".into(),
            "change: snapshot retention 7 d".into(),
            "change: 1 replicas per shard".into(),
            "change: failover on".into(),
            "change: engine valkey 8.1".into(),
            "change: node type cache.t4g.small".into(),
            "subnet group private: stays".into(),
            "parameter group tuned: stays".into(),
            "port 6380: stays".into(),
        ]
    );
}
