//! Random histories: the spec changes, somebody meddles, reads fail, time passes. In the end the object is what its last spec says, or gone.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::drift::DRIFTS;
use super::{settled, teardown};
use crate::fixtures::{desired, identity, route, spec, spec_json};
use crate::model::{Desired, Estate, Workload, WorkloadKind};
use crate::plan::Class;
use crate::plan::rotation::Accepted;
use crate::plan::world::{KINDS, World};

/// How long the user before works.
const SHORT_GRACE: Duration = Duration::from_mins(2);

/// Something that happens to an object.
#[derive(Clone, Debug)]
enum Event {
    Edit(Edit),
    Drift(usize),
    Unreadable(usize, bool),
    Readable,
    Leak,
    Rounds(u8),
}

/// A change of the spec.
#[derive(Clone, Debug)]
enum Edit {
    Replicas(u32),
    NodeType(usize),
    /// Minor versions up; a version never goes back.
    Upgrade(u32),
    Retention(u32),
    Subnets(Vec<u8>),
    SecurityGroups(Vec<u8>),
    Bindings(Vec<u8>),
    Routes(usize),
    Key(bool),
    Function(bool),
    Workload(bool),
    /// `password` or `iam`.
    Way(&'static str, bool),
}

fn edits() -> impl Strategy<Value = Edit> {
    let some = |most: usize| proptest::sample::subsequence(vec![1u8, 2, 3, 4], 1..=most);
    prop_oneof![
        (0..4u32).prop_map(Edit::Replicas),
        (0..3usize).prop_map(Edit::NodeType),
        (1..3u32).prop_map(Edit::Upgrade),
        (0..36u32).prop_map(Edit::Retention),
        some(4).prop_map(Edit::Subnets),
        some(3).prop_map(Edit::SecurityGroups),
        proptest::sample::subsequence(vec![1u8, 2, 3], 0..=3).prop_map(Edit::Bindings),
        (1..4usize).prop_map(Edit::Routes),
        any::<bool>().prop_map(Edit::Key),
        any::<bool>().prop_map(Edit::Function),
        any::<bool>().prop_map(Edit::Workload),
        (any::<bool>(), any::<bool>())
            .prop_map(|(iam, wanted)| Edit::Way(if iam { "iam" } else { "password" }, wanted)),
    ]
}

fn events(leaks: u32) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => edits().prop_map(Event::Edit),
        3 => (0..DRIFTS.len()).prop_map(Event::Drift),
        1 => (0..KINDS.len(), any::<bool>()).prop_map(|(kind, blocked)| Event::Unreadable(kind, blocked)),
        1 => Just(Event::Readable),
        leaks => Just(Event::Leak),
        5 => (1..25u8).prop_map(Event::Rounds),
    ];
    proptest::collection::vec(event, 1..14)
}

/// The last way in is not taken out.
fn edit_ways(json: &mut Value, way: &str, wanted: bool) {
    if json.get("credentials").is_none() {
        json["credentials"] = json!({"password": {}});
    }
    let ways = json["credentials"].as_object_mut().unwrap();
    if wanted {
        ways.insert(way.into(), json!({}));
    } else if ways.len() > 1 {
        ways.remove(way);
    }
}

fn edit(json: &mut Value, edit: &Edit) {
    let names = |prefix: &str, numbers: &[u8]| {
        numbers
            .iter()
            .map(|n| format!("{prefix}-{n}"))
            .collect::<Vec<_>>()
    };
    let group = &mut json["cache"]["replicationGroup"];
    match edit {
        Edit::Replicas(count) => group["replicasPerShard"] = json!(count),
        Edit::NodeType(n) => {
            group["nodeType"] =
                json!(["cache.t4g.small", "cache.r7g.large", "cache.m7g.xlarge"][*n]);
        }
        Edit::Upgrade(by) => {
            let minor: u32 = group["engineVersion"].as_str().unwrap()[2..]
                .parse()
                .unwrap();
            group["engineVersion"] = json!(format!("8.{}", minor + by));
        }
        Edit::Retention(days) => group["snapshots"] = json!({"retentionDays": days}),
        Edit::Subnets(numbers) => group["network"]["subnetIds"] = json!(names("subnet", numbers)),
        Edit::SecurityGroups(numbers) => {
            group["network"]["securityGroupIds"] = json!(names("sg", numbers));
        }
        Edit::Bindings(numbers) => {
            json["bindings"] = names("bound", numbers)
                .iter()
                .map(|name| json!({"secret": {"name": name}}))
                .collect();
        }
        Edit::Routes(count) => {
            json["routes"] = (0..*count)
                .map(|n| route(&format!("r{n}"), &format!("/r{n}")))
                .collect();
        }
        Edit::Key(true) => {
            json["api"] = json!({"apiKeys": [{"name": "shop", "secret": {"name": "shop-key"}}]});
        }
        Edit::Key(false) => json["api"] = json!({}),
        Edit::Workload(wanted) => {
            let bindings = json["bindings"].as_array_mut().unwrap();
            bindings.retain(|binding| binding.get("deployment").is_none());
            bindings.extend(wanted.then(|| json!({"deployment": {"name": "orders"}})));
        }
        Edit::Way(way, wanted) => edit_ways(json, way, *wanted),
        Edit::Function(true) => {
            json["routes"][0]["backend"] = json!({"lambda": {"functionArn": teardown::FUNCTION}});
        }
        Edit::Function(false) => {
            json["routes"][0]["backend"] = json!({"http": {"url": "https://orders.example.com/"}});
        }
    }
}

/// What a spec means when a leak was reported at that time.
fn meaning(json: &Value, leak: Option<Timestamp>) -> Desired {
    let mut desired = desired(json.clone());
    desired.secret.rotation.requests.revoke = leak;
    desired
}

/// What the object has gone through: the world, the last spec, and when the last leak was reported.
fn history(events: &[Event]) -> (World, Value, Option<Timestamp>) {
    let (mut world, mut json, mut leak) = (World::default(), spec_json(), None);
    world.cluster.deploy(&Workload {
        kind: WorkloadKind::Deployment,
        name: "orders".into(),
    });
    for event in events {
        match event {
            Event::Edit(change) => edit(&mut json, change),
            Event::Drift(n) if world.is_whole() => DRIFTS[*n].1(&mut world),
            Event::Drift(_) => {}
            Event::Unreadable(kind, blocked) => {
                world.unreadable.insert(
                    KINDS[*kind].into(),
                    if *blocked {
                        Class::Blocked
                    } else {
                        Class::Transient
                    },
                );
            }
            Event::Readable => world.unreadable.clear(),
            Event::Leak => leak = Some(world.now),
            Event::Rounds(count) => {
                let desired = meaning(&json, leak);
                (0..*count).for_each(|_| drop(world.round(&desired)));
            }
        }
    }
    world.unreadable.clear();
    (world, json, leak)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_the_object_becomes_what_its_spec_says(events in events(0)) {
        let (mut world, json, _) = history(&events);
        let mut without = json.clone();
        edit(&mut without, &Edit::Workload(false));
        let (fresh, _) = settled(&without);
        let desired = desired(json);
        let plan = world.settle(&desired);
        prop_assert!(plan.is_settled(), "{plan:#?}");
        prop_assert_eq!(world.truth().at_rest(), fresh.truth().at_rest());
        for n in 0..10 {
            prop_assert!(world.poll(&desired, n).is_settled());
        }
    }

    #[test]
    fn whatever_happened_a_leaked_credential_opens_nothing_and_the_current_one_everything(events in events(3)) {
        let (mut world, mut json, leak) = history(&events);
        edit(&mut json, &Edit::Way("password", true));
        edit(&mut json, &Edit::Way("iam", false));
        let leaked = world.secrets.current();
        let leak = leak.unwrap_or(world.now);
        let desired = meaning(&json, Some(leak));
        // The user before leaves when its time has come, and is then deleted.
        for _ in 0..3 {
            let plan = world.settle(&desired);
            prop_assert!(plan.is_settled(), "{plan:#?}");
            world.now += SHORT_GRACE;
        }
        let current = world.secrets.current().unwrap();
        prop_assert_eq!(world.cache.log_in(Some(&current.username), &current.password).accepted, Accepted::All);
        for bound in world.cluster.secrets.values().filter_map(|secret| secret.data.get("username")) {
            prop_assert_eq!(bound.reveal(), &current.username);
        }
        prop_assert_eq!(world.cache.users.len(), 2, "{:?}", world.cache.users);
        if let Some(leaked) = leaked.filter(|leaked| leaked.user_since.is_none_or(|since| since < leak)) {
            prop_assert!(!world.cache.is_opened_by(&leaked.password));
        }
    }

    #[test]
    fn whatever_happened_a_deleted_object_leaves_nothing(events in events(1)) {
        let (mut world, json, _) = history(&events);
        let estate = Estate::new(identity(), &spec(json), world.gateway.permissions.keys().cloned(), world.functions.remembered.clone());
        let plan = world.tear_down(&estate);
        prop_assert!(plan.is_settled(), "{plan:#?}");
        teardown::assert_nothing_left(&world, "in the end");
    }
}
