//! What a write may have changed is read again.

use crate::model::DesiredUser;
use crate::plan::orphans::{Kind, Part};
use crate::plan::{
    Action, CacheAction, ClusterAction, FunctionAction, GatewayAction, Observed, PermissionAction,
    RoleAction, Seen,
};

impl Observed {
    /// Forgets what `action` may have changed, so that it is read again.
    pub fn forget(&mut self, action: &Action) {
        match action {
            Action::Gateway(action) => self.forget_gateway(action),
            Action::Permission(
                PermissionAction::AddPermission { function, .. }
                | PermissionAction::RemovePermission { function, .. },
            ) => {
                self.gateway
                    .permissions
                    .insert(function.clone(), Seen::Unread);
            }
            Action::Function(action) => self.forget_function(action),
            Action::Role(
                RoleAction::PutRolePolicy { role, .. } | RoleAction::DeleteRolePolicy { role, .. },
            ) => drop(self.role_policies.insert(role.clone(), Seen::Unread)),
            Action::Cache(action) => {
                match action {
                    CacheAction::SetPasswords { passwords, .. } => {
                        let versions = passwords.iter().map(|password| password.version.clone());
                        self.secret.brought_in = versions.collect();
                    }
                    CacheAction::CreateUser { password, .. } => {
                        let version = password.as_ref().map(|password| password.version.clone());
                        self.secret.brought_in.extend(version);
                    }
                    CacheAction::CreateReplicationGroup(_)
                    | CacheAction::RotateAuthToken { .. }
                    | CacheAction::SetAuthToken { .. } => self.secret.tokens.given = None,
                    _ => {}
                }
                self.secret.logins.clear();
                self.forget_cache(action);
            }
            Action::Secret(_) => self.secret.secret = Seen::Unread,
            Action::Adopt(mark) => {
                let gateway = &mut self.gateway;
                if Kind::of(&mark.arn) == Some(Kind::RestApi) {
                    let named = std::mem::take(&mut gateway.named);
                    gateway.hint = named.present().map(|api| api.id.clone());
                }
                self.forget_marked(&mark.arn);
            }
            Action::Mark(mark) => self.forget_marked(&mark.arn),
            Action::Release(release) => self.forget_marked(&release.arn),
            Action::Cluster(
                ClusterAction::ApplySecret { name, .. } | ClusterAction::DeleteSecret { name, .. },
            ) => {
                self.bound.insert(name.clone(), Seen::Unread);
            }
            Action::Cluster(ClusterAction::RollWorkload { workload, .. }) => {
                self.workloads.insert(workload.clone(), Seen::Unread);
            }
            Action::Cluster(ClusterAction::RecordIntent { .. }) => {}
        }
    }

    /// ElastiCache takes a replication group out of `available` for a moment when it is tagged.
    fn forget_marked(&mut self, arn: &str) {
        match Kind::of(arn).map(Kind::part) {
            Some(Part::Api) => self.gateway.rest_api = Seen::Unread,
            Some(Part::Cache) => {
                self.cache.tags.remove(arn);
                self.cache.group = Seen::Unread;
                self.cache.available_sightings = 0;
            }
            Some(Part::Secret) => self.secret.secret = Seen::Unread,
            None => {}
        }
    }

    fn forget_function(&mut self, action: &FunctionAction) {
        match action {
            FunctionAction::UpdateConfiguration { function, .. } => {
                self.functions.insert(function.clone(), Seen::Unread);
                self.published.remove(function);
            }
            FunctionAction::PublishVersion { function, .. } => {
                self.functions.insert(function.clone(), Seen::Unread);
            }
            FunctionAction::UpdateAlias { function, .. } => {
                self.aliases.insert(function.clone(), Seen::Unread);
            }
        }
    }

    fn forget_gateway(&mut self, action: &GatewayAction) {
        let gateway = &mut self.gateway;
        match action {
            GatewayAction::CreateRestApi { .. } => {
                (gateway.hint, gateway.rest_api) = (None, Seen::Unread);
            }
            GatewayAction::DeleteRestApi { .. } => {
                gateway.rest_api = Seen::Unread;
                gateway.duplicates = Seen::Unread;
            }
            GatewayAction::PutRestApi { .. } => {
                (gateway.rest_api, gateway.methods) = (Seen::Unread, Seen::Unread);
            }
            // The reply adds the deployment to a list that stands; without the list there is nothing to forget.
            GatewayAction::CreateDeployment { .. } => {}
            GatewayAction::DeleteDeployment { deployment, .. } => {
                if let Seen::Present(deployments) = &mut gateway.deployments {
                    deployments.retain(|kept| kept.id != *deployment);
                }
            }
            GatewayAction::CreateStage { .. } | GatewayAction::UpdateStage { .. } => {
                gateway.stage = Seen::Unread;
            }
            GatewayAction::CreateApiKey { .. }
            | GatewayAction::EnableApiKey { .. }
            | GatewayAction::DeleteApiKey { .. } => {
                gateway.api_keys = Seen::Unread;
            }
            GatewayAction::CreateUsagePlan { .. }
            | GatewayAction::UpdateUsagePlan { .. }
            | GatewayAction::DeleteUsagePlan { .. }
            | GatewayAction::CreateUsagePlanKey { .. }
            | GatewayAction::DeleteUsagePlanKey { .. } => gateway.usage_plans = Seen::Unread,
        }
    }

    /// Users, their group and the replication group change together: a user's new password or rights are carried to every group that it is
    /// in. What is new is in none yet.
    fn forget_cache(&mut self, action: &CacheAction) {
        let cache = &mut self.cache;
        match action {
            CacheAction::CreateSubnetGroup { .. }
            | CacheAction::ModifySubnetGroup { .. }
            | CacheAction::DeleteSubnetGroup { .. } => cache.subnet_group = Seen::Unread,
            // A password changes nothing else: the group stays available throughout.
            CacheAction::CreateUser {
                user: DesiredUser { id, .. },
                ..
            }
            | CacheAction::SetPasswords { id, .. } => drop(cache.users.remove(id)),
            CacheAction::CreateDefaultUser { .. } => cache.default_user = Seen::Unread,
            CacheAction::CreateUserGroup { .. } => cache.user_group = Seen::Unread,
            CacheAction::ModifyUserAccess { .. }
            | CacheAction::RequireIam { .. }
            | CacheAction::DeleteUser { .. }
            | CacheAction::ModifyUserGroup { .. }
            | CacheAction::DeleteUserGroup { .. } => {
                cache.users.clear();
                cache.default_user = Seen::Unread;
                (cache.user_group, cache.group) = (Seen::Unread, Seen::Unread);
                cache.available_sightings = 0;
            }
            CacheAction::CreateReplicationGroup(_)
            | CacheAction::ModifyReplicationGroup { .. }
            | CacheAction::IncreaseReplicaCount { .. }
            | CacheAction::DecreaseReplicaCount { .. }
            | CacheAction::RotateAuthToken { .. }
            | CacheAction::SetAuthToken { .. }
            | CacheAction::DeleteReplicationGroup { .. } => {
                (cache.group, cache.node) = (Seen::Unread, Seen::Unread);
                (cache.user_group, cache.final_snapshot) = (Seen::Unread, Seen::Unread);
                cache.available_sightings = 0;
            }
        }
    }
}
