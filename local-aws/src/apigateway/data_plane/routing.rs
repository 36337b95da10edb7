//! Which method of a frozen API answers a path.

use std::collections::BTreeMap;

use crate::apigateway::model::{Definition, Method, Resource};

/// A route that fits a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// Where it was found.
    pub resource: &'a Resource,
    /// What answers.
    pub method: &'a Method,
    /// Values of the path's variables as they were sent, still percent-encoded (recorded).
    pub path_parameters: BTreeMap<String, String>,
}

/// The route for a path and method: at every segment a fixed name wins over `{name}`, and that over `{name+}`; only a
/// resource that has the method, or `ANY`, counts, so a more general one may answer what a more special one does not.
/// An ending slash does not matter (recorded).
pub fn route<'a>(definition: &'a Definition, method: &str, path: &str) -> Option<Route<'a>> {
    let segments: Vec<&str> = path
        .trim_matches('/')
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let root = definition
        .resources
        .values()
        .find(|resource| resource.parent_id.is_none())?;
    Search { definition, method }.below(root, &segments, &BTreeMap::new())
}

struct Search<'a, 'b> {
    definition: &'a Definition,
    method: &'b str,
}

impl<'a> Search<'a, '_> {
    fn below(
        &self,
        at: &'a Resource,
        segments: &[&str],
        so_far: &BTreeMap<String, String>,
    ) -> Option<Route<'a>> {
        let Some((segment, rest)) = segments.split_first() else {
            return self.end(at, so_far.clone());
        };
        let fixed = self
            .child(at, |part| part == *segment)
            .and_then(|child| self.below(child, rest, so_far));
        fixed
            .or_else(|| self.by_variable(at, segment, rest, so_far))
            .or_else(|| self.greedy(at, segments, so_far))
    }

    fn by_variable(
        &self,
        at: &'a Resource,
        segment: &str,
        rest: &[&str],
        so_far: &BTreeMap<String, String>,
    ) -> Option<Route<'a>> {
        let child = self.child(at, |part| {
            variable(part).is_some_and(|name| !name.ends_with('+'))
        })?;
        self.below(
            child,
            rest,
            &with(so_far, variable(child.path_part.as_deref()?)?, segment),
        )
    }

    fn greedy(
        &self,
        at: &'a Resource,
        segments: &[&str],
        so_far: &BTreeMap<String, String>,
    ) -> Option<Route<'a>> {
        let child = self.child(at, |part| {
            variable(part).is_some_and(|name| name.ends_with('+'))
        })?;
        let name = variable(child.path_part.as_deref()?)?.trim_end_matches('+');
        self.end(child, with(so_far, name, &segments.join("/")))
    }

    fn end(
        &self,
        at: &'a Resource,
        path_parameters: BTreeMap<String, String>,
    ) -> Option<Route<'a>> {
        let methods = &at.resource_methods;
        let method = methods.get(self.method).or_else(|| methods.get("ANY"))?;
        Some(Route {
            resource: at,
            method,
            path_parameters,
        })
    }

    fn child(&self, of: &Resource, is: impl Fn(&str) -> bool) -> Option<&'a Resource> {
        let mut all = self.definition.resources.values();
        all.find(|resource| {
            resource.parent_id.as_deref() == Some(of.id.as_str())
                && resource.path_part.as_deref().is_some_and(&is)
        })
    }
}

fn variable(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn with(values: &BTreeMap<String, String>, name: &str, value: &str) -> BTreeMap<String, String> {
    let mut values = values.clone();
    values.insert(name.to_owned(), value.to_owned());
    values
}

#[cfg(test)]
mod tests;
