use std::collections::BTreeSet;
use std::fmt;

use crate::api::Binding;

/// Who receives endpoint and credential.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DesiredBindings {
    /// Kubernetes Secrets, in the order of the spec.
    pub secrets: Vec<DesiredBoundSecret>,
    /// Lambda functions, in the order of the spec.
    pub functions: Vec<DesiredFunction>,
    /// Workloads to roll.
    pub workloads: BTreeSet<Workload>,
}

/// A Kubernetes Secret with endpoint and credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredBoundSecret {
    /// Name.
    pub name: String,
    /// Whether it has the password before the current one as well, while that works.
    pub previous_password: bool,
}

/// A Lambda function with endpoint and secret in its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredFunction {
    /// ARN, unqualified.
    pub arn: String,
    /// Alias whose version is to have them as well.
    pub alias: Option<String>,
}

/// A workload in the object's namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// Kind.
    pub kind: WorkloadKind,
    /// Name.
    pub name: String,
}

/// A kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // Kubernetes' own names.
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
}

impl WorkloadKind {
    /// As Kubernetes spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

impl DesiredBindings {
    pub(super) fn build(spec: &[Binding]) -> Self {
        let mut bindings = Self::default();
        for binding in spec {
            bindings
                .secrets
                .extend(binding.secret.as_ref().map(|secret| DesiredBoundSecret {
                    name: secret.name.clone(),
                    previous_password: secret.previous_password,
                }));
            bindings
                .functions
                .extend(binding.lambda.as_ref().map(|lambda| DesiredFunction {
                    arn: lambda.function_arn.clone(),
                    alias: lambda.alias.clone(),
                }));
            for (kind, bound) in [
                (WorkloadKind::Deployment, &binding.deployment),
                (WorkloadKind::StatefulSet, &binding.stateful_set),
            ] {
                bindings
                    .workloads
                    .extend(bound.as_ref().map(|bound| Workload {
                        kind,
                        name: bound.name.clone(),
                    }));
            }
        }
        bindings
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len() + self.functions.len() + self.workloads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
