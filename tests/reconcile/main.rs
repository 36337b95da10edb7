//! The whole operator, unmodified, between a Kubernetes API server and an AWS in the same process, in virtual time.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod accounts;
mod adopt;
mod adopt_cache;
mod auth_token;
mod cluster;
mod conflict;
mod consumers;
mod crash;
mod delay;
mod drift;
mod duplicates;
mod fence;
mod functions;
mod iam;
mod kept;
mod keys;
mod legacy;
mod life;
mod lives;
mod log;
mod look;
mod many;
mod nodes;
mod observe;
mod orphans;
mod orphans_elsewhere;
mod pause;
mod permissions;
mod rates;
mod revocation;
mod rotation;
mod tripwire;
mod two;
mod versions;
#[allow(dead_code)] // The simulation uses the rest, of the next one as well.
mod wire;
#[allow(dead_code)]
mod world;

#[path = "../aws/in_process.rs"]
mod in_process;
#[path = "../aws/token.rs"]
mod token;
