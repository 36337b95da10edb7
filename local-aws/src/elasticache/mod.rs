//! ElastiCache.
//!
//! What the core expects of this module (all of it may be changed inside):
//!
//! * [`State`]: everything of one account and Region, serde, `Default`; it is printed at `/_local/state` and kept on disk.
//! * `settle(place, now)`: brings timed states to where they are at `now` (stored deadlines, no timers), called under the
//!   lock before every call, print and look from outside. Must be idempotent.
//! * `handle(call, place)`: one operation, `call.operation` as the model spells it; `call.input::<T>()` gives the
//!   parameters (lists as arrays, strings become numbers and booleans where `T` wants them); the reply's body is JSON
//!   in which an array is a repeated element: `{"Users": {"member": [..]}}`. Tags live in `place.tags` by ARN, generated ids
//!   come from `place.ids`, `call.after(Delay::Creating)` is a deadline.
//! * `supervise(local)`: runs as long as the binary; keeps node processes in step with the world
//!   (`local.changes()` wakes it, `local.with_world` reads and writes).
//! * `ca_pem(local)`: the CA of the nodes' certificates, for `/_local/ca.pem`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::world::Regional;
use crate::{AwsError, Call, LocalAws, Reply};

/// The caches, users and groups of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {}

pub(crate) fn settle(_place: &mut Regional, _now: Timestamp) {}

pub(crate) fn handle(call: &Call, _place: &mut Regional) -> Result<Reply, AwsError> {
    Err(AwsError::unknown_operation(call))
}

/// Keeps node processes in step with the world until the program ends.
pub async fn supervise(_local: LocalAws) {
    std::future::pending::<()>().await;
}

/// The certificate authority of the nodes' TLS, if there are real nodes.
pub(crate) fn ca_pem(_local: &LocalAws) -> Option<String> {
    None
}
