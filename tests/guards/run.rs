//! Builds the copy and runs its tests, with no guard removed and with each.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use cachedapi_hack::wait::{self, Seen};
use serde_json::Value;

use super::copy::{Place, REMOVED};
use super::guard::{Caught, Guard};

/// The test program.
const SUITE: &str = "sim";
/// No test of the list takes that long. One that does not end says nothing.
const LONGEST: Duration = Duration::from_mins(3);

/// How a test went.
struct Outcome {
    green: bool,
    output: String,
    took: Duration,
}

pub fn run(place: &Place, guards: &[Guard]) -> ExitCode {
    let program = build(place);
    let tests: BTreeSet<&str> = guards.iter().map(|guard| guard.caught.test).collect();
    let tests: Vec<&str> = tests.into_iter().collect();
    let intact = at_once(&tests, |test| attempt(place, &program, test, None));
    let outcomes = at_once(guards, |guard| {
        attempt(place, &program, guard.caught.test, Some(guard.name))
    });
    let red: BTreeMap<&str, Outcome> = tests
        .into_iter()
        .zip(intact)
        .filter(|(_, outcome)| !outcome.green)
        .collect();
    report(guards, &outcomes, &red)
}

/// Builds the simulation, and gives its program. What it depends on was built with everything else: the whole workspace has the same features of it.
fn build(place: &Place) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(&place.tree)
        .args(["test", "--workspace", "--no-run", "--test", SUITE])
        // Warnings are about the switches.
        .arg("--message-format=json")
        // The programs go elsewhere than those without switches.
        .env("CARGO_TARGET_DIR", &place.target)
        .env("CARGO_BUILD_BUILD_DIR", &place.built)
        .stderr(Stdio::inherit());
    // Some dependencies are built anew when these change, which cargo has set for this program.
    for (name, _) in env::vars() {
        let of_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_PRIMARY_"];
        if of_this_package
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    let output = command.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let messages: Vec<Value> = messages.collect();
    let errors = messages
        .iter()
        .filter(|message| message["message"]["level"] == "error");
    let errors: Vec<&str> = errors
        .filter_map(|error| error["message"]["rendered"].as_str())
        .collect();
    assert!(
        output.status.success(),
        "the copy does not build: {}",
        errors.concat()
    );
    let mut programs = messages
        .iter()
        .filter(|message| message["target"]["name"] == SUITE)
        .filter_map(|message| Some(message["executable"].as_str()?.into()));
    programs.next().expect("cargo names the program")
}

/// Does it to all, as many at a time as there are processors.
fn at_once<T: Sync, U: Send>(all: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = Mutex::new(all.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some((index, one)) = next.lock().unwrap().next() else {
                        return;
                    };
                    let result = work(one);
                    done.lock().unwrap().insert(index, result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

/// Runs one test without the guard `removed`.
fn attempt(place: &Place, program: &Path, test: &str, removed: Option<&str>) -> Outcome {
    let file = place
        .target
        .join(format!("{}.log", removed.unwrap_or(test)));
    let log = File::create(&file).unwrap();
    let mut command = Command::new(program);
    command
        .current_dir(&place.tree)
        .args([test, "--exact"])
        .env_remove(REMOVED)
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    if let Some(guard) = removed {
        command.env(REMOVED, guard);
    }
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let ended = wait::until(test, LONGEST, || {
        let ended = child.try_wait().unwrap();
        Ok(ended.map_or_else(|| Seen::NotYet("it runs".into()), Seen::Done))
    });
    if ended.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut output = String::new();
    File::open(&file)
        .unwrap()
        .read_to_string(&mut output)
        .unwrap();
    if ended.is_err() {
        output.push_str("\nit did not end\n");
    }
    let ran = output.contains("running 1 test");
    if !ran {
        output.push_str("\nthere is no such test\n");
    }
    let outcome = Outcome {
        green: ran && ended.is_ok_and(|status| status.success()),
        output,
        took: started.elapsed(),
    };
    let colour = if outcome.green { "green" } else { "red" };
    let without = removed.map_or_else(String::new, |guard| format!(" without: {guard}"));
    eprintln!("{colour} after {:.0?}: {test}{without}", outcome.took);
    outcome
}

/// Prints what caught each; `red` is what is red with no guard removed.
fn report(guards: &[Guard], outcomes: &[Outcome], red: &BTreeMap<&str, Outcome>) -> ExitCode {
    for (test, outcome) in red {
        eprintln!("{test} is red with no guard removed:\n{}", outcome.output);
    }
    println!("| guard | caught by | which says | s |\n|---|---|---|---|");
    let mut caught = 0;
    for (guard, outcome) in guards.iter().zip(outcomes) {
        let Caught { test, says } = guard.caught;
        let seconds = outcome.took.as_secs_f32();
        let verdict = if red.contains_key(test) {
            "**is red anyway**".to_owned()
        } else if outcome.green {
            "**nothing: it stays green**".to_owned()
        } else if outcome.output.contains(says) {
            caught += 1;
            format!("`{}`", says.trim())
        } else {
            format!("**something else than {says:?}**")
        };
        println!("| {} | `{test}` | {verdict} | {seconds:.1} |", guard.name);
    }
    println!("\nguards removed {}, caught {caught}", guards.len());
    if caught == guards.len() {
        return ExitCode::SUCCESS;
    }
    println!("what each test said is in guards/target/*.log in the target folder");
    ExitCode::FAILURE
}
