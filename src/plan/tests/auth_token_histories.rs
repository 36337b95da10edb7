//! Random histories of a cache with an AUTH token: processes end, time passes, people ask and meddle, nodes are silent.

use std::time::Duration;

use proptest::prelude::*;

use super::auth_token::{held, old_engine};
use super::rotation::{GRACE, MONTH, opens, password as token};
use super::settled;
use crate::fixtures::identity;
use crate::model::Desired;
use crate::plan::world::World;
use crate::plan::{AWSPENDING, Class};

/// Something that happens to an object.
#[derive(Clone, Debug)]
enum Event {
    Rounds(u8),
    Restart,
    Hours(u8),
    Request,
    Leak,
    LosePending,
    ByHand,
    Silence(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (1..12u8).prop_map(Event::Rounds),
        3 => Just(Event::Restart),
        2 => (1..200u8).prop_map(Event::Hours),
        2 => Just(Event::Request),
        1 => Just(Event::Leak),
        2 => Just(Event::LosePending),
        1 => Just(Event::ByHand),
        1 => any::<bool>().prop_map(Event::Silence),
    ];
    proptest::collection::vec(event, 1..40)
}

/// One round, which takes the current token from nobody.
fn round(world: &mut World, desired: &Desired) {
    let (current, worked) = (token(world), opens(world, &token(world)));
    world.round(desired);
    let lost = token(world) == current && !opens(world, &current);
    assert!(!(worked && lost), "{:#?}", world.actions);
    assert!(
        opens(world, &token(world)) || !worked,
        "{:#?}",
        world.actions
    );
}

fn happen(world: &mut World, desired: &mut Desired, event: &Event) {
    let requests = &mut desired.secret.rotation.requests;
    match event {
        Event::Rounds(count) => (0..*count).for_each(|_| round(world, desired)),
        Event::Restart => world.restart(),
        Event::Hours(hours) => world.now += Duration::from_hours(u64::from(*hours)),
        Event::Request => requests.rotate = Some(world.now),
        Event::Leak => requests.revoke = Some(world.now),
        Event::LosePending => {
            let versions = &mut world.secrets.secret.as_mut().unwrap().versions;
            versions.retain(|_, labels| !labels.remove(AWSPENDING) || !labels.is_empty());
        }
        // Between the end of a change and the next look nothing tells two changes from one.
        Event::ByHand if world.sees_its_token() => {
            let name = format!("by-hand-{}", world.now);
            world.cache.rotate_by_hand(&identity().cache_id(), &name);
        }
        Event::ByHand => {}
        Event::Silence(true) => {
            world.unreadable.insert("Login".into(), Class::Transient);
        }
        Event::Silence(false) => world.unreadable.clear(),
    }
}

fn rest(world: &mut World, desired: &Desired, time: Duration) {
    world.now += time;
    assert!(world.settle(desired).is_settled());
    assert!(opens(world, &token(world)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_the_current_token_opens_the_cache_and_in_the_end_no_other_does(events in events()) {
        let (mut world, mut desired) = settled(&old_engine());
        for event in &events {
            happen(&mut world, &mut desired, event);
        }
        world.unreadable.clear();
        // What the last events asked for, and then the rotation of a month that nothing disturbs.
        for time in [2 * GRACE, 2 * GRACE, MONTH, 2 * GRACE] {
            rest(&mut world, &desired, time);
        }
        // One that fell due in the last of these times ends as well, and no other is due for a month.
        if held(&world).len() > 1 {
            rest(&mut world, &desired, 2 * GRACE);
        }
        prop_assert_eq!(held(&world), &[token(&world)][..]);
        prop_assert_eq!(&world.cluster.secrets["orders-cache"].data["password"], &token(&world));
    }
}
