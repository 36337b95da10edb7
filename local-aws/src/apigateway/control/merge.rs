//! Merging an imported definition into one that is there.

use std::collections::BTreeMap;

use super::errors::bad_request;
use crate::apigateway::import::ResourceTree;
use crate::apigateway::model::{Definition, Method};
use crate::{AwsError, Ids};

/// `new` over `base`: methods, models and responses of the same name are replaced, everything else stays.
pub(super) fn merged(
    mut base: Definition,
    new: Definition,
    ids: &mut Ids,
    quotas: bool,
) -> Result<Definition, AwsError> {
    let renamed = renamed_ids(&base, &new);
    base.models.extend(new.models);
    base.gateway_responses.extend(new.gateway_responses);
    base.authorizers.retain(|id, _| !renamed.contains_key(id));
    base.validators.retain(|id, _| !renamed.contains_key(id));
    base.authorizers.extend(new.authorizers);
    base.validators.extend(new.validators);
    for method in base
        .resources
        .values_mut()
        .flat_map(|resource| resource.resource_methods.values_mut())
    {
        follow(method, &renamed);
    }
    let mut tree = ResourceTree::of(base.clone());
    for resource in new.resources.into_values() {
        let id = tree.ensure(&resource.path, ids).map_err(|text| {
            bad_request(format!(
                "Errors found during import:\n\tUnable to create resource at path '{}': {text}",
                resource.path
            ))
        })?;
        tree.put_methods(&id, resource.resource_methods);
    }
    base.resources = tree.into_resources(quotas)?;
    Ok(base)
}

/// Old id to new id of the authorizers and validators that the new definition replaces.
fn renamed_ids(base: &Definition, new: &Definition) -> BTreeMap<String, String> {
    let authorizers = base.authorizers.values().filter_map(|old| {
        let same = new
            .authorizers
            .values()
            .find(|authorizer| authorizer.name == old.name)?;
        Some((old.id.clone(), same.id.clone()))
    });
    let validators = base.validators.values().filter_map(|old| {
        let same = new
            .validators
            .values()
            .find(|validator| validator.name == old.name)?;
        Some((old.id.clone(), same.id.clone()))
    });
    authorizers.chain(validators).collect()
}

fn follow(method: &mut Method, renamed: &BTreeMap<String, String>) {
    for id in [&mut method.authorizer_id, &mut method.request_validator_id]
        .into_iter()
        .flatten()
    {
        if let Some(new) = renamed.get(id) {
            id.clone_from(new);
        }
    }
}
