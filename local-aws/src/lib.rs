//! A local AWS: the services the operator uses, over their real wire protocols.
//!
//! [`LocalAws::handle`] takes one HTTP request and answers it, whatever it is for: the control APIs of API Gateway,
//! ElastiCache, Secrets Manager, Lambda, IAM, STS and the Resource Groups Tagging API, the data plane of API Gateway, and the admin API under `/_local/`.
//! It needs no socket, so a simulation calls it in process under tokio's paused clock; the binary puts hyper in front.
//!
//! How a request goes:
//!
//! ```text
//! local ── /_local/*                ─> admin       state, calls, faults, reset
//!       ├─ execute-api host or path ─> apigateway::data_plane
//!       └─ signed control call      ─> protocol (operation, parameters) ─> faults ─> policy ─> quotas
//!                                      ─> service module, one lock, no await ─> protocol (reply) ─> call log, store
//! ```
//!
//! A service is a module with a `State` (serde, part of [`world::Regional`]), a `settle(&mut State, now)` that brings
//! timed states up to date, and a `handle(&Call, &mut Regional) -> Result<Reply, AwsError>`; `service` has the table.
//! Nothing runs inside the lock but arithmetic. What needs time (node processes, proxying) looks at the
//! world from outside, through [`LocalAws::with_world`] and [`LocalAws::changes`].

mod admin;
pub mod apigateway;
mod call;
mod calls;
mod clock;
mod config;
pub mod elasticache;
mod error;
mod faults;
pub mod iam;
mod ids;
mod lag;
pub mod lambda;
mod local;
pub mod policy;
mod protocol;
mod quotas;
pub mod secretsmanager;
mod service;
pub mod sigv4;
mod store;
mod sts;
mod tagging;
mod tags;
mod target;
pub mod world;

pub use call::{Call, Params, Reply};
pub use clock::Clock;
pub use config::{Config, Delay, Delays, KnownKey};
pub use error::AwsError;
pub use faults::Effect;
pub use ids::Ids;
pub use lag::Lag;
pub use local::{Address, LocalAws, ReplyLost};
pub use store::StoreError;
pub use tags::Tags;
