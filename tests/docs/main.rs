//! Documentation that is generated is what it is generated from, and what is written by hand leads where it says.
//!
//! `make docs` writes the generated pages: it runs these tests with `WRITE_DOCS=1`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and the lint knows only functions marked as tests"
)]

mod conditions;
mod faults;
mod links;
mod reference;

use std::path::Path;
use std::{env, fs};

use cachedapi_operator::api;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the page `name` with `expected`, or writes it where that is asked for.
fn check(name: &str, expected: &str) {
    let page = root().join("docs/reference").join(name);
    if env::var_os("WRITE_DOCS").is_some() {
        fs::write(&page, expected).unwrap();
    }
    let found = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == expected,
        "docs/reference/{name} is out of date: run `make docs`"
    );
}

#[test]
fn the_reference_of_the_fields_is_what_the_crd_says() {
    let crd = serde_json::to_value(api::custom_resource_definition()).unwrap();
    check(
        "spec.md",
        &reference::page(reference::CACHED_API, &["spec", "status"], &crd),
    );
    let crd = serde_json::to_value(api::aws_account_definition()).unwrap();
    check(
        "awsaccount.md",
        &reference::page(reference::AWS_ACCOUNT, &["spec"], &crd),
    );
}

#[test]
fn the_reference_of_conditions_lists_every_type_and_reason() {
    check("conditions.md", &conditions::page());
}

#[test]
fn every_test_that_is_said_to_try_a_fault_exists() {
    let missing = faults::missing(root());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_link_between_files_leads_somewhere() {
    let broken = links::broken(root());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
