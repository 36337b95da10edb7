//! Forming a cluster of the nodes of a group in cluster mode.

use super::error::NodeError;
use super::group::{Group, replicas};
use super::plan::Plan;

/// Introduces the `fresh` nodes to the others, gives primaries their slots and replicas their primaries, and waits until
/// every node sees the whole cluster.
pub(super) async fn form(
    group: &mut Group,
    plan: &Plan,
    fresh: &[String],
) -> Result<(), NodeError> {
    introduce(group, plan, fresh).await?;
    for shard in &plan.shards {
        if fresh.contains(&shard.primary) {
            let (first, last) = (shard.slots.0.to_string(), shard.slots.1.to_string());
            let primary = group.server(&shard.primary)?;
            primary
                .connection
                .command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])
                .await?;
        } else {
            promote(group, &shard.primary).await?;
        }
        let primary_id = group
            .server(&shard.primary)?
            .connection
            .command(&["CLUSTER", "MYID"])
            .await?;
        for id in replicas(shard).filter(|id| fresh.iter().any(|new| new == id)) {
            let replica = group.server(id)?;
            replica
                .wait_for_reply(&["CLUSTER", "NODES"], &primary_id)
                .await?;
            replica
                .connection
                .command(&["CLUSTER", "REPLICATE", &primary_id])
                .await?;
            replica
                .wait_for_reply(&["INFO", "replication"], "master_link_status:up")
                .await?;
        }
    }
    for server in group.servers.values_mut() {
        server
            .wait_for_reply(&["CLUSTER", "INFO"], "cluster_state:ok")
            .await?;
    }
    Ok(())
}

/// Clients are sent to the endpoints; servers before Valkey 9.1 cannot say another port than their own.
async fn introduce(group: &mut Group, plan: &Plan, fresh: &[String]) -> Result<(), NodeError> {
    let Some(hub_id) = plan.shards.first().map(|shard| shard.primary.clone()) else {
        return Ok(());
    };
    let hub = group.server(&hub_id)?;
    let (port, bus) = (hub.port.to_string(), hub.bus.to_string());
    for id in fresh {
        let client_port = group.client_port(id).unwrap_or_default().to_string();
        let server = group.server(id)?;
        let announced = server
            .connection
            .command(&[
                "CONFIG",
                "SET",
                "cluster-announce-client-port",
                &client_port,
            ])
            .await;
        if let Err(error) = announced
            && *id == hub_id
        {
            tracing::warn!(%error, "cluster clients cannot be led through the TLS endpoints of this server version");
        }
        // A node that meets itself forgets the port it announces.
        if *id != hub_id {
            let meet = ["CLUSTER", "MEET", "127.0.0.1", &port, &bus];
            server.connection.command(&meet).await?;
        }
    }
    Ok(())
}

/// Makes a replica the primary of its shard; a primary stays one.
async fn promote(group: &mut Group, id: &str) -> Result<(), NodeError> {
    let server = group.server(id)?;
    let info = server.connection.command(&["INFO", "replication"]).await?;
    if info.contains("role:slave") {
        server
            .connection
            .command(&["CLUSTER", "FAILOVER", "TAKEOVER"])
            .await?;
        server
            .wait_for_reply(&["INFO", "replication"], "role:master")
            .await?;
    }
    Ok(())
}
