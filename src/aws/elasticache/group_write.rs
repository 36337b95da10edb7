use aws_sdk_elasticache::types::{AuthTokenUpdateStrategyType, ClusterMode, TransitEncryptionMode};

use crate::plan::{Admission, Fact, GroupChange, NewReplicationGroup, Sensitive};

use super::super::call::{changed, created, deleted, fact};
use super::super::operations::{
    CREATE_REPLICATION_GROUP, DECREASE_REPLICA_COUNT, DELETE_REPLICATION_GROUP,
    INCREASE_REPLICA_COUNT, MODIFY_REPLICATION_GROUP,
};
use super::write::{Outcome, ids, sdk_tags};
use super::{ElastiCache, from_sdk};

/// The port that the engines listen on by default.
const PORT: i32 = 6379;

impl ElastiCache {
    pub(super) async fn create_group(&self, group: &NewReplicationGroup) -> Outcome {
        let mode = if group.shards > 1 {
            ClusterMode::Enabled
        } else {
            ClusterMode::Disabled
        };
        let request = self.client.create_replication_group();
        let request = request
            .replication_group_id(&group.id)
            .replication_group_description(&group.description)
            .engine(group.engine.as_str())
            .engine_version(&group.engine_version)
            .cache_node_type(&group.node_type)
            .cluster_mode(mode)
            .num_node_groups(number(group.shards))
            .replicas_per_node_group(number(group.replicas_per_shard))
            .automatic_failover_enabled(group.failover)
            .multi_az_enabled(group.multi_az)
            .cache_subnet_group_name(&group.subnet_group)
            .set_security_group_ids(ids(&group.security_group_ids))
            .port(PORT)
            .transit_encryption_enabled(true)
            .transit_encryption_mode(TransitEncryptionMode::Required)
            .at_rest_encryption_enabled(true)
            .auto_minor_version_upgrade(false)
            .snapshot_retention_limit(number(group.snapshot_retention_days))
            .set_tags(Some(sdk_tags(&group.tags)));
        let (request, token) = match &group.admits {
            Admission::UserGroup(users) => (request.user_group_ids(users), None),
            Admission::AuthToken(token) => {
                let token = &token.value;
                (request.auth_token(token.reveal()), Some(token))
            }
        };
        let reply = self
            .caller
            .call(CREATE_REPLICATION_GROUP, &group.id, request.send())
            .await;
        let reply = reply.map_err(|refusal| match token {
            Some(token) => refusal.without(token),
            None => refusal,
        });
        let group = created(reply)?.and_then(|reply| reply.replication_group);
        Ok(fact(
            Fact::ReplicationGroup,
            group.map(from_sdk::replication_group),
        ))
    }

    pub(super) async fn modify_group(&self, id: &str, change: &GroupChange) -> Outcome {
        let request = self
            .client
            .modify_replication_group()
            .replication_group_id(id);
        let request = request.apply_immediately(true);
        let request = match change {
            GroupChange::NodeType(node_type) => request.cache_node_type(node_type),
            GroupChange::Engine { engine, version } => {
                request.engine(engine.as_str()).engine_version(version)
            }
            GroupChange::SnapshotRetention(days) => request.snapshot_retention_limit(number(*days)),
            GroupChange::SecurityGroups(groups) => request.set_security_group_ids(ids(groups)),
            GroupChange::Failover {
                automatic,
                multi_az,
            } => request
                .automatic_failover_enabled(*automatic)
                .multi_az_enabled(*multi_az),
            GroupChange::AttachUserGroup(group) => request.user_group_ids_to_add(group),
        };
        changed(
            self.caller
                .call(MODIFY_REPLICATION_GROUP, id, request.send())
                .await,
        )?;
        Ok(None)
    }

    /// Sent once: to repeat a `ROTATE` may drop the token before it.
    pub(super) async fn change_token(
        &self,
        id: &str,
        token: &Sensitive,
        strategy: AuthTokenUpdateStrategyType,
    ) -> Outcome {
        let request = self
            .client
            .modify_replication_group()
            .replication_group_id(id);
        let request = request
            .apply_immediately(true)
            .auth_token(token.reveal())
            .auth_token_update_strategy(strategy);
        let reply = self
            .caller
            .call(MODIFY_REPLICATION_GROUP, id, request.send())
            .await;
        changed(reply.map_err(|refusal| refusal.without(token)))?;
        Ok(None)
    }

    pub(super) async fn increase_replica_count(&self, id: &str, replicas: u32) -> Outcome {
        let request = self
            .client
            .increase_replica_count()
            .replication_group_id(id);
        let request = request
            .new_replica_count(number(replicas))
            .apply_immediately(true);
        changed(
            self.caller
                .call(INCREASE_REPLICA_COUNT, id, request.send())
                .await,
        )?;
        Ok(None)
    }

    pub(super) async fn decrease_replica_count(&self, id: &str, replicas: u32) -> Outcome {
        let request = self
            .client
            .decrease_replica_count()
            .replication_group_id(id);
        let request = request
            .new_replica_count(number(replicas))
            .apply_immediately(true);
        changed(
            self.caller
                .call(DECREASE_REPLICA_COUNT, id, request.send())
                .await,
        )?;
        Ok(None)
    }

    /// The primary goes as well: it is ours, and nobody could reach it by a name that anybody knows.
    pub(super) async fn delete_group(&self, id: &str, final_snapshot: Option<String>) -> Outcome {
        let request = self
            .client
            .delete_replication_group()
            .replication_group_id(id);
        let request = request
            .retain_primary_cluster(false)
            .set_final_snapshot_identifier(final_snapshot);
        deleted(
            self.caller
                .call(DELETE_REPLICATION_GROUP, id, request.send())
                .await,
        )?;
        Ok(None)
    }
}

/// The spec's numbers are small: they are bounded by the schema of the custom resource.
fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
