//! Where clients connect: the names AWS would give, or ports of this machine when real nodes stand behind them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ReplicationGroup, Shard, Status, Transit};
use crate::sigv4::hex;

/// What an endpoint leads to. The key names it in [`super::Hosting::ports`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::elasticache) enum Endpoint<'a> {
    /// The primary of a shard.
    Primary(&'a Shard),
    /// The replicas of a shard, or its primary when there are none.
    Reader(&'a Shard),
    /// Any node of a group in cluster mode.
    Configuration,
    /// One node.
    Node(&'a str),
}

impl Endpoint<'_> {
    /// The name under which its port is kept.
    pub(in crate::elasticache) fn key(&self) -> String {
        match self {
            Endpoint::Primary(shard) => format!("primary/{}", shard.id),
            Endpoint::Reader(shard) => format!("reader/{}", shard.id),
            Endpoint::Configuration => "configuration".to_owned(),
            Endpoint::Node(id) => format!("node/{id}"),
        }
    }
}

impl ReplicationGroup {
    /// Address and port, once there is something to connect to.
    pub(super) fn endpoint(&self, endpoint: &Endpoint<'_>, region: &str) -> Option<Value> {
        if matches!(self.status, Status::Creating | Status::CreateFailed) {
            return None;
        }
        match &self.hosting {
            Some(hosting) => {
                let port = hosting.ports.get(&endpoint.key())?;
                Some(json!({"Address": hosting.address?, "Port": port}))
            }
            None => Some(json!({"Address": self.address(endpoint, region), "Port": self.port})),
        }
    }

    /// The node that an endpoint of this address leads to; of several the first.
    pub(in crate::elasticache) fn node_at(&self, address: &str, region: &str) -> Option<&str> {
        let of_shards = self
            .shards
            .iter()
            .flat_map(|shard| [Endpoint::Primary(shard), Endpoint::Reader(shard)]);
        let mut endpoints = of_shards
            .chain([Endpoint::Configuration])
            .chain(self.member_ids().map(Endpoint::Node));
        let reachable = !matches!(self.status, Status::Creating | Status::CreateFailed);
        let found = endpoints.find(|endpoint| self.address(endpoint, region) == address);
        match found.filter(|_| reachable)? {
            Endpoint::Primary(shard) => Some(&shard.primary),
            Endpoint::Reader(shard) => shard.successor().or(Some(&shard.primary)),
            Endpoint::Configuration => self.member_ids().next(),
            Endpoint::Node(id) => Some(id),
        }
    }

    /// Address and port of every node.
    pub(in crate::elasticache) fn member_addresses(&self, region: &str) -> Vec<(String, u16)> {
        self.member_ids()
            .map(|id| (self.address(&Endpoint::Node(id), region), self.port))
            .collect()
    }

    fn address(&self, endpoint: &Endpoint<'_>, region: &str) -> String {
        let hash = hex(&Sha256::digest(&self.arn));
        let domain = format!(
            "{}.{}.cache.amazonaws.com",
            &hash[..6],
            short_region(region)
        );
        let (id, tls) = (&self.id, self.transit != Transit::Off);
        match endpoint {
            Endpoint::Primary(_) if tls => format!("master.{id}.{domain}"),
            Endpoint::Primary(shard) => {
                format!("{id}.{}.ng.{}.{}", &hash[..6], shard.id, &domain[7..])
            }
            Endpoint::Reader(_) if tls => format!("replica.{id}.{domain}"),
            Endpoint::Reader(_) => format!("{id}-ro.{domain}"),
            Endpoint::Configuration => format!("clustercfg.{id}.{domain}"),
            Endpoint::Node(member) if tls => format!("{member}.{id}.{domain}"),
            Endpoint::Node(member) => format!("{member}.{}.0001.{}", &hash[..6], &domain[7..]),
        }
    }
}

/// `eu-west-1` as it stands in host names: `euw1`.
fn short_region(region: &str) -> String {
    let parts: Vec<_> = region.split('-').collect();
    match parts.as_slice() {
        [area, direction, number] => {
            let direction = match *direction {
                "northeast" => "ne",
                "northwest" => "nw",
                "southeast" => "se",
                "southwest" => "sw",
                other => &other[..1],
            };
            format!("{area}{direction}{number}")
        }
        _ => region.to_owned(),
    }
}
