//! The command line, as shells use it.

#![allow(missing_docs, clippy::unwrap_used)]

mod orphans;
mod tls;
mod world;

use std::process::{Command, Stdio};

#[test]
fn without_a_certificate_authority_it_says_what_to_do() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for args in [&["run"][..], &["orphans"]] {
        let mut operator = Command::new(env!("CARGO_BIN_EXE_cachedapi-operator"));
        let operator = operator.args(args).env("SSL_CERT_FILE", empty.path());
        let ended = operator.env_remove("SSL_CERT_DIR").output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {said}");
        assert!(
            said.contains("have SSL_CERT_FILE name a file"),
            "{args:?}: {said}"
        );
    }
}

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
