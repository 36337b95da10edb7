use std::fmt;

use super::{Action, Aspect, ClusterAction};

/// What is left alone for a while when a write to it failed. The rest goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// An aspect as a whole: its writes come one after the other, and each may need those before it.
    Aspect(Aspect),
    /// One of those that `spec.bindings` names, or the role of one: none needs another, and one that refuses must not keep the others on an old password.
    Consumer {
        /// What it is.
        kind: &'static str,
        /// Its name; of a Lambda function the ARN.
        name: String,
    },
}

impl Scope {
    /// What `action` of `aspect` writes to.
    #[must_use]
    pub fn of(aspect: Aspect, action: &Action) -> Self {
        let kind = match action {
            Action::Function(_) => "function",
            Action::Role(_) => "role",
            Action::Cluster(ClusterAction::RollWorkload { workload, .. }) => workload.kind.as_str(),
            Action::Cluster(
                ClusterAction::ApplySecret { .. } | ClusterAction::DeleteSecret { .. },
            ) => "Secret",
            _ => return Self::Aspect(aspect),
        };
        let name = action.target().to_owned();
        Self::Consumer { kind, name }
    }

    /// The aspect that it is, or belongs to.
    #[must_use]
    pub const fn aspect(&self) -> Aspect {
        match self {
            Self::Aspect(aspect) => *aspect,
            Self::Consumer { .. } => Aspect::Bindings,
        }
    }
}

impl From<Aspect> for Scope {
    fn from(aspect: Aspect) -> Self {
        Self::Aspect(aspect)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aspect(aspect) => f.write_str(aspect.as_str()),
            Self::Consumer { kind, name } => write!(f, "the {kind} {name}"),
        }
    }
}
