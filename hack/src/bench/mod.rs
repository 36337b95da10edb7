//! The figures that are promised, measured: calls, times, memory. Results are JSON, not verdicts.

mod crowd;
mod idle;
mod object;
mod usage;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::environment::{Environment, Ports, Programs};
use crate::local_aws::Behaviour;
use crate::process::{Lifetime, Place};
use crate::progress::step;
use crate::{Error, Result};
use object::Object;

/// How many objects are created one after another for the median time.
const SAMPLES: usize = 5;

/// Measures everything, in environments below `folder`, and returns the results. It takes some minutes.
pub fn run(folder: &Path, idle_objects: usize) -> Result<Value> {
    let programs = Programs::prepare("release")?;
    let (calls, seconds) = one_by_one(&programs, &folder.join("one-by-one"))?;
    let idle = idle::measure(&programs, &folder.join("idle"), idle_objects)?;
    Ok(json!({"apiGatewayCalls": calls, "applyToReadySeconds": seconds, "idle": idle}))
}

/// Measures so many objects on a real node in `folder`, and returns the results.
pub fn run_on_node(folder: &Path, objects: usize) -> Result<Value> {
    crowd::measure(folder, objects)
}

/// Calls and times of single objects.
fn one_by_one(programs: &Programs, folder: &Path) -> Result<(Value, Value)> {
    let environment = start(programs, folder, true)?;
    let mut operator = environment.start_operator(&[])?;
    let calls = measure_calls(&environment)?;
    let seconds = measure_times(&environment)?;
    operator.process().stop()?;
    Ok((calls, seconds))
}

/// AWS's quotas are enforced, and states last no time. `nodes` says whether caches have real nodes.
fn start(programs: &Programs, folder: &Path, nodes: bool) -> Result<Environment> {
    let place = Place {
        folder: folder.to_owned(),
        lifetime: Lifetime::WithParent,
    };
    Environment::start(programs.clone(), place, Ports::free()?, &behaviour(nodes))
}

fn behaviour(nodes: bool) -> Behaviour {
    Behaviour {
        delays: "zero",
        quotas: true,
        nodes,
        log: "info",
    }
}

fn measure_calls(environment: &Environment) -> Result<Value> {
    let mut until_ready = serde_json::Map::new();
    for routes in [10, 60, 300] {
        let before = gateway_calls(environment)?;
        let object = Object::new(environment, &format!("calls-{routes}"), routes)?;
        step(&format!("{routes} routes until Ready"), || {
            object.create_and_wait()
        })?;
        until_ready.insert(
            format!("{routes}Routes"),
            (gateway_calls(environment)? - before).into(),
        );
    }
    let object = Object::new(environment, "calls-60", 60)?;
    let before = gateway_calls(environment)?;
    step("one changed route until Ready", || {
        object.change_route_and_wait()
    })?;
    Ok(
        json!({"untilReady": until_ready, "toPublishOneChangedRoute": gateway_calls(environment)? - before}),
    )
}

/// API Gateway calls so far.
fn gateway_calls(environment: &Environment) -> Result<u64> {
    let calls = environment.aws.calls()?;
    let counts = calls["counts"].as_object().into_iter().flatten();
    Ok(counts
        .filter(|(operation, _)| operation.starts_with("apigateway:"))
        .filter_map(|(_, count)| count["calls"].as_u64())
        .sum())
}

fn measure_times(environment: &Environment) -> Result<Value> {
    let mut samples = Vec::new();
    for sample in 0..SAMPLES {
        let object = Object::new(environment, &format!("time-{sample}"), 1)?;
        step("pause until AWS's quotas are full again", || {
            // A deployment is one call in five seconds, of which the operator takes its share.
            std::thread::sleep(Duration::from_secs(10));
            Ok::<_, Error>(())
        })?;
        let start = Instant::now();
        step("one route until Ready", || object.create_and_wait())?;
        samples.push(start.elapsed().as_secs_f64());
    }
    samples.sort_by(f64::total_cmp);
    Ok(json!({"samples": samples, "median": samples[samples.len() / 2]}))
}
