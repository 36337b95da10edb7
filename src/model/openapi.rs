//! The OpenAPI 3 document that API Gateway imports.

use serde_json::{Value, json};

use crate::api::{CachedApiSpec, Method, Route};

use super::Identity;

/// The document, with an empty `info.version`.
pub fn render(_identity: &Identity, _spec: &CachedApiSpec) -> Value {
    json!({"info": {"version": ""}})
}

/// The method as API Gateway names it.
#[must_use]
pub const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
        Method::Any => "ANY",
    }
}

/// The stage variable that tells a Lambda back end the cache policy of a route.
pub fn lambda_cache_policy(_route: &Route) -> Option<(String, String)> {
    None
}
