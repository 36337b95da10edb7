//! A Kubernetes API server in process, for simulations.
//!
//! [`LocalKube`] is the service under an unmodified `kube::Client`: it keeps objects of any kind, checks writes against versions as
//! an API server does, streams watches, and asks a list of faults before and after it applies a call. There is no socket, no task
//! and no clock of its own, so that under tokio's paused clock the same calls give the same world.
//!
//! How a call goes:
//!
//! ```text
//! service ─> call (verb, resource, object) ─> faults ─> read  one object, a list in pages, an older view
//!                                                    ├> watch the history from a version on, as a stream
//!                                                    └> write create, update, patch, apply, delete ─> collect ─> store
//! ```
//!
//! The store is a history of changes with the objects that follow from it: an older view, a watch and a list that goes on where
//! it ended are all read from there. A write and what follows from it (an owner's dependents, a namespace's content) are one step.

mod answer;
mod apply;
mod call;
mod cluster;
mod collect;
mod fault;
mod kube;
mod merge;
mod read;
mod resource;
mod service;
mod store;
mod watch;
mod write;

pub use answer::Refusal;
pub use fault::{Effect, Fault};
pub use kube::{Backup, Called, LocalKube};
pub use resource::Resource;
pub use service::{Body, ConnectionClosed};
