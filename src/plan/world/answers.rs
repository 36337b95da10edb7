//! Who of the world answers what is read, and does what is written.

use super::{World, failing};
use crate::model::Document;
use crate::plan::{Action, CacheAction, ClusterAction, Fact, Read};

impl World {
    pub(super) fn read(&mut self, read: &Read) -> Fact {
        self.aws_reads += usize::from(!matches!(
            read,
            Read::BoundSecret { .. } | Read::Workload(_) | Read::Login(_)
        ));
        self.logins += usize::from(matches!(read, Read::Login(_)));
        if let Some(class) = self.unreadable.get(&failing::kind(read)) {
            return failing::failed(read, *class);
        }
        match read {
            Read::SubnetGroup { .. }
            | Read::User { .. }
            | Read::DefaultUser { .. }
            | Read::UserGroup { .. }
            | Read::OtherReplicationGroup { .. }
            | Read::CacheNode { .. }
            | Read::Snapshot { .. }
            | Read::CacheTags { .. } => self.cache.read(read),
            Read::ReplicationGroup { .. } => {
                let fact = self.cache.read(read);
                let available = matches!(&fact, Fact::ReplicationGroup(seen) if seen.present().is_some_and(|group| group.status == "available"));
                self.sightings = if available { self.sightings + 1 } else { 0 };
                fact
            }
            Read::Secret { .. } | Read::OtherSecret { .. } | Read::SecretValue { .. } => {
                self.secrets.read(read)
            }
            Read::Login(attempt) => Fact::Login {
                version: attempt.version.clone(),
                login: self.cache.log_in(
                    attempt.username.as_deref(),
                    &self.secrets.values[&attempt.version].password,
                ),
            },
            Read::BoundSecret { name } => self.cluster.read(name),
            Read::Workload(workload) => self.cluster.read_workload(workload),
            Read::Function { .. } | Read::FunctionAlias { .. } | Read::RolePolicy { .. } => {
                self.functions.read(read)
            }
            _ => self.gateway.read(read),
        }
    }

    pub(super) fn write(&mut self, action: &Action, document: Option<&Document>) -> Option<Fact> {
        match action {
            Action::Cache(action) => {
                self.cache.write(action);
                match action {
                    CacheAction::ModifyUserAccess { id, .. } => {
                        let spelled = self.cache.users[id].access_string.clone();
                        Some(Fact::AccessString(spelled))
                    }
                    CacheAction::CreateUser { user, .. } => {
                        let id = user.id.clone();
                        Some(self.cache.read(&Read::User { id }))
                    }
                    CacheAction::SetPasswords { id, .. } => self.cache.known(id),
                    CacheAction::CreateReplicationGroup(new) => {
                        let id = new.id.clone();
                        Some(self.cache.read(&Read::ReplicationGroup { id }))
                    }
                    _ => None,
                }
            }
            Action::Secret(action) => self.secrets.write(action, self.now),
            Action::Cluster(action) => {
                self.cluster.write(action);
                let ClusterAction::RecordIntent { kind } = action else {
                    return None;
                };
                self.intents.insert(*kind, self.now);
                let kind = (*kind).to_owned();
                Some(Fact::Announced { kind, at: self.now })
            }
            Action::Function(action) => self.functions.write(action),
            Action::Role(action) => {
                self.functions.write_policy(action);
                None
            }
            Action::Release(release) => {
                self.untag(&release.arn, &release.keys);
                None
            }
            Action::Adopt(mark) | Action::Mark(mark) => {
                self.tag(&mark.arn, &mark.tags);
                None
            }
            Action::Gateway(_) | Action::Permission(_) => self.gateway.write(action, document),
        }
    }
}
