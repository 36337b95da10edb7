//! `$context` of a request ("Variables for access logging and mapping templates").

use std::sync::Arc;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::address::Address;
use super::invocation::{Invocation, passing};
use super::mapping::set_header;
use super::routing::{self, Route};
use crate::Ids;
use crate::apigateway::model::{Snapshot, Stage};

/// The ids that a request gets.
#[derive(Clone, Debug)]
pub(super) struct RequestIds {
    request: String,
    extended: String,
    trace: String,
}

impl RequestIds {
    pub(super) fn new(api_id: &str, number: u64, now: Timestamp) -> Self {
        let mut ids = Ids::new(format!("{api_id}/{number}"));
        let trace = format!("Root=1-{:08x}-{}", now.as_second(), ids.hex(24));
        Self {
            request: ids.uuid(),
            extended: format!("{}=", ids.alphanumeric(15)),
            trace,
        }
    }

    /// Puts the ids on the answer.
    pub(super) fn put_on(&self, headers: &mut HeaderMap) {
        set_header(headers, "x-amzn-requestid", &self.request);
        set_header(headers, "x-amz-apigw-id", &self.extended);
        set_header(headers, "x-amzn-trace-id", &self.trace);
    }
}

/// Where a request arrives.
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) api_id: String,
    pub(super) stage: Stage,
    /// What the stage's deployment froze.
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) now: Timestamp,
}

impl Place {
    /// The request with its route, if there is one.
    pub(super) fn invocation(
        &self,
        address: &Address,
        request: &Request<Bytes>,
        ids: &RequestIds,
    ) -> Invocation {
        let route = routing::route(
            &self.snapshot.definition,
            request.method().as_str(),
            &address.path,
        );
        let found = route.as_ref();
        Invocation {
            method: found.map(|route| route.method.clone()).unwrap_or_default(),
            resource_path: found
                .map(|route| route.resource.path.clone())
                .unwrap_or_default(),
            http_method: request.method().clone(),
            path: address.path.clone(),
            path_parameters: found
                .map(|route| route.path_parameters.clone())
                .unwrap_or_default(),
            query: query(request),
            headers: forwarded(passing(request.headers().clone()), ids),
            body: request.body().clone(),
            context: self.context(address, request, ids, found),
            stage_variables: self.stage.variables.clone(),
            snapshot: self.snapshot.clone(),
        }
    }

    /// `SourceArn` with which the gateway invokes a function: variables of the path are `*`.
    pub(super) fn source_arn(&self, invocation: &Invocation) -> String {
        let parts = invocation
            .resource_path
            .split('/')
            .map(|part| if part.starts_with('{') { "*" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let (stage, method) = (&self.stage.stage_name, &invocation.method.http_method);
        let method = if method == "ANY" { "*" } else { method };
        format!(
            "arn:aws:execute-api:{}:{}:{}/{stage}/{method}{path}",
            self.region, self.account, self.api_id
        )
    }

    fn context(
        &self,
        address: &Address,
        request: &Request<Bytes>,
        ids: &RequestIds,
        route: Option<&Route<'_>>,
    ) -> Value {
        let user_agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let mut context = json!({
            "accountId": self.account,
            "apiId": self.api_id,
            "deploymentId": self.stage.deployment_id,
            "domainName": address.domain_name,
            "domainPrefix": address.domain_name.split(['.', ':']).next(),
            "extendedRequestId": ids.extended,
            "httpMethod": request.method().as_str(),
            "identity": {
                "accessKey": null, "accountId": null, "caller": null,
                "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
                "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
                "sourceIp": SOURCE_IP, "user": null, "userAgent": user_agent, "userArn": null,
            },
            "path": format!("/{}{}", address.stage, address.path),
            "protocol": "HTTP/1.1",
            "requestId": ids.request,
            "requestTime": Offset::UTC.to_datetime(self.now).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "requestTimeEpoch": self.now.as_millisecond(),
            "stage": self.stage.stage_name,
        });
        if let Some(route) = route {
            context["resourceId"] = json!(route.resource.id);
            context["resourcePath"] = json!(route.resource.path);
            if let Some(name) = &route.method.operation_name {
                context["operationName"] = json!(name);
            }
        }
        context
    }
}

fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes())
        .into_owned()
        .collect()
}

/// The client's address: the gateway is on the same machine, so this is loopback.
const SOURCE_IP: &str = "127.0.0.1";

/// What the gateway tells back ends about the client.
fn forwarded(mut headers: HeaderMap, ids: &RequestIds) -> HeaderMap {
    let before = headers
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok())
        .map(|value| format!("{value}, "));
    set_header(
        &mut headers,
        "x-forwarded-for",
        &format!("{}{SOURCE_IP}", before.unwrap_or_default()),
    );
    set_header(&mut headers, "x-forwarded-port", "80");
    set_header(&mut headers, "x-forwarded-proto", "http");
    if !headers.contains_key("x-amzn-trace-id") {
        set_header(&mut headers, "x-amzn-trace-id", &ids.trace);
    }
    headers
}
