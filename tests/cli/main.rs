//! The command line, as shells use it.

#![allow(missing_docs, clippy::unwrap_used)]

mod orphans;
mod world;

use std::process::{Command, Stdio};

#[test]
fn a_reader_that_has_seen_enough_ends_printing_quietly() {
    for args in [&["crd"][..], &["iam-policy", "--cluster-id", "test"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut print = Command::new(env!("CARGO_BIN_EXE_cachedapi-operator"));
        let printing = print.args(args).stdout(writer).stderr(Stdio::piped());
        let printed = printing.output().unwrap();
        let said = String::from_utf8_lossy(&printed.stderr);
        assert!(
            printed.status.success() && said.is_empty(),
            "{args:?}: {said}"
        );
    }
}
