//! A replication group and its nodes as the API shows them.

use serde_json::{Map, Value, json};

use super::auth::TokenChange;
use super::endpoints::Endpoint;
use super::{Change, Member, ReplicationGroup, Shard, Status, Transit};

fn switch(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

impl Transit {
    fn mode(self) -> Option<&'static str> {
        match self {
            Transit::Off => None,
            Transit::Preferred => Some("preferred"),
            Transit::Required => Some("required"),
        }
    }
}

impl ReplicationGroup {
    /// The structure `ReplicationGroup`.
    pub(super) fn render(&self, region: &str) -> Value {
        let mut fields = Map::new();
        for part in [
            self.render_identity(),
            self.render_layout(region),
            self.render_protection(),
        ] {
            if let Value::Object(part) = part {
                fields.extend(part);
            }
        }
        Value::Object(fields)
    }

    fn render_identity(&self) -> Value {
        json!({
            "ReplicationGroupId": self.id,
            "Description": self.description,
            "GlobalReplicationGroupInfo": {},
            "Status": self.status,
            "PendingModifiedValues": self.outstanding().render(),
            "ARN": self.arn,
            "Engine": self.release.engine,
            "CacheNodeType": self.node_type,
            "ReplicationGroupCreateTime": self.created,
            "AutoMinorVersionUpgrade": self.auto_minor_version_upgrade,
            "DataTiering": "disabled",
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
        })
    }

    fn render_layout(&self, region: &str) -> Value {
        let shown = if self.status == Status::Creating {
            &[][..]
        } else {
            &self.shards
        };
        let shards: Vec<_> = shown
            .iter()
            .map(|shard| self.render_shard(shard, region))
            .collect();
        let members: Vec<_> = self.member_ids().collect();
        let configuration = self
            .clustered()
            .then(|| self.endpoint(&Endpoint::Configuration, region));
        json!({
            "MemberClusters": {"ClusterId": members},
            "NodeGroups": {"NodeGroup": shards},
            "ClusterEnabled": self.clustered(),
            "ClusterMode": self.cluster_mode,
            "ConfigurationEndpoint": configuration,
            "AutomaticFailover": self.failover_status(),
            "MultiAZ": switch(self.multi_az),
            "SnapshotRetentionLimit": self.backups.retention_days,
            "SnapshotWindow": self.backups.window,
            "SnapshottingClusterId": self.backups.source,
        })
    }

    fn render_protection(&self) -> Value {
        let storage = match (self.at_rest, &self.kms_key_id) {
            (false, _) => "none",
            (true, None) => "sse-elasticache",
            (true, Some(_)) => "sse-kms",
        };
        json!({
            "AuthTokenEnabled": self.auth.is_some(),
            "AuthTokenLastModifiedDate": self.auth.as_ref().map(|auth| auth.modified),
            "TransitEncryptionEnabled": self.transit != Transit::Off,
            "TransitEncryptionMode": self.transit.mode(),
            "AtRestEncryptionEnabled": self.at_rest,
            "KmsKeyId": self.kms_key_id,
            "StorageEncryptionType": storage,
            "UserGroupIds": {"member": self.user_groups},
        })
    }

    /// `enabling` and `disabling` while that change is under way.
    fn failover_status(&self) -> &'static str {
        match self.under_way.automatic_failover {
            Some(true) => "enabling",
            Some(false) => "disabling",
            None => switch(self.automatic_failover),
        }
    }

    /// What is under way or waits for the maintenance window.
    fn outstanding(&self) -> Change {
        let pending = self
            .pending
            .as_ref()
            .map(|pending| pending.change.clone())
            .unwrap_or_default();
        pending.after(self.under_way.clone())
    }

    fn render_shard(&self, shard: &Shard, region: &str) -> Value {
        let status = match self.status {
            Status::Snapshotting => Status::Available,
            status => status,
        };
        let members: Vec<_> = shard
            .members
            .iter()
            .map(|member| self.render_member(shard, member, region))
            .collect();
        let own =
            |endpoint: Endpoint<'_>| (!self.clustered()).then(|| self.endpoint(&endpoint, region));
        json!({
            "NodeGroupId": shard.id,
            "Status": status,
            "PrimaryEndpoint": own(Endpoint::Primary(shard)),
            "ReaderEndpoint": own(Endpoint::Reader(shard)),
            "Slots": self.clustered().then(|| format!("{}-{}", shard.slots.0, shard.slots.1)),
            "NodeGroupMembers": {"NodeGroupMember": members},
        })
    }

    fn render_member(&self, shard: &Shard, member: &Member, region: &str) -> Value {
        let role = if member.id == shard.primary {
            "primary"
        } else {
            "replica"
        };
        let single = !self.clustered();
        json!({
            "CacheClusterId": member.id,
            "CacheNodeId": "0001",
            "ReadEndpoint": single.then(|| self.endpoint(&Endpoint::Node(&member.id), region)),
            "PreferredAvailabilityZone": member.zone,
            "CurrentRole": single.then_some(role),
        })
    }

    /// The structure `CacheCluster` of one node.
    pub(super) fn render_cluster(&self, member: &Member, region: &str, with_node: bool) -> Value {
        let outstanding = self.outstanding();
        let groups: Vec<_> = self
            .security_groups
            .iter()
            .map(|id| json!({"SecurityGroupId": id, "Status": "active"}))
            .collect();
        let account = self.arn.split(':').nth(4).unwrap_or_default();
        json!({
            "CacheClusterId": member.id,
            "CacheNodeType": self.node_type,
            "Engine": self.release.engine,
            "EngineVersion": self.release.version.to_string(),
            "CacheClusterStatus": self.status,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": member.zone,
            "CacheClusterCreateTime": self.created,
            "PreferredMaintenanceWindow": self.maintenance_window,
            "PendingModifiedValues": {
                "EngineVersion": outstanding.release.map(|release| release.version.to_string()),
                "CacheNodeType": outstanding.node_type,
                "AuthTokenStatus": outstanding.auth.as_ref().and_then(TokenChange::status),
            },
            "CacheSecurityGroups": {},
            "CacheParameterGroup": {"CacheParameterGroupName": self.parameter_group, "ParameterApplyStatus": "in-sync"},
            "CacheSubnetGroupName": self.subnet_group,
            "CacheNodes": with_node.then(|| json!({"CacheNode": [self.render_node(member, region)]})),
            "AutoMinorVersionUpgrade": self.auto_minor_version_upgrade,
            "SecurityGroups": {"member": groups},
            "ReplicationGroupId": self.id,
            "SnapshotRetentionLimit": self.backups.retention_days,
            "SnapshotWindow": self.backups.window,
            "AuthTokenEnabled": self.auth.is_some(),
            "AuthTokenLastModifiedDate": self.auth.as_ref().map(|auth| auth.modified),
            "TransitEncryptionEnabled": self.transit != Transit::Off,
            "TransitEncryptionMode": self.transit.mode(),
            "AtRestEncryptionEnabled": self.at_rest,
            "ARN": format!("arn:aws:elasticache:{region}:{account}:cluster:{}", member.id),
            "ReplicationGroupLogDeliveryEnabled": false,
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
        })
    }

    fn render_node(&self, member: &Member, region: &str) -> Value {
        json!({
            "CacheNodeId": "0001",
            "CacheNodeStatus": self.status,
            "CacheNodeCreateTime": self.created,
            "Endpoint": self.endpoint(&Endpoint::Node(&member.id), region),
            "ParameterGroupStatus": "in-sync",
            "CustomerAvailabilityZone": member.zone,
        })
    }

    /// What a snapshot remembers of its source.
    pub(in crate::elasticache) fn render_for_snapshot(&self) -> Value {
        let nodes: Vec<_> = self
            .shards
            .iter()
            .map(|shard| self.render_node_snapshot(shard))
            .collect();
        json!({
            "ReplicationGroupId": self.id,
            "ReplicationGroupDescription": self.description,
            "CacheNodeType": self.node_type,
            "Engine": self.release.engine,
            "EngineVersion": self.release.version.to_string(),
            "NumNodeGroups": self.shards.len(),
            "AutomaticFailover": switch(self.automatic_failover),
            "PreferredMaintenanceWindow": self.maintenance_window,
            "Port": self.port,
            "CacheParameterGroupName": self.parameter_group,
            "CacheSubnetGroupName": self.subnet_group,
            "VpcId": "vpc-0local",
            "AutoMinorVersionUpgrade": self.auto_minor_version_upgrade,
            "SnapshotRetentionLimit": self.backups.retention_days,
            "SnapshotWindow": self.backups.window,
            "NodeSnapshots": {"NodeSnapshot": nodes},
            "KmsKeyId": self.kms_key_id,
            "DataTiering": "disabled",
        })
    }

    fn render_node_snapshot(&self, shard: &Shard) -> Value {
        json!({
            "CacheClusterId": shard.primary,
            "NodeGroupId": shard.id,
            "CacheNodeId": "0001",
            "CacheSize": "1 MB",
            "CacheNodeCreateTime": self.created,
        })
    }
}

impl Change {
    /// The structure `PendingModifiedValues`: the part of a change that it can express.
    fn render(&self) -> Value {
        let primary = self.primaries.values().next();
        let resharding = self
            .shards
            .as_ref()
            .map(|_| json!({"SlotMigration": {"ProgressPercentage": 0.0}}));
        let groups = (!self.user_groups_to_add.is_empty()
            || !self.user_groups_to_remove.is_empty())
        .then(|| {
            json!({
                "UserGroupIdsToAdd": {"member": self.user_groups_to_add},
                "UserGroupIdsToRemove": {"member": self.user_groups_to_remove},
            })
        });
        json!({
            "PrimaryClusterId": primary,
            "AutomaticFailoverStatus": self.automatic_failover.map(switch),
            "Resharding": resharding,
            "AuthTokenStatus": self.auth.as_ref().and_then(TokenChange::status),
            "UserGroups": groups,
            "TransitEncryptionEnabled": self.transit.map(|transit| transit != Transit::Off),
            "TransitEncryptionMode": self.transit.and_then(Transit::mode),
            "ClusterMode": self.cluster_mode,
        })
    }
}
