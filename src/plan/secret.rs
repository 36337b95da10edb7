use crate::model::Desired;

use super::{AspectPlan, Context, Observed};

/// Decides on the secret.
pub fn plan_secret(_desired: &Desired, _observed: &Observed, _context: Context) -> AspectPlan {
    AspectPlan::default()
}
