//! Whether what was observed is a reason to act.

use crate::model::Tags;
use crate::plan::{
    Action, ApiKey, BoundSecret, CacheAction, ClusterAction, FunctionAction, GatewayAction,
    ObservedCache, ObservedGateway, PermissionAction, RestApi, RoleAction, SecretAction, Seen,
    UsagePlan, is_own_policy,
};

use super::Basis;

/// What an action needs to have been observed.
enum Need {
    /// It was looked for and is not there.
    Absent(bool),
    /// It is there and it is the object's own.
    Own(bool),
    /// It is there, and nobody's.
    Free(bool),
    /// Nothing.
    Nothing,
}

impl Basis<'_> {
    /// Why the action must not be executed, if so.
    pub(super) fn unfounded(&self, action: &Action) -> Option<String> {
        match self.need(action) {
            Need::Absent(false) => Some(format!(
                "something is created that was not seen to be absent: {action:?}"
            )),
            Need::Own(false) => Some(format!(
                "something is written that was not seen to be the object's own: {action:?}"
            )),
            Need::Free(false) => Some(format!(
                "something is taken over that was not seen to be free: {action:?}"
            )),
            Need::Absent(true) | Need::Own(true) | Need::Free(true) | Need::Nothing => None,
        }
    }

    fn need(&self, action: &Action) -> Need {
        match action {
            Action::Gateway(action) => self.need_of_gateway(action),
            Action::Permission(
                PermissionAction::AddPermission { function, .. }
                | PermissionAction::RemovePermission { function, .. },
            ) => {
                let seen = self.observed.gateway.permissions.get(function);
                Need::Own(matches!(seen, Some(Seen::Absent | Seen::Present(_))))
            }
            Action::Function(
                FunctionAction::UpdateConfiguration {
                    function, revision, ..
                }
                | FunctionAction::PublishVersion { function, revision },
            ) => {
                let seen = self.observed.functions.get(function);
                Need::Own(
                    seen.and_then(Seen::present)
                        .is_some_and(|seen| seen.revision == *revision),
                )
            }
            Action::Function(FunctionAction::UpdateAlias {
                function, revision, ..
            }) => {
                let seen = self.observed.aliases.get(function);
                Need::Own(
                    seen.and_then(Seen::present)
                        .is_some_and(|seen| seen.revision == *revision),
                )
            }
            Action::Role(action) => Need::Own(self.may_write(action)),
            Action::Cache(action) => self.need_of_cache(action),
            Action::Secret(SecretAction::CreateSecret { .. }) => {
                Need::Absent(self.observed.secret.secret == Seen::Absent)
            }
            Action::Secret(
                SecretAction::PutSecretValue { arn, .. }
                | SecretAction::PutPendingPassword { arn, .. }
                | SecretAction::Promote { arn, .. }
                | SecretAction::DropPending { arn, .. }
                | SecretAction::RestoreSecret { arn }
                | SecretAction::DeleteSecret { arn, .. },
            ) => Need::Own(
                self.observed
                    .secret
                    .secret
                    .present()
                    .is_some_and(|secret| secret.arn == *arn && self.owns(&secret.tags)),
            ),
            Action::Adopt(mark) => Need::Free(self.is_free(&mark.arn)),
            Action::Mark(mark) => self.need_of_mark(&mark.arn),
            Action::Release(release) => self.need_of_mark(&release.arn),
            Action::Cluster(action) => self.need_of_cluster(action),
        }
    }

    /// Whether the thing was seen to be nobody's, with the consent of its owner, while the object has none of its kind.
    fn is_free(&self, arn: &str) -> bool {
        let (gateway, cache) = (&self.observed.gateway, &self.observed.cache);
        let group = cache.group.present().filter(|group| group.arn == arn);
        let tags = group.and_then(|group| cache.tags.get(&group.arn)?.present());
        let secret = self.observed.secret.secret.present();
        let secret = secret.filter(|secret| secret.arn == arn);
        if let Some(tags) = tags.or(secret.map(|secret| &secret.tags)) {
            return self.may_take(tags);
        }
        let named = gateway.named.present();
        named.is_some_and(|api| is_arn_of(arn, api) && self.may_take(&api.tags))
            && gateway.rest_api == Seen::Absent
    }

    fn may_take(&self, tags: &Tags) -> bool {
        self.identity.may_adopt(tags) && !self.identity.is_claimed_by_another(tags)
    }

    fn need_of_mark(&self, arn: &str) -> Need {
        let observed = self.observed;
        let group = observed.cache.group.present().map(|group| &group.arn);
        let users = observed.cache.user_group.present().map(|group| &group.arn);
        if [group, users].into_iter().flatten().any(|own| own == arn) {
            return self.own(&observed.cache, Some(&arn.to_owned()));
        }
        let secret = observed.secret.secret.present();
        let is_secret = secret.is_some_and(|secret| secret.arn == arn && self.owns(&secret.tags));
        let api = observed.gateway.rest_api.present();
        let is_api = api.is_some_and(|api| is_arn_of(arn, api) && self.owns(&api.tags));
        Need::Own(is_secret || is_api)
    }

    /// A policy is put where none of its name was seen, or one that the operator wrote, which is the only one to be deleted.
    fn may_write(&self, action: &RoleAction) -> bool {
        let (role, creates) = match action {
            RoleAction::PutRolePolicy { role, .. } => (role, true),
            RoleAction::DeleteRolePolicy { role, .. } => (role, false),
        };
        let allowed = match self.observed.role_policies.get(role) {
            Some(Seen::Absent) => creates,
            Some(Seen::Present(document)) => is_own_policy(self.identity, document),
            Some(Seen::Unread | Seen::Unknown(_)) | None => false,
        };
        allowed && self.context.consumer_policies
    }

    fn owns(&self, tags: &Tags) -> bool {
        self.identity.owns(tags)
    }

    fn need_of_cluster(&self, action: &ClusterAction) -> Need {
        let owned = |name: &String| {
            matches!(
                self.observed.bound.get(name),
                Some(Seen::Present(BoundSecret { owned: true, .. }))
            )
        };
        match action {
            ClusterAction::RecordIntent { .. } => Need::Nothing,
            ClusterAction::RollWorkload { workload, uid, .. } => {
                let seen = self.observed.workloads.get(workload);
                Need::Own(
                    seen.and_then(Seen::present)
                        .is_some_and(|seen| seen.uid == *uid),
                )
            }
            ClusterAction::ApplySecret { name, .. } => {
                Need::Own(owned(name) || self.observed.bound.get(name) == Some(&Seen::Absent))
            }
            ClusterAction::DeleteSecret { name, .. } => Need::Own(owned(name)),
        }
    }

    fn need_of_cache(&self, action: &CacheAction) -> Need {
        let cache = &self.observed.cache;
        match action {
            CacheAction::CreateSubnetGroup { .. } => {
                Need::Absent(cache.subnet_group == Seen::Absent)
            }
            CacheAction::CreateUser { user, .. } => {
                Need::Absent(*cache.user(&user.id) == Seen::Absent)
            }
            CacheAction::CreateDefaultUser { .. } => {
                Need::Absent(cache.default_user == Seen::Absent)
            }
            CacheAction::CreateUserGroup { .. } => Need::Absent(cache.user_group == Seen::Absent),
            CacheAction::CreateReplicationGroup(_) => Need::Absent(cache.group == Seen::Absent),
            CacheAction::ModifySubnetGroup { .. } | CacheAction::DeleteSubnetGroup { .. } => {
                self.own(cache, cache.subnet_group.present().map(|group| &group.arn))
            }
            CacheAction::ModifyUserAccess { id, .. }
            | CacheAction::SetPasswords { id, .. }
            | CacheAction::RequireIam { id }
            | CacheAction::DeleteUser { id } => {
                let default = *id == self.identity.default_user_id();
                let user = if default {
                    &cache.default_user
                } else {
                    cache.user(id)
                };
                self.own(cache, user.present().map(|user| &user.arn))
            }
            CacheAction::ModifyUserGroup { .. } | CacheAction::DeleteUserGroup { .. } => {
                self.own(cache, cache.user_group.present().map(|group| &group.arn))
            }
            CacheAction::ModifyReplicationGroup { .. }
            | CacheAction::IncreaseReplicaCount { .. }
            | CacheAction::DecreaseReplicaCount { .. }
            | CacheAction::RotateAuthToken { .. }
            | CacheAction::SetAuthToken { .. }
            | CacheAction::DeleteReplicationGroup { .. } => {
                self.own(cache, cache.group.present().map(|group| &group.arn))
            }
        }
    }

    fn own(&self, cache: &ObservedCache, arn: Option<&String>) -> Need {
        let tags = arn
            .and_then(|arn| cache.tags.get(arn))
            .and_then(Seen::present);
        Need::Own(tags.is_some_and(|tags| self.owns(tags)))
    }

    fn need_of_gateway(&self, action: &GatewayAction) -> Need {
        let gateway = &self.observed.gateway;
        match action {
            GatewayAction::CreateRestApi { .. } => Need::Absent(gateway.rest_api == Seen::Absent),
            GatewayAction::CreateApiKey { name, .. } => {
                let there = |key: &ApiKey| key.name == *name && self.owns(&key.tags);
                Need::Absent(gateway.api_keys.is_without(there))
            }
            GatewayAction::CreateUsagePlan { .. } => {
                let there = |plan: &UsagePlan| self.owns(&plan.tags);
                Need::Absent(gateway.usage_plans.is_without(there))
            }
            GatewayAction::CreateStage { .. } => Need::Absent(gateway.stage == Seen::Absent),
            GatewayAction::DeleteRestApi { api } => {
                Need::Own(self.own_api(gateway, api) || gateway.is_duplicate(api))
            }
            GatewayAction::PutRestApi { api, .. }
            | GatewayAction::CreateDeployment { api, .. }
            | GatewayAction::DeleteDeployment { api, .. }
            | GatewayAction::UpdateStage { api, .. } => Need::Own(self.own_api(gateway, api)),
            GatewayAction::EnableApiKey { id } | GatewayAction::DeleteApiKey { id } => {
                let keys = gateway.api_keys.present();
                Need::Own(keys.is_some_and(|keys| {
                    keys.iter().any(|key| key.id == *id && self.owns(&key.tags))
                }))
            }
            GatewayAction::UpdateUsagePlan { id, .. }
            | GatewayAction::DeleteUsagePlan { id }
            | GatewayAction::CreateUsagePlanKey { plan: id, .. }
            | GatewayAction::DeleteUsagePlanKey { plan: id, .. } => {
                let plans = gateway.usage_plans.present();
                Need::Own(plans.is_some_and(|plans| {
                    plans
                        .iter()
                        .any(|plan| plan.id == *id && self.owns(&plan.tags))
                }))
            }
        }
    }

    fn own_api(&self, gateway: &ObservedGateway, id: &str) -> bool {
        gateway
            .rest_api
            .present()
            .is_some_and(|api| api.id == id && self.owns(&api.tags))
    }
}

/// Whether `arn` is that of a REST API, which names no account.
fn is_arn_of(arn: &str, api: &RestApi) -> bool {
    arn.ends_with(&format!("::/restapis/{}", api.id))
}
