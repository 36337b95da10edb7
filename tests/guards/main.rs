//! Removes the operator's guards one at a time and demands that a test turns red, and for the right reason.
//!
//! A guard is what decides whether an external call happens: a search before a creation, a look at tags before a deletion, a wait. The list says for each
//! where it stands in the code and what is left without it. All are rewritten at once, in a copy, into what asks an environment variable; that is built
//! once, and then each guard is removed by setting the variable.
//!
//! `cargo test --test guards` looks whether the list still fits the code. `make guards` removes them.

#![allow(missing_docs, clippy::unwrap_used)]

mod copy;
mod guard;
mod list;
mod run;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use guard::Guard;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guards = list::guards();
    let stale = stale(root, &guards);
    if !stale.is_empty() {
        eprintln!("{}", stale.join("\n"));
        return ExitCode::FAILURE;
    }
    if !env::args().any(|argument| argument == "remove") {
        println!("{} guards stand where the list says", guards.len());
        return ExitCode::SUCCESS;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let place = copy::Place::of(root, target);
    copy::copy(&place, &guards);
    run::run(&place, &guards)
}

/// What does not fit the code any more, and what to do.
fn stale(root: &Path, guards: &[Guard]) -> Vec<String> {
    let edits = guards
        .iter()
        .flat_map(|guard| guard.edits.iter().map(move |edit| (guard, edit)));
    edits
        .filter_map(|(guard, edit)| {
            let code = fs::read_to_string(root.join(edit.file)).unwrap_or_default();
            let problem = edit.apply(&code, guard.name).err()?;
            Some(format!(
                "the guard {:?} is not found: {}: {problem}. Write into tests/guards/list.rs what the guard is now; if it is gone, say in the commit what \
                 keeps its promise instead, and take it off the list and out of docs/simulation.md",
                guard.name, edit.file
            ))
        })
        .collect()
}
