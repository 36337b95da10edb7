use crate::model::WorkloadKind;

use super::orphans::{Kind, Part};
use super::{
    Action, CacheAction, ClusterAction, FunctionAction, GatewayAction, Mark, PermissionAction,
    RoleAction, SecretAction,
};

impl Action {
    /// The operation, as the service names it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Gateway(action) => action.operation(),
            Self::Permission(PermissionAction::AddPermission { .. }) => "AddPermission",
            Self::Permission(PermissionAction::RemovePermission { .. }) => "RemovePermission",
            Self::Function(FunctionAction::UpdateConfiguration { .. }) => {
                "UpdateFunctionConfiguration"
            }
            Self::Function(FunctionAction::PublishVersion { .. }) => "PublishVersion",
            Self::Function(FunctionAction::UpdateAlias { .. }) => "UpdateAlias",
            Self::Role(RoleAction::PutRolePolicy { .. }) => "PutRolePolicy",
            Self::Role(RoleAction::DeleteRolePolicy { .. }) => "DeleteRolePolicy",
            Self::Cache(action) => action.operation(),
            Self::Secret(SecretAction::CreateSecret { .. }) => "CreateSecret",
            Self::Secret(
                SecretAction::PutSecretValue { .. } | SecretAction::PutPendingPassword { .. },
            ) => "PutSecretValue",
            Self::Secret(SecretAction::Promote { .. } | SecretAction::DropPending { .. }) => {
                "UpdateSecretVersionStage"
            }
            Self::Secret(SecretAction::RestoreSecret { .. }) => "RestoreSecret",
            Self::Secret(SecretAction::DeleteSecret { .. }) => "DeleteSecret",
            Self::Adopt(mark) | Self::Mark(mark) => mark.operation(),
            Self::Release(release) => match Kind::of(&release.arn).map(Kind::part) {
                Some(Part::Cache) => "RemoveTagsFromResource",
                _ => "UntagResource",
            },
            Self::Cluster(ClusterAction::RecordIntent { .. }) => "RecordIntent",
            Self::Cluster(ClusterAction::ApplySecret { .. }) => "ApplyBoundSecret",
            Self::Cluster(ClusterAction::DeleteSecret { .. }) => "DeleteBoundSecret",
            Self::Cluster(ClusterAction::RollWorkload { workload, .. }) => match workload.kind {
                WorkloadKind::Deployment => "RollDeployment",
                WorkloadKind::StatefulSet => "RollStatefulSet",
            },
        }
    }

    /// Name or id of what it works on.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Gateway(action) => action.target(),
            Self::Permission(
                PermissionAction::AddPermission { function, .. }
                | PermissionAction::RemovePermission { function, .. },
            )
            | Self::Function(
                FunctionAction::UpdateConfiguration { function, .. }
                | FunctionAction::PublishVersion { function, .. }
                | FunctionAction::UpdateAlias { function, .. },
            ) => function,
            Self::Role(
                RoleAction::PutRolePolicy { role, .. } | RoleAction::DeleteRolePolicy { role, .. },
            ) => role,
            Self::Cache(action) => action.target(),
            Self::Secret(
                SecretAction::PutSecretValue { arn, .. }
                | SecretAction::PutPendingPassword { arn, .. }
                | SecretAction::Promote { arn, .. }
                | SecretAction::DropPending { arn, .. }
                | SecretAction::RestoreSecret { arn }
                | SecretAction::DeleteSecret { arn, .. },
            ) => arn,
            Self::Adopt(mark) | Self::Mark(mark) => &mark.arn,
            Self::Release(release) => &release.arn,
            Self::Cluster(ClusterAction::RecordIntent { kind }) => kind,
            Self::Cluster(ClusterAction::RollWorkload { workload, .. }) => &workload.name,
            Self::Secret(SecretAction::CreateSecret { name, .. })
            | Self::Cluster(
                ClusterAction::ApplySecret { name, .. } | ClusterAction::DeleteSecret { name, .. },
            ) => name,
        }
    }
}

impl Mark {
    fn operation(&self) -> &'static str {
        match Kind::of(&self.arn).map(Kind::part) {
            Some(Part::Cache) => "AddTagsToResource",
            _ => "TagResource",
        }
    }
}

impl GatewayAction {
    const fn operation(&self) -> &'static str {
        match self {
            Self::CreateRestApi { .. } => "CreateRestApi",
            Self::PutRestApi { .. } => "PutRestApi",
            Self::DeleteRestApi { .. } => "DeleteRestApi",
            Self::CreateDeployment { .. } => "CreateDeployment",
            Self::DeleteDeployment { .. } => "DeleteDeployment",
            Self::CreateStage { .. } => "CreateStage",
            Self::UpdateStage { .. } => "UpdateStage",
            Self::CreateApiKey { .. } => "CreateApiKey",
            Self::EnableApiKey { .. } => "UpdateApiKey",
            Self::DeleteApiKey { .. } => "DeleteApiKey",
            Self::CreateUsagePlan { .. } => "CreateUsagePlan",
            Self::UpdateUsagePlan { .. } => "UpdateUsagePlan",
            Self::DeleteUsagePlan { .. } => "DeleteUsagePlan",
            Self::CreateUsagePlanKey { .. } => "CreateUsagePlanKey",
            Self::DeleteUsagePlanKey { .. } => "DeleteUsagePlanKey",
        }
    }

    fn target(&self) -> &str {
        match self {
            Self::CreateRestApi { name, .. }
            | Self::CreateApiKey { name, .. }
            | Self::CreateUsagePlan { name, .. } => name,
            Self::PutRestApi { api, .. }
            | Self::DeleteRestApi { api }
            | Self::CreateDeployment { api, .. }
            | Self::CreateStage { api, .. }
            | Self::UpdateStage { api, .. } => api,
            Self::DeleteDeployment { deployment, .. } => deployment,
            Self::EnableApiKey { id }
            | Self::DeleteApiKey { id }
            | Self::UpdateUsagePlan { id, .. }
            | Self::DeleteUsagePlan { id } => id,
            Self::CreateUsagePlanKey { key, .. } | Self::DeleteUsagePlanKey { key, .. } => key,
        }
    }
}

impl CacheAction {
    const fn operation(&self) -> &'static str {
        match self {
            Self::CreateSubnetGroup { .. } => "CreateCacheSubnetGroup",
            Self::ModifySubnetGroup { .. } => "ModifyCacheSubnetGroup",
            Self::DeleteSubnetGroup { .. } => "DeleteCacheSubnetGroup",
            Self::CreateUser { .. } | Self::CreateDefaultUser { .. } => "CreateUser",
            Self::ModifyUserAccess { .. } | Self::SetPasswords { .. } | Self::RequireIam { .. } => {
                "ModifyUser"
            }
            Self::DeleteUser { .. } => "DeleteUser",
            Self::CreateUserGroup { .. } => "CreateUserGroup",
            Self::ModifyUserGroup { .. } => "ModifyUserGroup",
            Self::DeleteUserGroup { .. } => "DeleteUserGroup",
            Self::CreateReplicationGroup(_) => "CreateReplicationGroup",
            Self::ModifyReplicationGroup { .. }
            | Self::RotateAuthToken { .. }
            | Self::SetAuthToken { .. } => "ModifyReplicationGroup",
            Self::IncreaseReplicaCount { .. } => "IncreaseReplicaCount",
            Self::DecreaseReplicaCount { .. } => "DecreaseReplicaCount",
            Self::DeleteReplicationGroup { .. } => "DeleteReplicationGroup",
        }
    }

    fn target(&self) -> &str {
        match self {
            Self::CreateSubnetGroup { name, .. }
            | Self::ModifySubnetGroup { name, .. }
            | Self::DeleteSubnetGroup { name } => name,
            Self::CreateUser { user, .. } | Self::CreateDefaultUser { user, .. } => &user.id,
            Self::CreateReplicationGroup(group) => &group.id,
            Self::ModifyUserAccess { id, .. }
            | Self::SetPasswords { id, .. }
            | Self::RequireIam { id }
            | Self::DeleteUser { id }
            | Self::CreateUserGroup { id, .. }
            | Self::ModifyUserGroup { id, .. }
            | Self::DeleteUserGroup { id }
            | Self::ModifyReplicationGroup { id, .. }
            | Self::IncreaseReplicaCount { id, .. }
            | Self::DecreaseReplicaCount { id, .. }
            | Self::RotateAuthToken { id, .. }
            | Self::SetAuthToken { id, .. }
            | Self::DeleteReplicationGroup { id, .. } => id,
        }
    }
}
