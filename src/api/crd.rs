use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use super::{AwsAccount, CachedApi};

/// The `CustomResourceDefinition` of [`CachedApi`], as it stands in `crds/`.
#[must_use]
pub fn custom_resource_definition() -> CustomResourceDefinition {
    known_formats(CachedApi::crd())
}

/// That of [`AwsAccount`].
#[must_use]
pub fn aws_account_definition() -> CustomResourceDefinition {
    known_formats(AwsAccount::crd())
}

fn known_formats(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        {
            remove_unsigned_formats(schema);
        }
    }
    crd
}

/// Rust's unsigned integers come out with formats that Kubernetes does not know and warns about on every apply; `minimum` says the same.
fn remove_unsigned_formats(schema: &mut JSONSchemaProps) {
    if schema
        .format
        .as_deref()
        .is_some_and(|format| format.starts_with("uint"))
    {
        schema.format = None;
    }
    schema
        .properties
        .iter_mut()
        .flatten()
        .for_each(|(_, property)| remove_unsigned_formats(property));
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => remove_unsigned_formats(item),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => {
            items.iter_mut().for_each(remove_unsigned_formats);
        }
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        remove_unsigned_formats(values);
    }
}
