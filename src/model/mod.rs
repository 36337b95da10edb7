//! Layer 1: validated vocabulary. A spec becomes [`Desired`], in which every name, tag and document that follows from it stands
//! already, or a list of every [`Violation`].

mod adoption;
mod binding;
mod cache;
mod desired;
mod duration;
mod estate;
mod gateway;
mod identity;
mod mode;
mod names;
pub mod openapi;
mod rotation;
mod url;
mod validate;
mod violation;

#[cfg(test)]
mod tests;

pub use adoption::{Adoption, cache_disposal, disposal, is_adopted};
pub use binding::{DesiredBindings, DesiredBoundSecret, DesiredFunction, Workload, WorkloadKind};
pub use cache::{
    CacheVersion, DesiredCache, DesiredSecret, DesiredUser, backend_access, oldest_with_iam,
};
pub use desired::{Desired, validate};
pub use estate::Estate;
pub use gateway::{DesiredApiKey, DesiredGateway, DesiredStage, Document};
pub use identity::{Cluster, Identity, Tags};
pub use mode::CredentialMode;
pub use names::Names;
pub use rotation::{DesiredRotation, Requests};
pub use violation::Violation;
