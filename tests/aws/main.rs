//! Layer 3 against a local AWS in process, over the services' real wire protocols and on a virtual clock.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod adoption;
mod cache;
mod failures;
mod functions;
mod gateway;
mod iam;
mod in_process;
mod life;
#[path = "../reconcile/log.rs"]
mod log;
mod orphans;
mod permissions;
mod privacy;
mod roles;
mod secrets;
mod token;
mod tokens;
mod web_identity;
mod world;
