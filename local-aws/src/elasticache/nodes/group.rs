//! The processes and endpoints of one replication group.
//!
//! A group in cluster mode forms a real cluster. When its slots are dealt anew (shards added or removed, cluster mode
//! switched) its nodes start again empty: what AWS moves online is not moved here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ServerConfig;

use super::cluster;
use super::endpoint::{Endpoint, Route};
use super::error::NodeError;
use super::plan::Plan;
use super::server::{Server, Settings};
use crate::elasticache::acl::{Acl, PasswordHash};
use crate::elasticache::iam::Gate;
use crate::elasticache::replication_group::{Endpoint as Kind, Shard};

/// What runs for one group. Ends with this value.
pub(super) struct Group {
    settings: Settings,
    tls: Arc<ServerConfig>,
    gate: Gate,
    pub(super) servers: BTreeMap<String, Server>,
    endpoints: BTreeMap<String, Endpoint>,
    applied: Option<Plan>,
}

impl Group {
    /// Nothing runs yet.
    pub(super) fn new(settings: Settings, tls: Arc<ServerConfig>, gate: Gate) -> Self {
        Self {
            settings,
            tls,
            gate,
            servers: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            applied: None,
        }
    }

    /// Whether `plan` is what runs.
    pub(super) fn is_in_step(&mut self, plan: &Plan) -> bool {
        self.applied.as_ref() == Some(plan) && self.servers.values_mut().all(Server::is_alive)
    }

    /// The address of the endpoints.
    pub(super) fn address(&self) -> Ipv4Addr {
        self.settings.address
    }

    /// The port of each endpoint.
    pub(super) fn ports(&self) -> BTreeMap<String, u16> {
        self.endpoints
            .iter()
            .map(|(key, endpoint)| (key.clone(), endpoint.port))
            .collect()
    }

    /// Makes what runs equal to `plan`; endpoints get the ports in `wanted` where they can.
    pub(super) async fn bring_in_step(
        &mut self,
        plan: &Plan,
        wanted: &BTreeMap<String, u16>,
    ) -> Result<(), NodeError> {
        let before = self.applied.take();
        self.listen(plan, wanted).await?;
        self.fail(&demoted(plan, before.as_ref()), plan.clustered)
            .await?;
        self.end_servers(plan, before.as_ref());
        let fresh = self.start_servers(plan).await?;
        if plan.clustered {
            cluster::form(self, plan, &fresh).await?;
        } else {
            self.replicate(plan).await?;
        }
        self.control_access(plan, before.as_ref()).await?;
        self.lead(plan);
        self.applied = Some(plan.clone());
        Ok(())
    }

    async fn listen(
        &mut self,
        plan: &Plan,
        wanted: &BTreeMap<String, u16>,
    ) -> Result<(), NodeError> {
        let keys: Vec<_> = kinds(plan).iter().map(Kind::key).collect();
        self.endpoints.retain(|key, _| keys.contains(key));
        for key in keys {
            if !self.endpoints.contains_key(&key) {
                let wanted = wanted.get(&key).copied();
                let endpoint = Endpoint::listen(self.address(), wanted, self.tls.clone()).await?;
                self.endpoints.insert(key, endpoint);
            }
        }
        Ok(())
    }

    /// What was a primary and is none any more has failed: its process ends, and another one starts empty as a replica. In a
    /// cluster, whose nodes cannot start one by one, only its clients are cut off.
    async fn fail(&mut self, demoted: &[&str], clustered: bool) -> Result<(), NodeError> {
        for id in demoted {
            if clustered {
                let server = self.server(id)?;
                let kill = ["CLIENT", "KILL", "TYPE", "normal"];
                server.connection.command(&kill).await?;
            } else {
                self.servers.remove(*id);
            }
        }
        Ok(())
    }

    /// Ends what has no place in the plan and what died; all of a cluster when a node of it died or its slots change hands.
    fn end_servers(&mut self, plan: &Plan, before: Option<&Plan>) {
        let slots = |plan: &Plan| {
            plan.shards
                .iter()
                .map(|shard| (shard.id.clone(), shard.slots))
                .collect::<Vec<_>>()
        };
        let dealt_anew = before.is_some_and(|before| {
            before.clustered != plan.clustered || (plan.clustered && slots(before) != slots(plan))
        });
        let planned: Vec<_> = members(plan).collect();
        let died = self.servers.values_mut().any(|server| !server.is_alive());
        let anew = dealt_anew || (plan.clustered && died);
        self.servers
            .retain(|id, server| !anew && planned.contains(&id.as_str()) && server.is_alive());
        self.settings.clustered = plan.clustered;
    }

    /// Starts what is missing; gives the ids of the new ones.
    async fn start_servers(&mut self, plan: &Plan) -> Result<Vec<String>, NodeError> {
        let missing: Vec<_> = members(plan)
            .filter(|id| !self.servers.contains_key(*id))
            .map(str::to_owned)
            .collect();
        for id in &missing {
            let server = Server::start(id, &self.settings).await?;
            self.servers.insert(id.clone(), server);
        }
        Ok(missing)
    }

    async fn replicate(&mut self, plan: &Plan) -> Result<(), NodeError> {
        for shard in &plan.shards {
            let primary = self.server(&shard.primary)?;
            primary
                .connection
                .command(&["REPLICAOF", "NO", "ONE"])
                .await?;
            let port = primary.port.to_string();
            for id in replicas(shard) {
                let replica = self.server(id)?;
                replica
                    .connection
                    .command(&["REPLICAOF", "127.0.0.1", &port])
                    .await?;
                replica
                    .wait_for_reply(&["INFO", "replication"], "master_link_status:up")
                    .await?;
            }
        }
        Ok(())
    }

    /// Tells every node the users; those that are not among them any more are logged out.
    async fn control_access(
        &mut self,
        plan: &Plan,
        before: Option<&Plan>,
    ) -> Result<(), NodeError> {
        let iam = PasswordHash::of(&self.settings.password);
        for (id, acl) in &plan.users {
            let server = self.server(id)?;
            for command in acl.commands(&iam) {
                server.connection.command(&command).await?;
            }
            let known = before.and_then(|plan| plan.users.get(id));
            let leaving = known.into_iter().flat_map(Acl::names);
            for name in leaving.filter(|name| acl.names().all(|other| other != *name)) {
                server.connection.command(&["ACL", "DELUSER", name]).await?;
            }
        }
        Ok(())
    }

    fn lead(&mut self, plan: &Plan) {
        let rules = self.settings.login_rules(&self.gate, plan);
        for kind in kinds(plan) {
            let nodes = nodes_behind(&kind, plan)
                .into_iter()
                .filter_map(|id| Some(self.servers.get(id)?.port));
            if let Some(endpoint) = self.endpoints.get(&kind.key()) {
                endpoint.lead_to(Route {
                    nodes: nodes.collect(),
                    transit: plan.transit,
                    rules: rules.clone(),
                });
            }
        }
    }

    /// The server of a node that is part of the plan.
    pub(super) fn server(&mut self, id: &str) -> Result<&mut Server, NodeError> {
        self.servers
            .get_mut(id)
            .ok_or(NodeError::Late("starting a node"))
    }

    /// The port that clients reach a node by.
    pub(super) fn client_port(&self, id: &str) -> Option<u16> {
        self.endpoints
            .get(&Kind::Node(id).key())
            .map(|endpoint| endpoint.port)
    }
}

fn members(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.shards
        .iter()
        .flat_map(|shard| &shard.members)
        .map(|member| member.id.as_str())
}

/// The primaries of before that are members without being primaries now.
fn demoted<'a>(plan: &'a Plan, before: Option<&Plan>) -> Vec<&'a str> {
    let was_primary = |id: &&str| {
        let mut shards = before.iter().flat_map(|plan| &plan.shards);
        shards.any(|shard| shard.primary == *id)
    };
    let followers = plan.shards.iter().flat_map(replicas);
    followers.filter(was_primary).collect()
}

/// The members of a shard that follow its primary.
pub(super) fn replicas(shard: &Shard) -> impl Iterator<Item = &str> {
    shard
        .members
        .iter()
        .map(|member| member.id.as_str())
        .filter(|id| *id != shard.primary)
}

/// The endpoints that a group has.
fn kinds(plan: &Plan) -> Vec<Kind<'_>> {
    let shards = plan.shards.iter();
    let own = |shard| [Kind::Primary(shard), Kind::Reader(shard)];
    let of_shards: Vec<_> = if plan.clustered {
        vec![Kind::Configuration]
    } else {
        shards.flat_map(own).collect()
    };
    of_shards
        .into_iter()
        .chain(members(plan).map(Kind::Node))
        .collect()
}

fn nodes_behind<'a>(kind: &Kind<'a>, plan: &'a Plan) -> Vec<&'a str> {
    match kind {
        Kind::Primary(shard) => vec![&shard.primary],
        Kind::Node(id) => vec![id],
        Kind::Configuration => members(plan).collect(),
        Kind::Reader(shard) => {
            let replicas: Vec<_> = replicas(shard).collect();
            if replicas.is_empty() {
                vec![&shard.primary]
            } else {
                replicas
            }
        }
    }
}
