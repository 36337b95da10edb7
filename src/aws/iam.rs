//! The IAM policy that the operator needs, made from the operations that it calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::api::{TAG_ADOPTABLE_BY, TAG_CLUSTER};

use super::operations::{ADOPTION, Condition, Grant, OPERATIONS, Operation};

/// Where a policy counts. Partition, Region and account may be IAM's wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyScope {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Region, or `*`.
    pub region: String,
    /// Account number, or `*`.
    pub account: String,
    /// Id of the cluster whose tag things must carry to be changed.
    pub cluster_id: String,
    /// Whether the operator is to write policies on the roles of bound functions.
    pub consumer_policies: bool,
}

/// The least that the operator needs in `scope`: to read and list, to create what carries the cluster's tag, and to change and delete
/// what carries it. What has another tag, or none, is out of its reach, whatever the operator would decide, but for giving the tag to a part of API Gateway: that is
/// how a REST API is adopted.
#[must_use]
pub fn policy(scope: &PolicyScope) -> Value {
    let mut statements: BTreeMap<(Condition, &[&str]), BTreeSet<&str>> = BTreeMap::new();
    let called =
        |operation: &&&Operation| scope.consumer_policies || !operation.name.starts_with("iam:");
    let operations = OPERATIONS.iter().filter(called);
    for grant in operations.flat_map(|operation| operation.grants) {
        let statement = statements.entry((grant.condition, grant.resources));
        statement.or_default().extend(grant.actions);
    }
    let statements = statements.into_iter();
    let statements: Vec<Value> = statements
        .map(|((condition, resources), actions)| scope.statement(condition, resources, &actions))
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What the operator needs besides [`policy`] to take over replication groups and secrets that exist. It allows nothing to what has neither the cluster's tag nor
/// the consent of its owner, but to tell what it is.
#[must_use]
pub fn adoption_policy(scope: &PolicyScope) -> Value {
    let statement = |grant: &Grant| {
        let actions = grant.actions.iter().copied().collect();
        scope.statement(grant.condition, grant.resources, &actions)
    };
    let statements: Vec<Value> = ADOPTION.iter().map(statement).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

impl PolicyScope {
    fn statement(
        &self,
        condition: Condition,
        resources: &[&str],
        actions: &BTreeSet<&str>,
    ) -> Value {
        let resources: Vec<String> = resources
            .iter()
            .map(|resource| self.arn(resource))
            .collect();
        let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
        if let Some(condition) = self.condition(condition) {
            statement["Condition"] = condition;
        }
        statement
    }

    fn arn(&self, resource: &str) -> String {
        if resource == "*" {
            return resource.to_owned();
        }
        let resource = resource.replace("{region}", &self.region);
        let resource = resource.replace("{account}", &self.account);
        format!("arn:{}:{resource}", self.partition)
    }

    fn condition(&self, condition: Condition) -> Option<Value> {
        let equals = |key: &str, value: &str| Some(json!({ "StringEquals": { key: value } }));
        match condition {
            Condition::Always => None,
            Condition::RequestTag => {
                equals(&format!("aws:RequestTag/{TAG_CLUSTER}"), &self.cluster_id)
            }
            Condition::ResourceTag => {
                equals(&format!("aws:ResourceTag/{TAG_CLUSTER}"), &self.cluster_id)
            }
            Condition::Consent => Some(json!({
                "StringEquals": { format!("aws:RequestTag/{TAG_CLUSTER}"): self.cluster_id },
                "StringLike": {
                    format!("aws:ResourceTag/{TAG_ADOPTABLE_BY}"):
                        [self.cluster_id.clone(), format!("{}/*", self.cluster_id)]
                },
            })),
            Condition::ApiGatewayPrincipal => {
                equals("lambda:Principal", "apigateway.amazonaws.com")
            }
            Condition::ElastiCacheRole => equals("iam:AWSServiceName", "elasticache.amazonaws.com"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> PolicyScope {
        PolicyScope {
            partition: "aws".into(),
            region: "*".into(),
            account: "111122223333".into(),
            cluster_id: "0c6b7e0e-6f1c-4d3c-9a52-5b0f6d0d9f11".into(),
            consumer_policies: true,
        }
    }

    fn statements() -> Vec<Value> {
        policy(&scope())["Statement"].as_array().unwrap().clone()
    }

    #[test]
    fn a_managed_policy_holds_it() {
        let length = policy(&scope()).to_string().len();
        assert!(
            length <= 6144,
            "{length} of the 6144 characters that IAM allows"
        );
    }

    #[test]
    fn what_others_have_is_only_told_of_and_only_given_the_tag_with_consent() {
        let policy = adoption_policy(&scope());
        for statement in policy["Statement"].as_array().unwrap() {
            let actions = statement["Action"].as_array().unwrap();
            let mut actions = actions.iter().map(|action| action.as_str().unwrap());
            let condition = statement["Condition"].to_string();
            let ours = condition.contains("aws:ResourceTag/cachedapi.dev/cluster-id");
            let consent = condition.contains("aws:RequestTag/cachedapi.dev/cluster-id")
                && condition.contains("aws:ResourceTag/cachedapi.dev/adoptable-by");
            let tags = [
                "elasticache:AddTagsToResource",
                "secretsmanager:TagResource",
            ];
            assert!(
                ours || actions.all(|action| {
                    action.contains(":Describe")
                        || action.contains(":List")
                        || consent && tags.contains(&action)
                }),
                "{statement}"
            );
        }
        assert!(
            policy.to_string().len() <= 6144,
            "a managed policy holds it"
        );
    }

    #[test]
    fn every_operation_of_a_service_with_permissions_has_one() {
        for operation in OPERATIONS {
            let free = operation.name.starts_with("sts:");
            let actions = ADOPTION.iter().flat_map(|grant| grant.actions);
            let granted = !operation.grants.is_empty()
                || actions.into_iter().any(|action| *action == operation.name);
            assert_eq!(granted, !free, "{}", operation.name);
        }
    }

    #[test]
    fn only_reads_are_allowed_on_what_others_have() {
        for statement in statements()
            .iter()
            .filter(|statement| statement.get("Condition").is_none())
        {
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                let verb = action.split(':').next_back().unwrap();
                let reads = ["Get", "GET", "List", "Describe"]
                    .iter()
                    .any(|word| verb.starts_with(word));
                let snapshot = statement["Resource"]
                    .to_string()
                    .contains(":snapshot:capi-");
                assert!(
                    reads || snapshot,
                    "{action} is allowed on {}",
                    statement["Resource"]
                );
            }
        }
    }

    #[test]
    fn passwords_are_read_from_our_own_secrets_only() {
        let reads_values =
            |statement: &&Value| statement["Action"].to_string().contains("GetSecretValue");
        let statements = statements();
        let reading: Vec<&Value> = statements.iter().filter(reads_values).collect();
        assert_eq!(reading.len(), 1);
        assert!(
            reading[0]["Condition"]
                .to_string()
                .contains("aws:ResourceTag/cachedapi.dev/cluster-id")
        );
        assert_eq!(
            reading[0]["Resource"],
            json!(["arn:aws:secretsmanager:*:111122223333:secret:cachedapi/*"])
        );
    }

    #[test]
    fn roles_are_written_only_where_that_is_asked_for_and_only_with_our_tag() {
        let of_roles = |statement: &&Value| statement["Action"].to_string().contains("RolePolicy");
        let statements = statements();
        let writing: Vec<&Value> = statements.iter().filter(of_roles).collect();
        assert_eq!(writing.len(), 1);
        let condition = writing[0]["Condition"].to_string();
        assert!(condition.contains("aws:ResourceTag/cachedapi.dev/cluster-id"));
        let without = PolicyScope {
            consumer_policies: false,
            ..scope()
        };
        assert!(!policy(&without).to_string().contains("RolePolicy"));
    }

    #[test]
    fn no_resource_is_everything_but_of_a_read_that_knows_none() {
        for statement in statements() {
            if statement["Action"] == json!(["tag:GetResources"]) {
                assert_eq!(statement["Resource"], json!(["*"]));
                continue;
            }
            for resource in statement["Resource"].as_array().unwrap() {
                assert!(
                    resource.as_str().unwrap().matches(':').count() >= 5,
                    "{resource}"
                );
            }
        }
    }
}
