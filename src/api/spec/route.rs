use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Throttle;

/// One method on one path, who may call it, where it goes, and how long its answers may be cached.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.cache) || self.cache.ttl == '0s' || self.method in ['GET', 'HEAD']")
    .message("only GET and HEAD routes can be cached"))]
#[x_kube(validation = Rule::new("!has(self.cache) || !has(self.cache.scope) || self.cache.scope != 'Caller' || !has(self.auth.public)")
    .message("a public route has no caller to cache for: use cache.scope Shared or an auth that identifies the caller"))]
#[x_kube(validation = Rule::new("!has(self.backend.lambda) || size(self.parameters) == 0")
    .message("parameters need an HTTP back end: API Gateway passes a Lambda function the whole request and ignores mappings"))]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Name of the route within the object; back ends receive it.
    #[schemars(
        length(min = 1, max = 50),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub name: String,
    /// HTTP method, or `ANY` for all methods that no other route of the path names.
    pub method: Method,
    /// Path below the stage, e.g. `/orders/{id}`. A segment is text, `{parameter}`, or, as the last one, `{parameter+}` for all that follows.
    #[schemars(
        length(min = 1, max = 250),
        regex(
            pattern = r"^/(([A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\})(/([A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\}))*(/\{[A-Za-z0-9._-]+\+\})?|\{[A-Za-z0-9._-]+\+\})?$"
        )
    )]
    pub path: String,
    /// Who may call the route. Exactly one of `public`, `iam` and `apiKey`.
    pub auth: Auth,
    /// Where requests go. Exactly one of `http` and `lambda`.
    pub backend: Backend,
    /// Parameters that the gateway adds to or copies into the request to the back end.
    #[serde(default)]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub parameters: Vec<Parameter>,
    /// Cache policy that is passed to the back end. Without it the route is not cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CachePolicy")]
    pub cache: Option<CachePolicy>,
    /// Throttle of this route over all callers, instead of the stage's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Throttle")]
    pub throttle: Option<Throttle>,
}

/// HTTP method of a route.
#[derive(
    JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord,
)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Any,
}

/// Who may call a route.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[x_kube(validation = Rule::new("[has(self.public), has(self.iam), has(self.apiKey)].filter(x, x).size() == 1")
    .message("auth needs exactly one of public, iam and apiKey; an open route says public: {}"))]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// Anyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Empty")]
    pub public: Option<Empty>,
    /// Callers that sign requests with AWS credentials (Signature Version 4) and are allowed `execute-api:Invoke`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Empty")]
    pub iam: Option<Empty>,
    /// Callers that send one of `api.apiKeys` in the header `x-api-key`. A key identifies an application; it is not a strong credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Empty")]
    pub api_key: Option<Empty>,
}

/// Nothing to set.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Empty {}

/// Where requests go.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("[has(self.http), has(self.lambda)].filter(x, x).size() == 1")
    .message("backend needs exactly one of http and lambda"))]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// An HTTP or HTTPS URL that API Gateway can reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "HttpBackend")]
    pub http: Option<HttpBackend>,
    /// A Lambda function in the same Region (proxy integration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LambdaBackend")]
    pub lambda: Option<LambdaBackend>,
    /// How long the gateway waits for the back end: 50 to 29000 milliseconds.
    #[serde(default = "longest_timeout")]
    #[schemars(range(min = 50, max = 29_000))]
    pub timeout_millis: u32,
}

/// API Gateway's default and largest integration time-out that needs no quota raise.
const fn longest_timeout() -> u32 {
    29_000
}

/// An HTTP back end.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HttpBackend {
    /// URL of the back end. `{parameter}` of the route's path may stand in the URL's path, e.g. `https://orders.example.com/v1/orders/{id}`.
    #[schemars(
        length(min = 8, max = 2048),
        regex(
            pattern = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:@!&'()*+,;=%{}/-]*)?$"
        )
    )]
    pub url: String,
}

/// A Lambda back end.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaBackend {
    /// ARN of the function, with a version or alias if wanted. The operator adds one statement to its policy that lets this API invoke it.
    #[schemars(
        length(max = 256),
        regex(
            pattern = r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$"
        )
    )]
    pub function_arn: String,
}

/// A parameter of the request to the back end.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("[has(self.header), has(self.query)].filter(x, x).size() == 1")
    .message("a parameter is set by exactly one of header and query"))]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Header to set. Names starting with `x-cachedapi-` are the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 64),
        regex(pattern = r"^[A-Za-z0-9_-]+$")
    )]
    #[x_kube(validation = Rule::new("!self.lowerAscii().startsWith('x-cachedapi-')").message("headers starting with x-cachedapi- are the operator's own"))]
    pub header: Option<String>,
    /// Query parameter to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 64),
        regex(pattern = r"^[A-Za-z0-9._-]+$")
    )]
    pub query: Option<String>,
    /// Where the value comes from.
    pub from: ParameterSource,
}

/// Where a parameter's value comes from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("[has(self.path), has(self.query), has(self.header), has(self.value), has(self.context)].filter(x, x).size() == 1")
    .message("from needs exactly one of path, query, header, value and context"))]
#[serde(rename_all = "camelCase")]
pub struct ParameterSource {
    /// A parameter of the route's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 64),
        regex(pattern = r"^[A-Za-z0-9._-]+$")
    )]
    pub path: Option<String>,
    /// A query parameter of the caller's request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 64),
        regex(pattern = r"^[A-Za-z0-9._-]+$")
    )]
    pub query: Option<String>,
    /// A header of the caller's request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 64),
        regex(pattern = r"^[A-Za-z0-9_-]+$")
    )]
    pub header: Option<String>,
    /// A fixed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 256),
        regex(pattern = r"^[A-Za-z0-9 ._~:/?#@!&()*+,;=%-]*$")
    )]
    pub value: Option<String>,
    /// Something the gateway knows of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ContextVariable")]
    pub context: Option<ContextVariable>,
}

/// Something the gateway knows of a request.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextVariable {
    /// Id of the request.
    RequestId,
    /// Address the request came from.
    SourceIp,
    /// Name of the stage.
    Stage,
    /// Domain name that was called.
    DomainName,
    /// ARN of the IAM caller.
    CallerArn,
    /// AWS account of the IAM caller.
    CallerAccount,
    /// Id of the API key.
    ApiKeyId,
}

/// How long answers may be cached, for whom, and by what.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CachePolicy {
    /// Time to live of an answer, 0s to 1h, e.g. `60s`, `5m`. 0s switches caching off.
    #[schemars(length(max = 8), regex(pattern = r"^[0-9]+(s|m|h)$"))]
    #[x_kube(validation = Rule::new("duration(self) <= duration('3600s')").message("ttl must be between 0s and 3600s"))]
    pub ttl: String,
    /// Who may be served a cached answer: `Caller` keeps callers apart, `Shared` serves all. Default: `Caller` with `auth.iam` or `auth.apiKey`, else `Shared`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scope")]
    pub scope: Option<Scope>,
    /// What tells answers apart, besides the method, the path and its parameters.
    #[serde(default)]
    pub key: CacheKey,
}

/// Who may be served a cached answer.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All callers.
    Shared,
    /// Only the caller that it was made for.
    Caller,
}

/// What tells answers apart.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct CacheKey {
    /// Query parameters whose values are part of the key.
    #[schemars(length(max = 10), inner(length(max = 64), regex(pattern = r"^[A-Za-z0-9._-]+$")), extend("x-kubernetes-list-type" = "set"))]
    pub query: Vec<String>,
    /// Request headers whose values are part of the key.
    #[schemars(length(max = 10), inner(length(max = 64), regex(pattern = r"^[A-Za-z0-9-]+$")), extend("x-kubernetes-list-type" = "set"))]
    pub headers: Vec<String>,
}
