//! The operator where it belongs: in pods of a real node, out of its image, installed by helm, with the kubelet's probes, tokens and signals, and a real
//! scheduler, Service network and container runtime. Run by `make test-node`, on Linux as root.
//!
//! The tests share a node and take turns: each has the cluster to itself, and leaves it without the chart. Logs stay in `target/tmp/node` until the next run.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests: a step that fails ends them, and nobody links them"
)]

mod availability;
mod life;
mod releases;
mod security;
mod world;
