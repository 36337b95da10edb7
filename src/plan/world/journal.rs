//! What happened, for people: one block of lines per round in which something new is done, awaited or reported.

use std::fmt::Write;

use jiff::Timestamp;

use crate::plan::{Action, CacheAction, ClusterAction, GatewayAction, Plan};

/// The rounds of a world, in words.
#[derive(Clone, Default)]
pub struct Journal {
    text: String,
    last: String,
    start: Option<Timestamp>,
}

impl Journal {
    /// Takes down the round at `now`.
    pub fn note(&mut self, now: Timestamp, plan: &Plan) {
        let start = *self.start.get_or_insert(now);
        let mut round = String::new();
        for (aspect, decided) in plan.aspects() {
            let name = aspect.as_str();
            for action in &decided.actions {
                let (operation, target, detail) =
                    (action.operation(), short(action.target()), detail(action));
                let _ = writeln!(round, "  {name:<12} {operation} {target}{detail}");
            }
            for wait in &decided.waits {
                let _ = writeln!(
                    round,
                    "  {name:<12} waits: {} - {}",
                    wait.reason.as_str(),
                    short(&wait.message)
                );
            }
            for block in &decided.blocks {
                let _ = writeln!(
                    round,
                    "  {name:<12} is blocked: {} - {}",
                    block.reason.as_str(),
                    short(&block.message)
                );
            }
        }
        if round.is_empty() {
            round.push_str("  as desired\n");
        }
        if round != self.last {
            let _ = write!(
                self.text,
                "after {} s\n{round}",
                now.duration_since(start).as_secs()
            );
        }
        self.last = round;
    }

    /// All of it, and starts anew.
    pub fn take(&mut self) -> String {
        std::mem::take(self).text
    }
}

/// Without what makes lines long and says nothing.
fn short(text: &str) -> String {
    let uid = crate::fixtures::identity().uid;
    text.replace(&uid.simple().to_string(), "UID")
        .replace("arn:aws:secretsmanager:eu-west-1:123456789012:secret:", "")
}

fn detail(action: &Action) -> String {
    let detail = match action {
        Action::Cache(CacheAction::ModifyReplicationGroup { change, .. }) => format!("{change:?}"),
        Action::Cache(
            CacheAction::IncreaseReplicaCount {
                replicas_per_shard, ..
            }
            | CacheAction::DecreaseReplicaCount {
                replicas_per_shard, ..
            },
        ) => {
            format!("to {replicas_per_shard} per shard")
        }
        Action::Cache(CacheAction::ModifyUserGroup { add, remove, .. }) => {
            format!("add {add:?} remove {remove:?}")
        }
        Action::Cache(CacheAction::ModifySubnetGroup { subnet_ids, .. }) => {
            format!("{subnet_ids:?}")
        }
        Action::Cache(CacheAction::ModifyUserAccess { access_string, .. }) => access_string.clone(),
        Action::Cache(CacheAction::DeleteReplicationGroup {
            final_snapshot: Some(name),
            ..
        }) => format!("with the snapshot {name}"),
        Action::Cluster(ClusterAction::ApplySecret { data, .. }) => {
            data.keys().cloned().collect::<Vec<_>>().join(", ")
        }
        Action::Gateway(
            GatewayAction::UpdateStage { patches, .. }
            | GatewayAction::UpdateUsagePlan { patches, .. },
        ) => {
            let paths: Vec<String> = patches
                .iter()
                .map(|patch| format!("{} {}", patch.path, patch.value.clone().unwrap_or_default()))
                .collect();
            paths.join(", ")
        }
        _ => return String::new(),
    };
    format!(": {}", short(&detail))
}
