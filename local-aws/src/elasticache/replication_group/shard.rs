//! Shards ("node groups") and the nodes in them.

use serde::{Deserialize, Serialize};

const SLOTS: usize = 16_384;

/// A primary with its replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    pub(in crate::elasticache) id: String,
    /// Hash slots, first and last.
    pub(in crate::elasticache) slots: (usize, usize),
    /// Id of the member that takes writes.
    pub(in crate::elasticache) primary: String,
    pub(in crate::elasticache) members: Vec<Member>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub(in crate::elasticache) id: String,
    pub(in crate::elasticache) zone: String,
}

impl Shard {
    /// A shard of `nodes` nodes (at least one) named after `prefix`, spread over `zones`.
    pub(super) fn new(id: String, prefix: &str, nodes: usize, zones: &[String]) -> Self {
        let mut shard = Self {
            id,
            slots: (0, SLOTS - 1),
            primary: format!("{prefix}-001"),
            members: Vec::new(),
        };
        shard.resize(prefix, nodes, &[], zones);
        shard
    }

    /// Grows or shrinks to `nodes` nodes. `leaving` go first, then the youngest; the primary stays.
    pub(super) fn resize(
        &mut self,
        prefix: &str,
        nodes: usize,
        leaving: &[String],
        zones: &[String],
    ) {
        while self.members.len() > nodes.max(1) {
            let of_choice = self
                .members
                .iter()
                .position(|member| leaving.contains(&member.id));
            let youngest = self
                .members
                .iter()
                .rposition(|member| member.id != self.primary);
            let Some(position) = of_choice.or(youngest) else {
                return;
            };
            self.members.remove(position);
        }
        let free = (1..).map(|number: usize| (number, format!("{prefix}-{number:03}")));
        for (number, id) in free {
            if self.members.len() >= nodes {
                return;
            }
            if self.members.iter().all(|member| member.id != id) {
                let zone = zones[(number - 1) % zones.len()].clone();
                self.members.push(Member { id, zone });
            }
        }
    }

    /// The node that takes over when the primary fails: the first replica.
    pub(super) fn successor(&self) -> Option<&str> {
        self.members
            .iter()
            .map(|member| member.id.as_str())
            .find(|id| *id != self.primary)
    }
}

/// Deals all slots out to the shards in order.
pub(super) fn deal_slots(shards: &mut [Shard]) {
    let count = shards.len();
    for (position, shard) in shards.iter_mut().enumerate() {
        shard.slots = (position * SLOTS / count, (position + 1) * SLOTS / count - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(shard: &Shard) -> Vec<&str> {
        shard
            .members
            .iter()
            .map(|member| member.id.as_str())
            .collect()
    }

    #[test]
    fn a_shard_that_shrinks_keeps_its_primary_and_gives_up_the_nodes_of_choice() {
        let zones = ["a".to_owned(), "b".to_owned()];
        let mut shard = Shard::new("0001".to_owned(), "g", 4, &zones);
        assert_eq!(shard.members[2].zone, "a");
        shard.primary = "g-004".to_owned();
        shard.resize("g", 3, &["g-002".to_owned()], &zones);
        assert_eq!(ids(&shard), ["g-001", "g-003", "g-004"]);
        shard.resize("g", 2, &[], &zones);
        assert_eq!(ids(&shard), ["g-001", "g-004"]);
        shard.resize("g", 3, &[], &zones);
        assert_eq!(
            ids(&shard),
            ["g-001", "g-004", "g-002"],
            "the first free number is taken"
        );
    }

    #[test]
    fn every_slot_belongs_to_one_shard() {
        let zones = ["a".to_owned()];
        let mut shards: Vec<_> = (1..=3)
            .map(|n| Shard::new(format!("{n:04}"), "g", 1, &zones))
            .collect();
        deal_slots(&mut shards);
        assert_eq!(shards[0].slots.0, 0);
        assert_eq!(shards[2].slots.1, SLOTS - 1);
        assert!(
            shards
                .windows(2)
                .all(|pair| pair[0].slots.1 + 1 == pair[1].slots.0)
        );
    }
}
