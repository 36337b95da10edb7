//! Two pods, of which one works.

use std::thread;
use std::time::{Duration, Instant};

use crate::world::{DEADLINE, World, change, ready};
use cachedapi_hack::operator::NAMESPACE;
use cachedapi_hack::wait::{self, Seen};

/// The Lease's fifteen seconds, and a look at it every two.
const AFTER_A_LOSS: Duration = Duration::from_secs(20);
/// Nobody has to wait for a Lease that was let go.
const AFTER_A_FAREWELL: Duration = Duration::from_secs(2);

struct Container {
    pod: String,
    id: String,
    image: String,
}

impl World {
    /// The operator's container in the pod `pod`.
    fn container(&self, pod: &str) -> Container {
        let status = &self.pod(pod)["status"]["containerStatuses"][0];
        let text = |name: &str| status[name].as_str().unwrap().to_owned();
        Container {
            pod: pod.to_owned(),
            id: text("containerID"),
            image: text("image"),
        }
    }

    /// Sends `signal` to the container that works, and tells how long it takes until another pod works. Whoever begins to lead looks at every object, so AWS is
    /// called; nothing else has a reason to call it here.
    fn until_another_acts_after(&self, signal: &str, container: &Container) -> Duration {
        self.environment.aws.clear_calls().unwrap();
        let sent = Instant::now();
        self.node().signal_container(&container.id, signal).unwrap();
        wait::until("a call to AWS", DEADLINE, || {
            let calls = self.environment.aws.calls()?;
            Ok(match calls["log"].as_array().map(Vec::len) {
                Some(0) | None => Seen::NotYet(calls.to_string()),
                Some(_) => Seen::Done(()),
            })
        })
        .unwrap();
        let took = sent.elapsed();
        eprintln!("{signal}: the other pod called AWS {took:.1?} later");
        assert_ne!(self.leader(), container.pod);
        took
    }

    fn until_two_are_ready(&self) {
        let deployment = ["deployment/cachedapi", "--namespace", NAMESPACE];
        let args = [&["rollout", "status", "--timeout=120s"][..], &deployment].concat();
        self.kubectl(&args);
    }
}

#[test]
fn the_pod_that_stands_by_works_within_20_s_of_the_others_death_and_within_2_s_of_its_end() {
    let world = World::take();
    world.install(&["replicas=2"]);
    let object = world.create("availability");
    ready(&object);
    let owned = object.owned().unwrap();

    // Without its image a killed container stays dead, as with its node.
    let first = world.container(&world.leader());
    world.node().unload(&first.image).unwrap();
    let took = world.until_another_acts_after("SIGKILL", &first);
    assert!(took <= AFTER_A_LOSS, "{took:?}");
    ready(&object);
    world.load_operator();
    world.until_two_are_ready();

    // Told to end, it lets the Lease go.
    let second = world.container(&world.leader());
    let took = world.until_another_acts_after("SIGTERM", &second);
    assert!(took <= AFTER_A_FAREWELL, "{took:?}");
    ready(&object);

    assert_eq!(object.owned().unwrap(), owned, "one of each");
    world.remove(&object, "availability");
    world.remove_chart();
}

#[test]
fn an_upgrade_replaces_both_pods_while_objects_change_and_nothing_is_made_twice() {
    let world = World::take();
    world.install(&["replicas=2"]);
    let object = world.create("upgrade");
    ready(&object);
    let owned = object.owned().unwrap();
    let before = world.leader();

    thread::scope(|scope| {
        let upgrade = scope.spawn(|| world.install(&["replicas=2", "log.level=debug"]));
        for rate in 101.. {
            change(&object, rate);
            ready(&object);
            if upgrade.is_finished() {
                break;
            }
        }
    });
    assert_ne!(world.leader(), before);
    ready(&object);
    object.mount_bindings().unwrap();
    assert_eq!(object.call("/orders/42", &[]).unwrap().status, 200);
    assert_eq!(object.owned().unwrap(), owned, "one of each");
    world.remove(&object, "upgrade");
    world.remove_chart();
}
