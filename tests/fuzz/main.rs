//! Objects, edits and answers of AWS that nobody thought of: made from the CRD's own schema, judged by a real API server, and carried out between
//! local-kube and local-aws in virtual time. `make fuzz` (docs/fuzzing.md).

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod account;
mod admission;
mod alter;
mod document;
mod edits;
mod fields;
mod generate;
mod lives;
mod misoperate;
mod objects;
mod places;
mod replies;
mod schema;
mod seeds;
mod shop;
mod texts;

#[path = "../sim/canaries.rs"]
#[allow(dead_code)]
mod canaries;
#[path = "../sim/clients.rs"]
#[allow(dead_code)]
mod clients;
#[path = "../reconcile/kept.rs"]
mod copies;
#[path = "../sim/facts.rs"]
#[allow(dead_code)]
mod facts;
#[path = "../aws/in_process.rs"]
mod in_process;
#[path = "../sim/invariants.rs"]
#[allow(dead_code)]
mod invariants;
#[path = "../sim/kept.rs"]
#[allow(dead_code)]
mod kept;
#[path = "../reconcile/legacy.rs"]
mod legacy;
#[path = "../reconcile/look.rs"]
#[allow(dead_code)]
mod look;
#[path = "../sim/looks.rs"]
#[allow(dead_code)]
mod looks;
#[path = "../reconcile/nodes.rs"]
mod nodes;
#[path = "../reconcile/random.rs"]
#[allow(dead_code)]
mod random;
#[path = "../sim/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../sim/scenario.rs"]
#[allow(dead_code)]
mod scenario;
#[path = "../crd/server.rs"]
mod server;
#[path = "../sim/threads.rs"]
#[allow(dead_code)]
mod threads;
#[path = "../reconcile/wire.rs"]
#[allow(dead_code)]
mod wire;
#[path = "../reconcile/world.rs"]
#[allow(dead_code)]
mod world;
