use jiff::Timestamp;

use crate::cluster::Subject;
use crate::plan::{Failure, Observed};
use crate::status::{self, Report};

use super::context::Context;
use super::memory;
use super::narrate;

/// Makes the status what `report` says, and tells people what changed. The report's `previous` is filled in here.
pub async fn publish(
    context: &Context,
    subject: &mut Subject,
    report: Report<'_>,
) -> Result<(), Failure> {
    let previous = subject.status();
    let password_since = password_since(report.observed);
    let status = status::report(&Report { previous, ..report });
    let before = previous.map_or_else(Default::default, |status| status.conditions.as_slice());
    let changes = narrate::transitions(before, &status.conditions);
    context
        .census
        .count(&memory::key(subject.object()), &status, password_since);
    if subject.apply_status(&status).await? {
        for note in changes {
            context.cluster.publish(subject.object(), note).await;
        }
    }
    Ok(())
}

/// When the current password was made, or was to be.
fn password_since(observed: &Observed) -> Option<Timestamp> {
    let value = observed.secret.current_value().present()?;
    value.password_since.or(value.created)
}
