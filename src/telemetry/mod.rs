//! Logs, metrics and the two HTTP endpoints that show them. Imports nothing of ours.

mod http;
mod log;
mod metrics;

pub use self::http::{Endpoints, Health, serve};
pub use self::log::{Format, InvalidFilter, init, subscriber};
pub use self::metrics::{AwsCall, Metrics, Outcome};
