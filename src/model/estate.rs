use std::collections::BTreeSet;

use crate::api::{CachedApiSpec, DeletionPolicy, ManagementPolicy};

use super::names::names_of;
use super::{Identity, Names};

/// What the object may own, whether or not its spec is valid: enough to take everything down.
#[derive(Clone, Debug, PartialEq)]
pub struct Estate {
    /// Who the object is.
    pub identity: Identity,
    /// AWS Region.
    pub region: String,
    /// What happens to each part.
    pub deletion: DeletionPolicy,
    /// What the operator may do: nothing is taken down that it only observes.
    pub management: ManagementPolicy,
    /// Id of the replication group.
    pub group_id: String,
    /// Name of the secret, or the ARN of one that was there before.
    pub secret_name: String,
    /// Days during which the secret can be restored.
    pub recovery_window_days: u32,
    /// ARNs of functions whose policies may hold our statement: those that the spec or the last status names.
    pub functions: BTreeSet<String>,
    /// ARNs of functions whose environment may hold our variables: those that the spec or the last status names.
    pub bound_functions: BTreeSet<String>,
}

impl Estate {
    /// The estate of an object. `known_functions` and `known_bound` are those that the last status names.
    #[must_use]
    pub fn new(
        identity: Identity,
        spec: &CachedApiSpec,
        known_functions: impl IntoIterator<Item = String>,
        known_bound: impl IntoIterator<Item = String>,
    ) -> Self {
        let named = spec
            .routes
            .iter()
            .filter_map(|route| route.backend.lambda.as_ref())
            .map(|lambda| lambda.function_arn.clone());
        let bound = spec
            .bindings
            .iter()
            .filter_map(|binding| binding.lambda.as_ref())
            .map(|lambda| lambda.function_arn.clone());
        let (group_id, secret_name) = names_of(&identity, spec);
        Self {
            group_id,
            secret_name,
            identity,
            region: spec.region.clone(),
            deletion: spec.deletion_policy.clone(),
            management: spec.management_policy,
            recovery_window_days: spec.credentials.recovery_window_days,
            functions: named.chain(known_functions).collect(),
            bound_functions: bound.chain(known_bound).collect(),
        }
    }

    /// The same, with the names of those that the object is known to have, whatever its spec names.
    #[must_use]
    pub fn known_as(mut self, group: Option<String>, secret: Option<String>) -> Self {
        if let Some(group) = group {
            self.group_id = group;
        }
        // One that the operator made is found by its name, whatever its ARN was.
        let own = self.identity.secret_name();
        let made = |arn: &String| arn.contains(&format!(":secret:{own}-"));
        if let Some(arn) = secret {
            self.secret_name = if made(&arn) { own } else { arn };
        }
        self
    }

    /// What the replication group and the secret are called.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            group: &self.group_id,
            secret: &self.secret_name,
        }
    }
}
