use crate::model::Desired;

use super::{AspectPlan, Context, Observed};

/// Decides on the Kubernetes Secrets.
pub fn plan_bindings(_desired: &Desired, _observed: &Observed, _context: Context) -> AspectPlan {
    AspectPlan::default()
}
