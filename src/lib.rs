//! The `CachedApi` operator: one Kubernetes object declares an API behind AWS API Gateway, the cache behind it and the
//! credential that opens that cache; a controller makes AWS match it.
//!
//! # Layers
//!
//! | layer | module | what it is | may import |
//! |---|---|---|---|
//! | 0 | [`api`] | the custom resource as the API server sees it | nothing of ours |
//! | 1 | [`model`] | validated vocabulary: spec -> `Desired`, or every violation | `api` |
//! | 2 | [`plan`] | pure decisions: `Desired` + `Observed` -> `Plan` | `model`, `api` |
//! | 2 | [`status`] | pure reporting: what happened -> `CachedApiStatus` | `plan`, `model`, `api` |
//! | 3 | `aws` | the only module that imports `aws-sdk-*` | the layers above |
//! | 3 | `cluster` | the only module that talks to the API server, besides `controller` | the layers above |
//! | 3 | `login` | the only module that talks to the cache's nodes: proves passwords | the layers above |
//! | 4 | `controller` | watches, lease, concurrency, requeue | everything |
//! | - | `fence` | until when this process may write | nothing of ours |
//! | - | `telemetry` | logs and metrics | nothing of ours |
//!
//! `aws`, `cluster` and `login` do not know each other. Layers 0 to 2 import no runtime, no client, no clock, no random source and
//! no environment: `cargo check --lib --no-default-features` compiles just them.
//!
//! # Glossary
//!
//! - **aspect**: a part of the object that is decided on independently: gateway, cache, credentials, bindings.
//! - **Desired**: the spec, validated, with every name and tag that follows from it.
//! - **Observed**: what AWS and the API server said; each thing is absent, present or unknown.
//! - **action**: one write, with every decision in it. **wait**: a reason to look again later. **blocked**: a reason to stop until
//!   somebody else acts.
//! - **round**: observe, plan, execute, report. A round that acted is followed by another at once.

#![deny(clippy::disallowed_methods)]

pub mod api;
#[cfg(feature = "operator")]
pub mod aws;
#[cfg(feature = "operator")]
pub mod cluster;
#[cfg(feature = "operator")]
pub mod controller;
#[cfg(feature = "operator")]
pub mod fence;
#[cfg(feature = "operator")]
pub mod login;
pub mod model;
pub mod plan;
pub mod status;
#[cfg(feature = "operator")]
pub mod telemetry;

#[cfg(test)]
#[allow(missing_docs)]
mod fixtures;
