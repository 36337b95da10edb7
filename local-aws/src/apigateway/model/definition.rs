//! The part of an API that `PutRestApi` replaces and a deployment freezes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Method, Strings};

/// Resources with their methods, and what they refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// By id.
    pub resources: BTreeMap<String, Resource>,
    /// By name.
    pub models: BTreeMap<String, Model>,
    /// By id.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// By id.
    pub validators: BTreeMap<String, RequestValidator>,
    /// By response type; only those that were customised.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

impl Definition {
    /// A definition with nothing but the root resource.
    pub fn empty(root_id: String) -> Self {
        let root = Resource {
            id: root_id.clone(),
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            resource_methods: BTreeMap::new(),
        };
        Self {
            resources: BTreeMap::from([(root_id, root)]),
            ..Self::default()
        }
    }

    /// The id of `/`.
    pub fn root_id(&self) -> String {
        self.resources
            .values()
            .find(|resource| resource.parent_id.is_none())
            .map(|root| root.id.clone())
            .unwrap_or_default()
    }

    /// Every method with the resource that it belongs to.
    pub fn methods(&self) -> impl Iterator<Item = (&Resource, &Method)> {
        self.resources.values().flat_map(|resource| {
            resource
                .resource_methods
                .values()
                .map(move |method| (resource, method))
        })
    }
}

/// `Resource` of the API model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "spelled as in the API model")]
pub struct Resource {
    /// Assigned by the service.
    pub id: String,
    /// None for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Last segment of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_part: Option<String>,
    /// Full path.
    pub path: String,
    /// By HTTP method.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_methods: BTreeMap<String, Method>,
}

/// `Model` of the API model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Assigned by the service.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema as text.
    pub schema: String,
    /// Content type that the schema describes.
    pub content_type: String,
}

/// `RequestValidator` of the API model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    /// Assigned by the service.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// Check the body against the method's model.
    pub validate_request_body: bool,
    /// Check that required parameters are there.
    pub validate_request_parameters: bool,
}

/// `Authorizer` of the API model: identity of it, the rest as the document gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// Assigned by the service.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    pub r#type: String,
    /// The further members that the model has for this type.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
}

/// `GatewayResponse` of the API model, customised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// Overrides the type's own status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.NAME` to its source.
    #[serde(default)]
    pub response_parameters: Strings,
    /// Content type to template.
    #[serde(default)]
    pub response_templates: Strings,
}
