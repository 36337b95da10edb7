//! Changes of objects, and how long they take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::bench::object::{self, NAMESPACE};
use crate::environment::Environment;
use crate::kubectl::Kubectl;
use crate::progress::step;
use crate::resource::Resource;

/// How many changes are timed at a time.
pub(super) const CHANGES: usize = 20;
/// From one change to the next under load.
const PACE: Duration = Duration::from_millis(250);
const DEADLINE: Duration = Duration::from_mins(10);

/// Changes that are timed, no two of which are the same.
#[derive(Default)]
pub(super) struct Changes {
    times: usize,
}

/// How many changes were made, and how many the API server did not take. While it is away kubectl asks again for some seconds, so that a change takes long.
#[derive(Default)]
pub(super) struct Load {
    pub(super) made: usize,
    pub(super) refused: usize,
    pub(super) longest: Duration,
}

impl Changes {
    /// Changes the first of `manifests`' objects one after the other, and tells how many seconds each took to be Ready again.
    pub(super) fn time(
        &mut self,
        what: &str,
        environment: &Environment,
        manifests: &[Value],
    ) -> Result<Value> {
        // More than what the load may have written.
        self.times += 1;
        let rate = 5_000 + self.times;
        let mut seconds = step(what, || {
            let changed = manifests.iter().take(CHANGES);
            let times = changed.map(|manifest| {
                let object = Resource::applied(environment, manifest)?;
                let began = Instant::now();
                object.patch(&throttle(rate))?;
                object.wait_until_ready(DEADLINE, |_| ())?;
                Ok(began.elapsed().as_secs_f64())
            });
            times.collect::<Result<Vec<_>>>()
        })?;
        seconds.sort_by(f64::total_cmp);
        Ok(json!({
            "changes": seconds.len(),
            "median": seconds.get(seconds.len() / 2),
            "longest": seconds.last(),
        }))
    }
}

/// Changes one of so many objects after the other until `done`.
pub(super) fn change_on_and_on(kubectl: &Kubectl, objects: usize, done: &AtomicBool) -> Load {
    let mut load = Load::default();
    for turn in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let name = object::numbered(turn % objects);
        let patch = throttle(100 + turn).to_string();
        let args = ["patch", "cachedapi", &name, "--namespace", NAMESPACE];
        let args = args.into_iter().chain(["--type=json", "--patch", &patch]);
        let began = Instant::now();
        match kubectl.run(args) {
            Ok(_) => load.made += 1,
            Err(_) => load.refused += 1,
        }
        load.longest = load.longest.max(began.elapsed());
        thread::sleep(PACE);
    }
    load
}

/// A change of the stage's throttle.
fn throttle(rate: usize) -> Value {
    json!([{"op": "add", "path": "/spec/api/stage/throttle/rate", "value": rate}])
}
