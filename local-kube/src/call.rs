//! What a request asks for.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::Value;

use crate::{Refusal, Resource};

/// Query parameters that are understood; any other is refused, never ignored.
const PARAMETERS: [&str; 11] = [
    "allowWatchBookmarks",
    "continue",
    "fieldManager",
    "fieldValidation",
    "force",
    "limit",
    "pretty",
    "resourceVersion",
    "resourceVersionMatch",
    "timeoutSeconds",
    "watch",
];

/// Verb as RBAC spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) resource: Resource,
    /// Whether it is about the `status` subresource.
    pub(crate) status: bool,
    /// Empty for all namespaces, and for objects that live in none.
    pub(crate) namespace: String,
    /// Empty when it is about all, or when the body names it.
    pub(crate) name: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    /// `null` when there is none.
    pub(crate) body: Value,
}

impl Call {
    /// What `request` asks for, where there are `resources`.
    pub(crate) fn parse(request: &Request<Bytes>, resources: &[Resource]) -> Result<Self, Refusal> {
        let path = request.uri().path();
        let place = Place::parse(path).ok_or_else(|| no_such_path(path))?;
        let resource = resources
            .iter()
            .find(|resource| {
                (&*resource.group, &*resource.version, &*resource.plural)
                    == (place.group, place.version, place.plural)
            })
            .ok_or_else(|| no_such_path(path))?;
        let status = place.subresource == "status" && resource.status;
        if !place.subresource.is_empty() && !status
            || !resource.namespaced && !place.namespace.is_empty()
        {
            return Err(no_such_path(path));
        }
        let query = parameters(request)?;
        let watch = query.get("watch").is_some_and(|value| value == "true");
        let verb = verb(request.method(), place.name.is_empty(), watch)?;
        let everywhere = resource.namespaced && place.namespace.is_empty();
        if everywhere && !matches!(verb, Verb::List | Verb::Watch) {
            return Err(no_such_path(path));
        }
        let body = object_of(verb, resource, request.body())?;
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let named = body["metadata"]["name"].as_str().unwrap_or_default();
        let name = if verb == Verb::Create {
            named
        } else {
            place.name
        };
        Ok(Self {
            verb,
            resource: resource.clone(),
            status,
            namespace: place.namespace.to_owned(),
            name: name.to_owned(),
            query,
            content_type: content_type.to_owned(),
            body,
        })
    }

    /// `resource:verb`, as faults and the log spell it.
    pub(crate) fn operation(&self) -> String {
        let subresource = if self.status { "/status" } else { "" };
        format!(
            "{}{subresource}:{}",
            self.resource.plural,
            self.verb.as_str()
        )
    }

    /// `namespace/name`, only the name where there is no namespace, or empty.
    pub(crate) fn object(&self) -> String {
        if self.namespace.is_empty() || self.name.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }

    /// The object, as messages name it.
    pub(crate) fn what(&self) -> String {
        format!("{} {:?}", self.resource.qualified(), self.name)
    }

    /// A query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Who writes, for field ownership.
    pub(crate) fn manager(&self) -> &str {
        self.parameter("fieldManager").unwrap_or("unknown")
    }
}

/// The parts of a path.
#[derive(Default)]
struct Place<'a> {
    group: &'a str,
    version: &'a str,
    namespace: &'a str,
    plural: &'a str,
    name: &'a str,
    subresource: &'a str,
}

impl<'a> Place<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match &*parts {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            // `namespaces/x` and `namespaces/x/status` are about the namespace itself.
            ["namespaces", namespace, plural, more @ ..] if *plural != "status" => {
                (*namespace, [&[*plural], more].concat())
            }
            rest => ("", rest.to_vec()),
        };
        let (plural, name, subresource) = match &*rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        Some(Self {
            group,
            version,
            namespace,
            plural,
            name,
            subresource,
        })
    }
}

fn no_such_path(path: &str) -> Refusal {
    let message = format!("the server could not find the requested resource ({path})");
    Refusal::new(404, "NotFound", message)
}

fn verb(method: &Method, all: bool, watch: bool) -> Result<Verb, Refusal> {
    match (method, all) {
        (&Method::GET, true) if watch => Ok(Verb::Watch),
        (&Method::GET, true) => Ok(Verb::List),
        (&Method::GET, false) if !watch => Ok(Verb::Get),
        (&Method::POST, true) => Ok(Verb::Create),
        (&Method::PUT, false) => Ok(Verb::Update),
        (&Method::PATCH, false) => Ok(Verb::Patch),
        (&Method::DELETE, false) => Ok(Verb::Delete),
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

fn parameters(request: &Request<Bytes>) -> Result<BTreeMap<String, String>, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let parameters: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    match parameters
        .keys()
        .find(|name| !PARAMETERS.contains(&name.as_str()))
    {
        Some(unknown) => Err(Refusal::bad_request(format!(
            "local-kube does not know the parameter {unknown}"
        ))),
        None => Ok(parameters),
    }
}

/// The body, which must be of the path's kind where it is an object.
fn object_of(verb: Verb, resource: &Resource, body: &Bytes) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let mut body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?;
    if matches!(verb, Verb::Create | Verb::Update) {
        let api_version = resource.api_version();
        let is = |field: &str, expected: &str| {
            body[field].is_null() || body[field].as_str() == Some(expected)
        };
        if !is("kind", &resource.kind) || !is("apiVersion", &api_version) {
            return Err(Refusal::bad_request(format!(
                "the body is not a {api_version} {}",
                resource.kind
            )));
        }
        body["apiVersion"] = api_version.into();
        body["kind"] = resource.kind.clone().into();
    }
    Ok(body)
}
