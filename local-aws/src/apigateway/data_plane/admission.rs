//! Who gets in, and how often: authorization, API key, throttle, quota, required parameters.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use serde_json::json;

use super::answer::Refusal;
use super::iam::Signatures;
use super::invocation::Invocation;
use crate::apigateway::State;
use crate::apigateway::gateway_response::Kind;
use crate::apigateway::model::{Stage, Throttle, UsagePlan};

/// What admission looks at besides the request.
pub(super) struct Admission<'a> {
    pub(super) state: &'a mut State,
    pub(super) api_id: &'a str,
    pub(super) stage: &'a Stage,
    pub(super) signatures: Signatures<'a>,
}

/// An API key that opens the stage.
struct OpenedBy {
    plan: UsagePlan,
    key_id: String,
}

impl Admission<'_> {
    /// Lets the request in and writes into its context who the caller is; or refuses it.
    pub(super) fn admit(
        &mut self,
        request: &Request<Bytes>,
        invocation: &mut Invocation,
    ) -> Result<(), Refusal> {
        self.authorize(request, invocation)?;
        if invocation.method.api_key_required {
            let opened = self.api_key(invocation)?;
            self.meter(&opened, invocation)?;
        }
        self.throttle_stage(invocation)?;
        check_parameters(invocation)
    }

    fn authorize(
        &self,
        request: &Request<Bytes>,
        invocation: &mut Invocation,
    ) -> Result<(), Refusal> {
        match invocation.method.authorization_type.as_str() {
            "NONE" => Ok(()),
            "AWS_IAM" => {
                let identity = self.signatures.identity(request)?;
                for (name, value) in identity.as_object().into_iter().flatten() {
                    invocation.context["identity"][name] = value.clone();
                }
                // "The Authorization header is dropped if … AWS_IAM authorization is used" ("important notes").
                invocation.headers.remove(http::header::AUTHORIZATION);
                Ok(())
            }
            other => {
                tracing::warn!(
                    authorization = other,
                    "the data plane has no such authorizer: request refused"
                );
                Err(Refusal::new(
                    Kind::AuthorizerConfigurationError,
                    "Internal server error",
                ))
            }
        }
    }

    fn api_key(&self, invocation: &mut Invocation) -> Result<OpenedBy, Refusal> {
        let forbidden = || Refusal::new(Kind::InvalidApiKey, "Forbidden");
        let value = invocation.header("x-api-key").ok_or_else(forbidden)?;
        let key = self
            .state
            .keys
            .values()
            .find(|key| key.enabled && key.value == value)
            .ok_or_else(forbidden)?;
        let opens = |plan: &&UsagePlan| {
            let is_here = plan
                .api_stages
                .iter()
                .any(|stage| self.is_here(&stage.api_id, &stage.stage));
            is_here && plan.keys.contains(&key.id)
        };
        let plan = self
            .state
            .plans
            .values()
            .find(opens)
            .ok_or_else(forbidden)?;
        invocation.context["identity"]["apiKey"] = json!(key.value);
        invocation.context["identity"]["apiKeyId"] = json!(key.id);
        Ok(OpenedBy {
            plan: plan.clone(),
            key_id: key.id.clone(),
        })
    }

    fn is_here(&self, api_id: &str, stage: &str) -> bool {
        api_id == self.api_id && stage == self.stage.stage_name
    }

    fn now(&self) -> Timestamp {
        self.signatures.now
    }

    /// The plan's throttle (of the method, else of the plan) and quota, both per key.
    fn meter(&mut self, opened: &OpenedBy, invocation: &Invocation) -> Result<(), Refusal> {
        let now = self.now();
        let OpenedBy { plan, key_id } = opened;
        let route = format!(
            "{}/{}",
            invocation.resource_path, invocation.method.http_method
        );
        let stage = plan
            .api_stages
            .iter()
            .find(|stage| self.is_here(&stage.api_id, &stage.stage));
        let of_method = stage.and_then(|stage| stage.throttle.get(&route));
        let usage = &mut self.state.usage;
        let has_token = match (of_method, &plan.throttle) {
            (Some(throttle), _) => {
                let bucket = format!(
                    "{}/{key_id}/{}/{}{route}",
                    plan.id, self.api_id, self.stage.stage_name
                );
                usage.take_token(&bucket, throttle, now)
            }
            (None, Some(throttle)) => {
                usage.take_token(&format!("{}/{key_id}", plan.id), throttle, now)
            }
            (None, None) => true,
        };
        if !has_token {
            return Err(Refusal::new(Kind::Throttled, "Too Many Requests"));
        }
        let has_room = plan
            .quota
            .as_ref()
            .is_none_or(|quota| usage.count(&format!("{}/{key_id}", plan.id), quota, now));
        if has_room {
            Ok(())
        } else {
            Err(Refusal::new(Kind::QuotaExceeded, "Limit Exceeded"))
        }
    }

    /// The stage's throttle for this method: an entry of its own, else that of all methods together.
    fn throttle_stage(&mut self, invocation: &Invocation) -> Result<(), Refusal> {
        let method = &invocation.method.http_method;
        let path = invocation
            .resource_path
            .replace('~', "~0")
            .replace('/', "~1");
        let own = [
            format!("{path}/{method}"),
            format!("{}/{method}", path.trim_start_matches("~1")),
        ];
        let names = own.into_iter().chain(["*/*".to_owned()]);
        let Some((name, entry)) = names
            .into_iter()
            .find_map(|name| Some((name.clone(), self.stage.method_settings.get(&name)?)))
        else {
            return Ok(());
        };
        let throttle = Throttle {
            burst_limit: entry.throttling_burst_limit,
            rate_limit: entry.throttling_rate_limit,
        };
        let bucket = format!("{}/{}/{name}", self.api_id, self.stage.stage_name);
        let now = self.now();
        let has_token = self.state.usage.take_token(&bucket, &throttle, now);
        if has_token {
            Ok(())
        } else {
            Err(Refusal::new(Kind::Throttled, "Too Many Requests"))
        }
    }
}

/// Required parameters, when the method has a validator that looks at them.
fn check_parameters(invocation: &Invocation) -> Result<(), Refusal> {
    let validators = &invocation.snapshot.definition.validators;
    let validator = invocation
        .method
        .request_validator_id
        .as_ref()
        .and_then(|id| validators.get(id));
    if !validator.is_some_and(|validator| validator.validate_request_parameters) {
        return Ok(());
    }
    let required = invocation
        .method
        .request_parameters
        .iter()
        .filter(|(_, required)| **required);
    let missing: Vec<&str> = required
        .filter_map(|(name, _)| missing(invocation, name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "Missing required request parameters: [{}]",
        missing.join(", ")
    );
    Err(Refusal::new(Kind::BadRequestParameters, text))
}

fn missing<'a>(invocation: &Invocation, parameter: &'a str) -> Option<&'a str> {
    let (location, name) = parameter.strip_prefix("method.request.")?.split_once('.')?;
    let value = match location {
        "path" => invocation.path_parameters.get(name).map(String::as_str),
        "querystring" => invocation.query(name),
        _ => invocation.header(name),
    };
    value.is_none_or(str::is_empty).then_some(name)
}
