//! Replication groups of the model.

use std::collections::BTreeSet;

use crate::model::CacheVersion;
use crate::plan::{
    Admission, CacheAction, CacheNode, Endpoint, GroupChange, NewReplicationGroup, ReplicationGroup,
};

use super::ElastiCache;
use super::elasticache::{SLOW, arn};

impl ElastiCache {
    pub(super) fn write_group(&mut self, action: &CacheAction) {
        match action {
            CacheAction::CreateReplicationGroup(new) => self.create_group(new),
            CacheAction::ModifyReplicationGroup { id, change } => {
                self.group_at_rest(id);
                self.change_group(id, change);
                self.modifying(id);
            }
            CacheAction::IncreaseReplicaCount {
                id,
                replicas_per_shard,
            } => {
                let group = self.group_at_rest(id);
                assert!(
                    *replicas_per_shard > group.replicas_per_shard,
                    "InvalidParameterValue: not an increase"
                );
                group.replicas_per_shard = *replicas_per_shard;
                self.modifying(id);
            }
            CacheAction::DecreaseReplicaCount {
                id,
                replicas_per_shard,
            } => {
                let group = self.group_at_rest(id);
                assert!(
                    *replicas_per_shard < group.replicas_per_shard,
                    "InvalidParameterValue: not a decrease"
                );
                let bound = *replicas_per_shard == 0
                    && (group.multi_az || (group.failover && group.shards == 1));
                assert!(!bound, "InvalidParameterValue: failover needs a replica");
                group.replicas_per_shard = *replicas_per_shard;
                self.modifying(id);
            }
            CacheAction::RotateAuthToken { .. } | CacheAction::SetAuthToken { .. } => {
                self.change_token(action);
            }
            CacheAction::DeleteReplicationGroup { id, final_snapshot } => {
                self.delete_group(id, final_snapshot.as_ref());
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    pub(super) fn modifying(&mut self, id: &str) {
        self.groups.get_mut(id).unwrap().status = "modifying".into();
        self.busy.insert(arn("replicationgroup", id), SLOW);
    }

    pub(super) fn group_at_rest(&mut self, id: &str) -> &mut ReplicationGroup {
        let group = self
            .groups
            .get_mut(id)
            .unwrap_or_else(|| panic!("ReplicationGroupNotFoundFault: {id}"));
        assert_eq!(
            group.status, "available",
            "InvalidReplicationGroupState: {id}"
        );
        group
    }

    fn create_group(&mut self, new: &NewReplicationGroup) {
        assert!(
            self.subnet_groups.contains_key(&new.subnet_group),
            "CacheSubnetGroupNotFoundFault"
        );
        if let Admission::UserGroup(users) = &new.admits {
            self.user_group_at_rest(users);
        }
        assert!(
            !new.multi_az || new.replicas_per_shard > 0,
            "InvalidParameterCombination: Multi-AZ needs a replica"
        );
        assert!(
            new.failover || new.shards == 1,
            "InvalidParameterValue: cluster mode needs failover"
        );
        let group = ReplicationGroup {
            arn: arn("replicationgroup", &new.id),
            status: "creating".into(),
            node_groups_available: false,
            engine: Some(new.engine.as_str().into()),
            node_type: new.node_type.clone(),
            member_clusters: vec![format!("{}-001", new.id)],
            shards: new.shards,
            replicas_per_shard: new.replicas_per_shard,
            failover: new.failover,
            multi_az: new.multi_az,
            tls_required: true,
            encrypted_at_rest: true,
            snapshot_retention_days: new.snapshot_retention_days,
            auth_token: matches!(new.admits, Admission::AuthToken(_)),
            cluster_mode: new.shards > 1,
            global: false,
            user_group_ids: match &new.admits {
                Admission::UserGroup(users) => [users.clone()].into(),
                Admission::AuthToken(_) => [].into(),
            },
            nodes: Vec::new(),
            primary: None,
            reader: None,
            pending: Vec::new(),
            auth_token_modified: self.admit(new),
            created: None,
            auth_token_changing: false,
        };
        let node = CacheNode {
            engine: new.engine.as_str().into(),
            engine_version: format!("{}.0", new.engine_version),
            security_group_ids: new.security_group_ids.clone(),
            subnet_group: new.subnet_group.clone(),
            parameter_group: format!("default.{}", new.engine.as_str()),
        };
        self.tags.insert(group.arn.clone(), new.tags.clone());
        self.busy.insert(group.arn.clone(), SLOW);
        self.nodes.insert(new.id.clone(), node);
        assert!(
            self.groups.insert(new.id.clone(), group).is_none(),
            "ReplicationGroupAlreadyExists: {}",
            new.id
        );
    }

    fn change_group(&mut self, id: &str, change: &GroupChange) {
        if let GroupChange::AttachUserGroup(user_group) = change {
            self.user_group_at_rest(user_group);
        }
        let (group, node) = (
            self.groups.get_mut(id).unwrap(),
            self.nodes.get_mut(id).unwrap(),
        );
        match change {
            GroupChange::NodeType(node_type) => group.node_type.clone_from(node_type),
            GroupChange::Engine { engine, version } => {
                let (wanted, running): (CacheVersion, CacheVersion) = (
                    version.parse().unwrap(),
                    node.engine_version.parse().unwrap(),
                );
                assert!(
                    wanted >= running,
                    "InvalidParameterValue: downgrade from {} to {version}",
                    node.engine_version
                );
                assert!(
                    node.engine == "redis" || engine.as_str() == "valkey",
                    "InvalidParameterValue: valkey to redis"
                );
                node.engine = engine.as_str().into();
                node.engine_version = format!("{version}.0");
                group.engine = Some(node.engine.clone());
            }
            GroupChange::SnapshotRetention(days) => group.snapshot_retention_days = *days,
            GroupChange::SecurityGroups(ids) => node.security_group_ids.clone_from(ids),
            GroupChange::Failover {
                automatic,
                multi_az,
            } => {
                assert!(
                    !multi_az || group.replicas_per_shard > 0,
                    "InvalidParameterCombination: Multi-AZ needs a replica"
                );
                assert!(
                    *automatic || group.shards == 1,
                    "InvalidParameterValue: cluster mode needs failover"
                );
                (group.failover, group.multi_az) = (*automatic, *multi_az);
            }
            GroupChange::AttachUserGroup(user_group) => {
                assert!(
                    group.user_group_ids.is_empty(),
                    "InvalidParameterValue: one user group at most"
                );
                group.user_group_ids.insert(user_group.clone());
            }
        }
    }

    fn delete_group(&mut self, id: &str, final_snapshot: Option<&String>) {
        let group = self.groups.get_mut(id).expect("the group is there");
        assert!(
            ["available", "create-failed"].contains(&group.status.as_str()),
            "InvalidReplicationGroupState: {id}"
        );
        group.status = "deleting".into();
        self.busy.insert(arn("replicationgroup", id), SLOW);
        if let Some(name) = final_snapshot {
            assert!(
                self.snapshots
                    .insert(name.clone(), "creating".into())
                    .is_none(),
                "SnapshotAlreadyExistsFault: {name}"
            );
        }
    }

    /// What comes with the end of a creation or a deletion.
    pub(super) fn finish_groups(&mut self, done: &BTreeSet<String>) {
        for (id, group) in self
            .groups
            .iter_mut()
            .filter(|(_, group)| done.contains(&group.arn))
        {
            group.node_groups_available = true;
            group.auth_token_changing = false;
            group.pending.clear();
            if let Some(tokens) = self.tokens.get_mut(id) {
                tokens.settle();
                group.auth_token_modified = Some(tokens.modified);
            }
            group.primary = Some(Endpoint {
                host: format!("master.{id}.example.com"),
                port: 6379,
            });
        }
        let groups = &self.groups;
        self.nodes.retain(|id, _| groups.contains_key(id));
        self.tokens.retain(|id, _| groups.contains_key(id));
    }
}
