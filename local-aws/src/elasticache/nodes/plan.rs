//! What shall run for one replication group: a pure function of the state.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::elasticache::State;
use crate::elasticache::acl::{Acl, PasswordHash};
use crate::elasticache::replication_group::{
    AuthTokens, ClusterMode, ReplicationGroup, Shard, Status, Transit,
};
use crate::sigv4::hex;

/// The nodes of one group and how they are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::elasticache) struct Plan {
    pub(super) shards: Vec<Shard>,
    pub(super) clustered: bool,
    pub(in crate::elasticache) transit: Transit,
    /// Node id -> the users that it knows.
    pub(in crate::elasticache) users: BTreeMap<String, Acl>,
}

impl Plan {
    /// The plan; nothing for a group whose nodes are gone.
    pub(in crate::elasticache) fn of(state: &State, group: &ReplicationGroup) -> Option<Self> {
        let gone = matches!(group.status, Status::Deleting | Status::CreateFailed);
        (!gone).then(|| Self {
            shards: group.shards.clone(),
            clustered: group.cluster_mode == ClusterMode::Enabled,
            transit: group.transit,
            users: group
                .member_ids()
                .enumerate()
                .map(|(place, id)| (id.to_owned(), users(state, group, place)))
                .collect(),
        })
    }

    /// The names of the users of any node that log in by IAM.
    pub(super) fn iam_users(&self) -> BTreeSet<String> {
        let users = self.users.values().flat_map(Acl::iam_users);
        users.map(str::to_owned).collect()
    }

    /// The AUTH tokens that clients may have or not.
    pub(super) fn optional_tokens(&self) -> Vec<PasswordHash> {
        let users = self.users.values().next();
        users.map(Acl::optional_tokens).unwrap_or_default()
    }

    /// Changes when and only when the plan does.
    pub(in crate::elasticache) fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        hex(&Sha256::digest(text))
    }
}

fn users(state: &State, group: &ReplicationGroup, place: usize) -> Acl {
    if !group.user_groups.is_empty() {
        return state.acl(&group.user_groups, place);
    }
    group.auth.as_ref().map_or_else(Acl::open, AuthTokens::acl)
}
