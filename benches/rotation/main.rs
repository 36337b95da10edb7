//! Rotations under load, measured: `make bench-rotation`. Results are JSON on standard output; it fails when a login or a request failed.
//!
//! The operator, the API server and the local AWS run in one process in virtual time; the cache's nodes are real processes, and whoever logs in to them,
//! the operator or a client, does so over TLS, while time stands still (`pace`).

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod clients;
mod cost;
mod dialer;
mod load;
mod many;
mod pace;
mod storm;

#[path = "../../tests/aws/in_process.rs"]
mod in_process;
#[path = "../../tests/reconcile/look.rs"]
#[allow(dead_code)]
mod look;
#[path = "../../tests/reconcile/nodes.rs"]
mod nodes;
#[path = "../../tests/reconcile/random.rs"]
mod random;
#[path = "../../tests/reconcile/rates.rs"]
mod rates;
#[path = "../../tests/reconcile/wire.rs"]
#[allow(dead_code)]
mod wire;
#[path = "../../tests/reconcile/world.rs"]
#[allow(dead_code)]
mod world;

use std::process::ExitCode;
use std::time::Duration;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::{progress, tools};
use clap::Parser;
use serde_json::{Value, json};

use load::Scenario;

#[derive(Parser)]
struct Arguments {
    /// Clients of the cache
    #[arg(long, default_value_t = 100)]
    clients: usize,
    /// Rotations under load
    #[arg(long, default_value_t = 200)]
    rotations: usize,
    /// Longest time from one new connection of a client to its next while nothing changes, in virtual seconds
    #[arg(long, default_value_t = 1800)]
    every: u64,
    /// Objects that are due in the same hour
    #[arg(long, default_value_t = 500)]
    objects: usize,
    /// Decides when operators are killed and what fails
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let results = measure(&Arguments::parse());
    println!("{results:#}");
    let failed = |scenario: &str, what: &str| results[scenario][what] != 0;
    let failures = [
        failed("underLoad", "failedLogins"),
        failed("underLoad", "failedRequests"),
        failed("underLoadInAStorm", "failedLogins"),
    ];
    if failures.contains(&true) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// All of it takes long: what a part found goes to standard error as soon as it is done.
fn measure(arguments: &Arguments) -> Value {
    let scenario = |stormy| Scenario {
        clients: arguments.clients,
        rotations: arguments.rotations,
        every: Duration::from_secs(arguments.every),
        seed: arguments.seed,
        valkey_server: tools::valkey_server(&Cache::from_env().unwrap()).unwrap(),
        stormy,
    };
    json!({
        "oneRotation": step("rotations one by one", cost::measure()),
        "underLoad": step("rotations under load", load::measure(scenario(false))),
        "underLoadInAStorm": step("the same with failovers and throttling", load::measure(scenario(true))),
        "manyObjects": step("many objects", many::measure(arguments.objects)),
    })
}

fn step(name: &str, work: impl Future<Output = Value>) -> Value {
    let done = progress::step(name, || Ok::<_, cachedapi_hack::Error>(pace::run(work)));
    let done = done.unwrap();
    eprintln!("{done:#}");
    done
}
