//! API Gateway: REST APIs, control plane and data plane.
//!
//! What the core expects of this module (all of it may be changed inside):
//!
//! * [`State`]: everything of one account and Region, serde, `Default`; it is printed at `/_local/state` and kept on disk.
//! * [`ROUTES`]: method, path template and operation name. `{name}` matches one segment and gives `call.params.path(name)`.
//! * `settle(place, now)`: brings timed states to where they are at `now` (stored deadlines, no timers), called under the
//!   lock before every call, print and look from outside. Must be idempotent.
//! * `handle(call, place)`: one operation; `call.params` has path, query, JSON body and raw body; `place.lambda` knows the
//!   functions, `place.tags` the tags by ARN, `place.ids` gives ids, `call.after(Delay::ApiUpdating)` is a deadline.
//! * [`data_plane::serve`]: answers a request to a deployed API (host form or `/_aws/execute-api/` path form); reads the
//!   world through `local.with_world`, awaits outside of it.

pub mod data_plane;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::protocol::Route;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// The REST APIs, keys and plans of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {}

pub(crate) const ROUTES: &[Route] = &[Route::new("POST", "/restapis", "CreateRestApi")];

pub(crate) fn settle(_place: &mut Regional, _now: Timestamp) {}

pub(crate) fn handle(call: &Call, _place: &mut Regional) -> Result<Reply, AwsError> {
    Err(AwsError::unknown_operation(call))
}
