//! The gateway's own answers ("Gateway response types for API Gateway").

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::GatewayResponse;

/// The template of every type that nobody customised.
const TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $status:expr, $error:literal;)+) => {
        /// A gateway response type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $doc])+ $kind,)+ }

        impl Kind {
            /// All types, in the order in which the service lists them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Name in the API model.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// Status when nobody customised it; the two defaults have none of their own.
            pub const fn status(self) -> Option<u16> {
                match self { $(Self::$kind => $status,)+ }
            }

            /// `x-amzn-ErrorType`.
            pub const fn error_type(self) -> &'static str {
                match self { $(Self::$kind => $error,)+ }
            }
        }
    };
}

kinds! {
    /// The caller may not.
    AccessDenied = "ACCESS_DENIED", Some(403), "AccessDeniedException";
    /// The API cannot work as it is configured.
    ApiConfigurationError = "API_CONFIGURATION_ERROR", Some(500), "InternalServerErrorException";
    /// The authorizer could not be asked.
    AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR", Some(500), "AuthorizerConfigurationException";
    /// The authorizer failed.
    AuthorizerFailure = "AUTHORIZER_FAILURE", Some(500), "AuthorizerFailureException";
    /// The body does not fit the model.
    BadRequestBody = "BAD_REQUEST_BODY", Some(400), "BadRequestException";
    /// A required parameter is missing.
    BadRequestParameters = "BAD_REQUEST_PARAMETERS", Some(400), "BadRequestException";
    /// For the 4xx types that nobody customised.
    Default4xx = "DEFAULT_4XX", None, "BadRequestException";
    /// For the 5xx types that nobody customised.
    Default5xx = "DEFAULT_5XX", None, "InternalServerErrorException";
    /// The token is too old.
    ExpiredToken = "EXPIRED_TOKEN", Some(403), "ExpiredTokenException";
    /// The back end could not be reached.
    IntegrationFailure = "INTEGRATION_FAILURE", Some(504), "InternalServerErrorException";
    /// The back end took too long.
    IntegrationTimeout = "INTEGRATION_TIMEOUT", Some(504), "InternalServerErrorException";
    /// No API key, or none that opens the stage.
    InvalidApiKey = "INVALID_API_KEY", Some(403), "ForbiddenException";
    /// The signature is wrong.
    InvalidSignature = "INVALID_SIGNATURE", Some(403), "InvalidSignatureException";
    /// No such route, or no credentials.
    MissingAuthenticationToken = "MISSING_AUTHENTICATION_TOKEN", Some(403), "MissingAuthenticationTokenException";
    /// The usage plan's quota is used up.
    QuotaExceeded = "QUOTA_EXCEEDED", Some(429), "LimitExceededException";
    /// More than 10 MB.
    RequestTooLarge = "REQUEST_TOO_LARGE", Some(413), "RequestTooLargeException";
    /// No such resource behind an authorized request.
    ResourceNotFound = "RESOURCE_NOT_FOUND", Some(404), "NotFoundException";
    /// Too fast.
    Throttled = "THROTTLED", Some(429), "TooManyRequestsException";
    /// The authorizer said no.
    Unauthorized = "UNAUTHORIZED", Some(401), "UnauthorizedException";
    /// No template for the content type.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", Some(415), "UnsupportedMediaTypeException";
    /// The web firewall said no.
    WafFiltered = "WAF_FILTERED", Some(403), "ForbiddenException";
}

impl Kind {
    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// `GatewayResponse` of the API model.
    pub fn render(self, customised: &BTreeMap<String, GatewayResponse>) -> Value {
        let found = self.customised(customised);
        let mut body = json!({
            "responseType": self.name(),
            "defaultResponse": !customised.contains_key(self.name()),
            "responseParameters": found.response_parameters,
            "responseTemplates": found.response_templates,
        });
        if let Some(status) = found.status_code {
            body["statusCode"] = json!(status);
        }
        body
    }

    /// What answers for this type: its own customisation, else that of the default of its class, else the service's.
    pub fn customised(self, customised: &BTreeMap<String, GatewayResponse>) -> GatewayResponse {
        let class = match self.status() {
            Some(status) if status >= 500 => Self::Default5xx,
            _ => Self::Default4xx,
        };
        let found = customised
            .get(self.name())
            .or_else(|| customised.get(class.name()));
        let mut response = found.cloned().unwrap_or_default();
        response.status_code = response
            .status_code
            .or_else(|| self.status().map(|status| status.to_string()));
        if response.response_templates.is_empty() {
            response
                .response_templates
                .insert("application/json".to_owned(), TEMPLATE.to_owned());
        }
        response
    }
}
