//! Faults with real processes: the operator's binary, the API server, etcd, the local AWS and its cache nodes, with a wire to AWS and a relay before the
//! API server that spoil what goes over them. docs/simulation.md lists the faults, each with its twin in the simulation.
//!
//! The tests share a control plane and a local AWS; each has a namespace and an account, in which others have things that look like its own. Logs stay in
//! `target/tmp/processes` until the next run.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod account;
mod alone;
mod calls;
mod connections;
mod killed;
mod leases;
mod machines;
mod message;
mod objects;
mod relay;
mod users;
mod wire;
mod world;

#[path = "../e2e/login.rs"]
mod login;
