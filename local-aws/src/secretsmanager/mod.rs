//! Secrets Manager.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// The secrets of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {}

pub(crate) fn settle(_place: &mut Regional, _now: Timestamp) {}

pub(crate) fn handle(call: &Call, _place: &mut Regional) -> Result<Reply, AwsError> {
    Err(AwsError::unknown_operation(call))
}
