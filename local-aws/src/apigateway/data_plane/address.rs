//! Which API, stage and path a request is for.

use bytes::Bytes;
use http::Request;
use http::header::HOST;

/// Prefix of the path form.
const PATH_FORM: &str = "/_aws/execute-api/";

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The REST API.
    pub api_id: String,
    /// Region in the host name; the path form names none.
    pub region: Option<String>,
    /// First segment of the path; empty when there is none.
    pub stage: String,
    /// The rest of the path as it was sent, at least `/`.
    pub path: String,
    /// Name by which the client called the API.
    pub domain_name: String,
}

impl Address {
    /// Reads the host form (`{api}.execute-api.{region}.…`) or the path form (`/_aws/execute-api/{api}/{stage}/…`).
    pub fn of(request: &Request<Bytes>) -> Option<Self> {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| request.uri().host())
            .unwrap_or("");
        let path = request.uri().path();
        if let Some(rest) = path.strip_prefix(PATH_FORM) {
            let (api_id, rest) = rest.split_once('/').unwrap_or((rest, ""));
            return Some(Self::new(api_id, None, host, rest));
        }
        let name = host.split(':').next().unwrap_or(host);
        let (api_id, rest) = name.split_once(".execute-api.")?;
        Some(Self::new(
            api_id,
            rest.split('.').next(),
            name,
            path.trim_start_matches('/'),
        ))
    }

    fn new(api_id: &str, region: Option<&str>, domain_name: &str, rest: &str) -> Self {
        let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self {
            api_id: api_id.to_owned(),
            region: region.map(str::to_owned),
            stage: stage.to_owned(),
            path: format!("/{path}"),
            domain_name: domain_name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, uri: &str) -> Option<Address> {
        Address::of(
            &Request::builder()
                .uri(uri)
                .header(HOST, host)
                .body(Bytes::new())
                .unwrap(),
        )
    }

    #[test]
    fn both_forms_name_the_same_api_stage_and_path() {
        let host = address(
            "abc.execute-api.eu-west-1.localhost:4566",
            "/prod/orders/42?x=1",
        )
        .unwrap();
        let path = address("127.0.0.1:4566", "/_aws/execute-api/abc/prod/orders/42?x=1").unwrap();
        for address in [&host, &path] {
            let parts = (
                address.api_id.as_str(),
                address.stage.as_str(),
                address.path.as_str(),
            );
            assert_eq!(parts, ("abc", "prod", "/orders/42"));
        }
        assert_eq!(
            (host.region.as_deref(), path.region),
            (Some("eu-west-1"), None)
        );
    }

    #[test]
    fn a_stage_without_a_path_is_its_root() {
        assert_eq!(
            address("h", "/_aws/execute-api/abc/prod").unwrap().path,
            "/"
        );
        assert_eq!(address("h", "/_aws/execute-api/abc").unwrap().stage, "");
    }
}
