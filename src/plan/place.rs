use crate::api::{CachedApiStatus, Reason};

use super::{Class, Failure};

/// Fails when the object's things are in another account or Region than where the operator would look for them: it would find nothing there, make everything
/// anew, or let an object go whose things stay. A status that says nothing of it passes.
pub fn check_place(
    status: Option<&CachedApiStatus>,
    account: &str,
    region: &str,
) -> Result<(), Failure> {
    let Some(status) = status else { return Ok(()) };
    let differs = |recorded: &Option<String>, now: &str| {
        recorded
            .as_ref()
            .filter(|recorded| *recorded != now)
            .cloned()
    };
    let message = if let Some(recorded) = differs(&status.account, account) {
        format!(
            "the operator's credentials belong to the AWS account {account}, and the object's things are in {recorded}: nothing is done until it has credentials of {recorded}"
        )
    } else if let Some(recorded) = differs(&status.region, region) {
        format!(
            "spec.region is {region}, and the object's things are in {recorded}: nothing is done until it is {recorded} again"
        )
    } else {
        return Ok(());
    };
    Err(Failure {
        operation: "sts:GetCallerIdentity",
        class: Class::Blocked,
        reason: Reason::PlaceMismatch,
        message,
        retry_after: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_another_account_or_region_is_not_looked_for_here() {
        let status = |account: &str, region: &str| CachedApiStatus {
            account: Some(account.into()),
            region: Some(region.into()),
            ..CachedApiStatus::default()
        };
        for (case, status, told) in [
            ("no status", None, None),
            ("nothing in AWS yet", Some(CachedApiStatus::default()), None),
            ("here", Some(status("1", "eu-west-1")), None),
            (
                "another account",
                Some(status("2", "eu-west-1")),
                Some("credentials of 2"),
            ),
            (
                "another Region",
                Some(status("1", "us-east-1")),
                Some("us-east-1 again"),
            ),
        ] {
            let failure = check_place(status.as_ref(), "1", "eu-west-1").err();
            let message = failure.map(|failure| failure.message);
            match told {
                None => assert_eq!(message, None, "{case}"),
                Some(told) => assert!(message.unwrap().contains(told), "{case}"),
            }
        }
    }
}
