//! What was seen of the consumers of `spec.bindings`.

use std::collections::BTreeMap;

use super::Sensitive;

/// A Kubernetes Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundSecret {
    /// Whether the object is its controller.
    pub owned: bool,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `data`, decoded.
    pub data: BTreeMap<String, Sensitive>,
    /// Annotation `cachedapi.dev/secret-version`.
    pub version: Option<String>,
}

/// A Deployment or `StatefulSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedWorkload {
    /// `metadata.uid`.
    pub uid: String,
    /// The object's annotation on its pod template: version of the secret that its pods read.
    pub version: Option<String>,
    /// What its rollout still waits for, in words; none when it is done.
    pub unfinished: Option<String>,
    /// Why it does not go on by itself, and what to do; none when it does.
    pub held: Option<String>,
}

/// Environment variables of a function. Those of other people may be secrets.
pub type Variables = BTreeMap<String, Sensitive>;

/// A Lambda function: its `$LATEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedFunction {
    /// `RevisionId`.
    pub revision: String,
    /// `Environment.Variables`, all of them.
    pub variables: Variables,
    /// `CodeSha256`.
    pub code: Option<String>,
    /// `LastUpdateStatus`.
    pub update: FunctionUpdate,
    /// Name of the role that it runs as.
    pub role: Option<String>,
}

/// How the last update of a function went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionUpdate {
    /// It is through.
    Done,
    /// It is under way, and no other is taken.
    InProgress,
    /// It failed, for this reason.
    Failed(String),
}

/// An alias of a Lambda function, and the version that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedAlias {
    /// `RevisionId` of the alias.
    pub revision: String,
    /// Whether it shares its calls out over two versions.
    pub weighted: bool,
    /// `Environment.Variables` of the version.
    pub variables: Variables,
    /// `CodeSha256` of the version.
    pub code: Option<String>,
}

/// A version that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedVersion {
    /// Number.
    pub number: String,
    /// Whether it can be called: `State` is `Active`.
    pub active: bool,
}
