//! Whether an object may be in the account that it names.

use crate::api::{AwsAccountSpec, Reason};

use super::{Class, Failure};

/// A role that the operator assumes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssumedRole {
    /// ARN.
    pub arn: String,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
}

impl From<&AwsAccountSpec> for AssumedRole {
    fn from(account: &AwsAccountSpec) -> Self {
        Self {
            arn: account.role_arn.clone(),
            external_id: account.external_id.clone(),
        }
    }
}

/// Whether the account is for objects in `region`.
pub(super) fn is_for_region(account: &AwsAccountSpec, region: &str) -> bool {
    let regions = &account.allowed_regions;
    regions.is_empty() || regions.iter().any(|allowed| allowed == region)
}

/// The role for an object in `namespace` and `region` that names the account `name`. Fails when there is no such account, or it is not for such an object.
pub fn permitted_role(
    (name, account): (&str, Option<&AwsAccountSpec>),
    namespace: &str,
    region: &str,
) -> Result<AssumedRole, Failure> {
    let Some(account) = account else {
        let message = format!(
            "spec.accountRef names the AwsAccount {name}, which is not there: create it, or change the spec"
        );
        // It may come a moment later with the same `kubectl apply`.
        return Err(refuse(Class::Transient, message));
    };
    let is_everybody = |allowed: &String| allowed == "*" || allowed == namespace;
    if !account.allowed_namespaces.iter().any(is_everybody) {
        let message = format!(
            "the AwsAccount {name} is not for objects in the namespace {namespace}: its spec.allowedNamespaces does not name it"
        );
        return Err(refuse(Class::Blocked, message));
    }
    if !is_for_region(account, region) {
        let message = format!(
            "the AwsAccount {name} is not for objects in {region}: its spec.allowedRegions has {}",
            account.allowed_regions.join(", ")
        );
        return Err(refuse(Class::Blocked, message));
    }
    Ok(account.into())
}

fn refuse(class: Class, message: String) -> Failure {
    Failure {
        operation: "kubernetes:GetAwsAccount",
        class,
        reason: Reason::AccountUnusable,
        message,
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(namespaces: &[&str], regions: &[&str]) -> AwsAccountSpec {
        let list = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        AwsAccountSpec {
            role_arn: "arn:aws:iam::222233334444:role/cachedapi".into(),
            external_id: Some("shop".into()),
            allowed_namespaces: list(namespaces),
            allowed_regions: list(regions),
        }
    }

    fn role(account: Option<&AwsAccountSpec>) -> Result<AssumedRole, (Class, String)> {
        permitted_role(("team", account), "shop", "eu-west-1")
            .map_err(|failure| (failure.class, failure.message))
    }

    #[test]
    fn an_account_is_for_the_namespaces_and_regions_that_it_names() {
        for permitting in [
            account(&["shop"], &[]),
            account(&["*"], &["us-east-1", "eu-west-1"]),
        ] {
            let role = role(Some(&permitting)).unwrap();
            assert_eq!(role.arn, permitting.role_arn);
            assert_eq!(role.external_id, permitting.external_id);
        }
        for (refusing, why) in [
            (account(&["shop2", "sho"], &[]), "allowedNamespaces"),
            (
                account(&["shop"], &["us-east-1"]),
                "allowedRegions has us-east-1",
            ),
        ] {
            let (class, message) = role(Some(&refusing)).unwrap_err();
            assert_eq!(class, Class::Blocked);
            assert!(
                message.contains("team") && message.contains(why),
                "{message}"
            );
        }
    }

    #[test]
    fn an_account_that_is_not_there_may_come_at_any_moment() {
        let (class, message) = role(None).unwrap_err();
        assert_eq!(class, Class::Transient);
        assert!(message.contains("AwsAccount team"), "{message}");
    }
}
