use crate::api::{AdoptSpec, AdoptionMode};

/// Something that exists and is to become the object's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Id.
    pub id: String,
    /// Whether it may be taken over.
    pub take_over: bool,
}

impl From<&AdoptSpec> for Adoption {
    fn from(spec: &AdoptSpec) -> Self {
        Self {
            id: spec.rest_api_id.clone(),
            take_over: spec.mode == AdoptionMode::TakeOver,
        }
    }
}
