//! The page of condition types and reasons.

use cachedapi_operator::api::{ConditionType, Reason};

const HEAD: &str = "\
# Conditions and reasons

<!-- Generated from src/api/condition.rs by `make docs`. Do not edit. -->

`status.conditions` follows the Kubernetes convention: `type`, `status` (True, False or Unknown), `reason`, `message`, `lastTransitionTime` (when
`status` changed last) and `observedGeneration` (the generation of the spec that it speaks of). A condition whose `observedGeneration` is older than
`metadata.generation` says nothing of the current spec.

Types and reasons are API: scripts may rely on them. Messages are for people and may change.
";

/// What each type says when it is True.
const TYPES: [(ConditionType, &str); 8] = [
    (
        ConditionType::Ready,
        "Everything the spec asks for is live. It is computed from the conditions of the parts.",
    ),
    (
        ConditionType::Synced,
        "The last round applied all it could, or had nothing to do.",
    ),
    (
        ConditionType::Reconciling,
        "Work is under way. True is not the resting state ([kstatus](https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md)).",
    ),
    (
        ConditionType::Stalled,
        "Nothing will move until somebody changes the spec, or puts right in AWS what the message names. True is not the resting state (kstatus).",
    ),
    (
        ConditionType::ApiReady,
        "The REST API is live: the stage serves the deployment of the current spec.",
    ),
    (
        ConditionType::CacheReady,
        "The replication group is available as asked for.",
    ),
    (
        ConditionType::CredentialsReady,
        "Each way into the cache that the spec asks for is open.",
    ),
    (
        ConditionType::BindingsReady,
        "Every consumer of `spec.bindings`, and every Secret of an API key, has what is current.",
    ),
];

pub fn page() -> String {
    let types = TYPES.map(|(kind, says)| format!("| `{}` | {says} |", kind.as_str()));
    let reasons = Reason::ALL.iter().map(|reason| {
        format!(
            "| `{}` | {} |",
            reason.as_str(),
            reason.meaning().trim().replace('|', "\\|")
        )
    });
    let reasons: Vec<String> = reasons.collect();
    format!(
        "{HEAD}\n## Types\n\n| type | True means |\n|---|---|\n{}\n\n## Reasons\n\n| reason | meaning, and what to do |\n|---|---|\n{}\n\nWhat to do about each in practice: [troubleshooting](../operations.md#troubleshooting).\n",
        types.join("\n"),
        reasons.join("\n"),
    )
}
