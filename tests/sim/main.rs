//! The whole operator, unmodified, in a process with its two servers, in virtual time: faults at every call, pairs of faults, and walks at random,
//! with the invariants watched after every write. `make sim` (docs/simulation.md).

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod aws_faults;
mod aws_refusals;
mod aws_tampering;
mod canaries;
mod clients;
mod clocks;
mod course;
mod edits;
mod facts;
mod figures;
mod guarded;
mod guarded_world;
mod invariants;
mod isolation;
mod kept;
mod kube_faults;
mod kube_losses;
mod kube_refusals;
mod looks;
mod loops;
mod neighbours;
mod outage;
mod overlap;
mod pages;
mod pairs;
mod replay;
mod run;
mod scenario;
mod secrecy;
mod single;
mod tampering;
mod threads;
mod traffic;
mod violated;
mod walk;

#[path = "../reconcile/kept.rs"]
mod copies;
#[path = "../aws/in_process.rs"]
mod in_process;
#[path = "../reconcile/legacy.rs"]
mod legacy;
#[path = "../reconcile/log.rs"]
mod log;
#[path = "../reconcile/look.rs"]
#[allow(dead_code)]
mod look;
#[path = "../reconcile/nodes.rs"]
mod nodes;
#[path = "../reconcile/random.rs"]
mod random;
#[path = "../reconcile/rates.rs"]
#[allow(dead_code)]
mod rates;
#[path = "../reconcile/wire.rs"]
#[allow(dead_code)]
mod wire;
#[path = "../reconcile/world.rs"]
#[allow(dead_code)]
mod world;
