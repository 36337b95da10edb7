//! The tree of resources: every path segment is one.

use std::collections::BTreeMap;

use crate::apigateway::model::{Definition, Method, Resource};
use crate::{AwsError, Ids};

/// "Resources per API" ("Quotas for configuring and running a REST API"). Whether the root counts is not documented: here it does not.
pub const MAX_RESOURCES: usize = 300;

const PART_RULE: &str = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.";

/// Resources under construction.
#[derive(Debug)]
pub struct ResourceTree {
    definition: Definition,
    root_id: String,
}

impl ResourceTree {
    /// A tree with the root alone.
    pub fn rooted(root_id: &str) -> Self {
        Self::of(Definition::empty(root_id.to_owned()))
    }

    /// A tree that grows an existing definition.
    pub fn of(definition: Definition) -> Self {
        Self {
            root_id: definition.root_id(),
            definition,
        }
    }

    /// The id of the resource at `path`, made with its ancestors where they are missing. Refuses in the service's words.
    pub fn ensure(&mut self, path: &str, ids: &mut Ids) -> Result<String, String> {
        let mut id = self.root_id.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            id = self.child(&id, part, ids)?;
        }
        Ok(id)
    }

    /// The child `part` of a resource, made when it is missing.
    pub fn child(&mut self, parent_id: &str, part: &str, ids: &mut Ids) -> Result<String, String> {
        let siblings = self.children(parent_id);
        if let Some(found) = siblings
            .iter()
            .find(|sibling| sibling.path_part.as_deref() == Some(part))
        {
            return Ok(found.id.clone());
        }
        if !is_part(part) {
            return Err(PART_RULE.to_owned());
        }
        let variable = siblings
            .iter()
            .filter_map(|sibling| sibling.path_part.as_deref())
            .find(|part| part.starts_with('{'));
        if let Some(taken) = variable.filter(|_| part.starts_with('{')) {
            return Err(format!(
                "A sibling ({taken}) of this resource already has a variable path part -- only one is allowed"
            ));
        }
        self.grow(parent_id, part, ids)
    }

    fn grow(&mut self, parent_id: &str, part: &str, ids: &mut Ids) -> Result<String, String> {
        let parent = self
            .definition
            .resources
            .get(parent_id)
            .ok_or("Invalid Resource identifier specified")?;
        if let Some(greedy) = parent
            .path_part
            .as_deref()
            .filter(|part| part.ends_with("+}"))
        {
            return Err(format!(
                "Cannot create a child of a resource with a greedy path variable: {greedy}"
            ));
        }
        let resource = Resource {
            id: ids.alphanumeric(6),
            parent_id: Some(parent_id.to_owned()),
            path_part: Some(part.to_owned()),
            path: format!("{}/{part}", parent.path.trim_end_matches('/')),
            resource_methods: BTreeMap::new(),
        };
        let id = resource.id.clone();
        self.definition.resources.insert(id.clone(), resource);
        Ok(id)
    }

    fn children(&self, parent_id: &str) -> Vec<&Resource> {
        self.definition
            .resources
            .values()
            .filter(|resource| resource.parent_id.as_deref() == Some(parent_id))
            .collect()
    }

    /// Adds methods to a resource; one that exists is replaced.
    pub fn put_methods(&mut self, id: &str, methods: BTreeMap<String, Method>) {
        if let Some(resource) = self.definition.resources.get_mut(id) {
            resource.resource_methods.extend(methods);
        }
    }

    /// The resources, or `LimitExceededException`.
    pub fn into_resources(self, quotas: bool) -> Result<BTreeMap<String, Resource>, AwsError> {
        let count = self.definition.resources.len() - 1;
        if quotas && count > MAX_RESOURCES {
            return Err(too_many_resources());
        }
        Ok(self.definition.resources)
    }
}

/// The refusal of a resource beyond the limit.
pub fn too_many_resources() -> AwsError {
    let text = "Maximum number of resources for this API has been reached. \
                Please contact AWS if you need additional resources.";
    crate::apigateway::limit_exceeded(text)
}

fn is_part(part: &str) -> bool {
    let is_word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b))
    };
    match part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'))
    {
        Some(name) => is_word(name.strip_suffix('+').unwrap_or(name)),
        None => is_word(part),
    }
}
