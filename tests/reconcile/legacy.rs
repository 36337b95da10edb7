//! What somebody made before there was an object.

use std::time::Duration;

use tokio::time::sleep;

use crate::world::{NAME, NAMESPACE, World};

pub const GROUP: &str = "sessions";

/// A replication group that somebody made in subnets of his own; `more` are parameters besides.
pub async fn make_group(world: &World, more: &str) {
    let subnets = "CacheSubnetGroupName=private&CacheSubnetGroupDescription=theirs&SubnetIds.1=subnet-0a1b2c3d4e5f60718&SubnetIds.2=subnet-0a1b2c3d4e5f60719";
    assert!(world.elasticache("CreateCacheSubnetGroup", subnets).await);
    let group = format!(
        "ReplicationGroupId={GROUP}&ReplicationGroupDescription=theirs&Engine=valkey&EngineVersion=8.1&CacheNodeType=cache.t4g.medium\
         &NumNodeGroups=1&ReplicasPerNodeGroup=1&AutomaticFailoverEnabled=true&MultiAZEnabled=true&CacheSubnetGroupName=private\
         &SecurityGroupIds.1=sg-0a1b2c3d4e5f60718&TransitEncryptionEnabled=true&AtRestEncryptionEnabled=true{more}"
    );
    assert!(world.elasticache("CreateReplicationGroup", &group).await);
    // A look at it takes note that it is there by now.
    sleep(Duration::from_mins(1)).await;
    assert!(world.elasticache("DescribeReplicationGroups", "").await);
}

/// The tag by which the group's owner consents.
pub fn consent() -> String {
    format!("&Tags.1.Key=cachedapi.dev/adoptable-by&Tags.1.Value=test/{NAMESPACE}/{NAME}")
}
