use crate::model::Estate;

use super::{Context, Observed, Plan};

/// Decides what to take down next.
pub fn plan_teardown(_estate: &Estate, _observed: &Observed, _context: Context) -> Plan {
    Plan::default()
}
