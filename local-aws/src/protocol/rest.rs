//! REST-JSON: method and path name the operation.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::AwsError;
use crate::call::Params;

/// One operation's method and path template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    method: &'static str,
    template: &'static str,
    operation: &'static str,
}

impl Route {
    /// `{name}` in `template` stands for one path segment. The first route that fits wins.
    pub(crate) const fn new(
        method: &'static str,
        template: &'static str,
        operation: &'static str,
    ) -> Self {
        Self {
            method,
            template,
            operation,
        }
    }

    /// The path parameters, if method and path fit. Segments are split before they are decoded: an ARN in the
    /// path keeps its slashes when the client has encoded them.
    fn matches(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        let (wanted, given) = (
            self.template.trim_matches('/').split('/'),
            path.trim_matches('/').split('/'),
        );
        if method != self.method || wanted.clone().count() != given.clone().count() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (wanted, given) in wanted.zip(given) {
            let given = percent_decode_str(given).decode_utf8_lossy();
            match wanted
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
            {
                Some(name) => drop(parameters.insert(name.to_owned(), given.into_owned())),
                None if wanted == given => {}
                None => return None,
            }
        }
        Some(parameters)
    }
}

pub(super) fn parse(
    service: &str,
    routes: &[Route],
    request: &Request<Bytes>,
) -> Result<(String, Params), AwsError> {
    let (method, uri, raw) = (request.method().as_str(), request.uri(), request.body());
    let fits = routes.iter().find_map(|route| {
        route
            .matches(method, uri.path())
            .map(|path| (route.operation, path))
    });
    let (operation, path) = fits.ok_or_else(|| {
        let message = format!(
            "local-aws has no {service} operation {method} {}",
            uri.path()
        );
        AwsError::new(404, "UnknownOperationException", message)
    })?;
    let query = form_urlencoded::parse(uri.query().unwrap_or("").as_bytes())
        .into_owned()
        .collect();
    let body = serde_json::from_slice(raw).unwrap_or(Value::Null);
    Ok((
        operation.to_owned(),
        Params {
            path,
            query,
            body,
            raw: raw.clone(),
        },
    ))
}
