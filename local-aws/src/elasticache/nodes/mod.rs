//! Real nodes behind replication groups.

mod plan;

pub(super) use plan::Plan;

use crate::LocalAws;

/// Keeps node processes in step with the world until the program ends.
pub async fn supervise(_local: LocalAws) {
    std::future::pending::<()>().await;
}

/// The certificate authority of the nodes' TLS, if there are real nodes.
pub(crate) fn ca_pem(_local: &LocalAws) -> Option<String> {
    None
}
