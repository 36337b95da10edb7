//! Reads that fail.

use crate::api::Reason;
use crate::plan::rotation::Accepted;
use crate::plan::{Class, Fact, Failure, Login, Read, Seen};

/// What the read `read` says when it fails with `class`.
pub fn failed(read: &Read, class: Class) -> Fact {
    let reason = if class == Class::Blocked {
        Reason::AccessDenied
    } else {
        Reason::AwsUnavailable
    };
    let failure = Failure {
        operation: "model:Read",
        class,
        reason,
        message: "the model fails".into(),
        retry_after: None,
    };
    match read {
        Read::OtherRestApis { .. } => Fact::OtherRestApis(Seen::Unknown(failure)),
        Read::RestApi { .. } | Read::RestApiSearch { .. } => Fact::RestApi(Seen::Unknown(failure)),
        Read::NamedRestApi { .. } => Fact::NamedRestApi(Seen::Unknown(failure)),
        Read::Methods { .. } => Fact::Methods(Seen::Unknown(failure)),
        Read::Deployments { .. } => Fact::Deployments(Seen::Unknown(failure)),
        Read::Stage { .. } => Fact::Stage(Seen::Unknown(failure)),
        Read::ApiKeys { .. } => Fact::ApiKeys(Seen::Unknown(failure)),
        Read::UsagePlans { .. } => Fact::UsagePlans(Seen::Unknown(failure)),
        Read::Permission { function, .. } => Fact::Permission {
            function: function.clone(),
            permission: Seen::Unknown(failure),
        },
        Read::SubnetGroup { .. } => Fact::SubnetGroup(Seen::Unknown(failure)),
        Read::User { id } => Fact::User {
            id: id.clone(),
            user: Seen::Unknown(failure),
        },
        Read::DefaultUser { .. } => Fact::DefaultUser(Seen::Unknown(failure)),
        Read::UserGroup { .. } => Fact::UserGroup(Seen::Unknown(failure)),
        Read::ReplicationGroup { .. } => Fact::ReplicationGroup(Seen::Unknown(failure)),
        Read::OtherReplicationGroup { .. } => Fact::OtherReplicationGroup(Seen::Unknown(failure)),
        Read::CacheNode { .. } => Fact::CacheNode(Seen::Unknown(failure)),
        Read::Snapshot { .. } => Fact::FinalSnapshot(Seen::Unknown(failure)),
        Read::CacheTags { arn } => Fact::CacheTags {
            arn: arn.clone(),
            tags: Seen::Unknown(failure),
        },
        Read::Secret { .. } => Fact::Secret(Seen::Unknown(failure)),
        Read::OtherSecret { .. } => Fact::OtherSecret(Seen::Unknown(failure)),
        Read::SecretValue { version, .. } => Fact::SecretValue {
            version: version.clone(),
            value: Seen::Unknown(failure),
        },
        Read::Login(attempt) => Fact::Login {
            version: attempt.version.clone(),
            login: Login {
                accepted: Accepted::Unknown,
                flaw: None,
                obstacle: Some(failure.message),
                members: Vec::new(),
            },
        },
        other => failed_consumer(other, failure),
    }
}

fn failed_consumer(read: &Read, failure: Failure) -> Fact {
    match read {
        Read::BoundSecret { name } => Fact::BoundSecret {
            name: name.clone(),
            secret: Seen::Unknown(failure),
        },
        Read::Function { arn } => Fact::Function {
            arn: arn.clone(),
            function: Seen::Unknown(failure),
        },
        Read::FunctionAlias { function, .. } => Fact::FunctionAlias {
            function: function.clone(),
            alias: Seen::Unknown(failure),
        },
        Read::RolePolicy { role, .. } => Fact::RolePolicy {
            role: role.clone(),
            policy: Seen::Unknown(failure),
        },
        Read::Workload(workload) => Fact::Workload {
            workload: workload.clone(),
            observed: Seen::Unknown(failure),
        },
        other => panic!("no consumer is read by {other:?}"),
    }
}

/// The name of a read without its fields, e.g. `UserGroup`.
pub fn kind(read: &Read) -> String {
    format!("{read:?}")
        .split([' ', '('])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Every kind of read.
pub const KINDS: [&str; 28] = [
    "RestApi",
    "NamedRestApi",
    "RestApiSearch",
    "OtherRestApis",
    "Methods",
    "Deployments",
    "Stage",
    "ApiKeys",
    "UsagePlans",
    "Permission",
    "SubnetGroup",
    "User",
    "DefaultUser",
    "UserGroup",
    "ReplicationGroup",
    "OtherReplicationGroup",
    "CacheNode",
    "Snapshot",
    "CacheTags",
    "Secret",
    "OtherSecret",
    "SecretValue",
    "Login",
    "BoundSecret",
    "Workload",
    "Function",
    "FunctionAlias",
    "RolePolicy",
];
