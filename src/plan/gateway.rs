use crate::model::Desired;

use super::{AspectPlan, Context, Observed};

/// Decides on the REST API, its deployments, stage, keys and permissions.
pub fn plan_gateway(_desired: &Desired, _observed: &Observed, _context: Context) -> AspectPlan {
    AspectPlan::default()
}
