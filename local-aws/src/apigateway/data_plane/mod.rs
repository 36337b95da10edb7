//! The data plane: requests to deployed APIs.
//!
//! ```text
//! address -> (lock: stage, frozen API, routing, admission, Lambda permission) -> integration (no lock) -> answer
//! ```
//!
//! A request sees the deployment that its stage points to at that moment, whatever is edited meanwhile.
//!
//! Not modelled: Lambda, Cognito and JWT authorizers (such a method refuses everybody), resource policies, body validation,
//! the stage cache, compression, streaming, VPC links (the URL is called directly), the account's own throttle, and
//! the directives of the template language (a template with one fails).

mod address;
mod admission;
mod answer;
mod backends;
mod binary;
mod context;
mod http_integration;
mod iam;
mod invocation;
mod lambda_integration;
mod mapping;
mod mock;
mod responses;
mod routing;
mod template;
mod usage;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;

use self::address::Address;
use self::admission::Admission;
use self::answer::Refusal;
use self::context::{Place, RequestIds};
use self::iam::Signatures;
use self::invocation::Invocation;
use super::gateway_response::Kind;
use super::model::{Integration, IntegrationType};
use crate::world::World;
use crate::{Config, LocalAws};

pub use self::backends::{Answer, BackendError, Backends, SendRequest};
pub use self::usage::Usage;

/// Limits of a request ("Quotas for configuring and running a REST API"). Their statuses are not documented.
const MAX_URL: usize = 10_240;
const MAX_HEADERS: usize = 10_240;

/// Answers a request to a deployed API.
pub(crate) async fn serve(local: &LocalAws, request: Request<Bytes>) -> Response<Bytes> {
    let Some(address) = Address::of(&request) else {
        return forbidden().plain();
    };
    let (ids, decision) = local.with_world(|world, now| {
        Gate {
            config: local.config(),
            world,
            now,
        }
        .pass(&address, &request)
    });
    let mut response = match decision {
        Decision::Refused(response) => response,
        Decision::Admitted(admitted) => {
            let answer = integrate(local, &admitted).await;
            answer.unwrap_or_else(|refusal| refusal.customised(&admitted.invocation))
        }
    };
    ids.put_on(response.headers_mut());
    response
}

/// No such API or stage.
fn forbidden() -> Refusal {
    Refusal::new(Kind::AccessDenied, "Forbidden").error_type("ForbiddenException")
}

/// What becomes of a request.
enum Decision {
    Refused(Response<Bytes>),
    Admitted(Box<Admitted>),
}

/// A request that may go to its back end.
struct Admitted {
    invocation: Invocation,
    integration: Integration,
    /// Where the Lambda function of an `AWS_PROXY` integration listens.
    function_url: Option<String>,
}

/// What is decided under the lock.
struct Gate<'a> {
    config: &'a Config,
    world: &'a mut World,
    now: Timestamp,
}

impl Gate<'_> {
    fn pass(&mut self, address: &Address, request: &Request<Bytes>) -> (RequestIds, Decision) {
        let ids = self.request_ids(address);
        let Some(found) = self.find(address) else {
            return (ids, Decision::Refused(forbidden().plain()));
        };
        let mut invocation = found.invocation(address, request, &ids);
        let decision = match self.admit(&found, request, &mut invocation) {
            Ok((integration, function_url)) => Decision::Admitted(Box::new(Admitted {
                invocation,
                integration,
                function_url,
            })),
            Err(refusal) => Decision::Refused(refusal.customised(&invocation)),
        };
        (ids, decision)
    }

    /// API and stage; none when there is no such stage, or the API does not answer here.
    fn find(&self, address: &Address) -> Option<Place> {
        let places = self.world.accounts.iter().flat_map(|(account, regions)| {
            regions
                .iter()
                .map(move |(region, place)| (account, region, place))
        });
        let mut here = places.filter(|(_, region, _)| {
            address
                .region
                .as_ref()
                .is_none_or(|wanted| wanted == *region)
        });
        let (account, region, api) = here.find_map(|(account, region, place)| {
            Some((account, region, place.apigateway.apis.get(&address.api_id)?))
        })?;
        let stage = api
            .stages
            .get(&address.stage)
            .filter(|_| !api.settings.disable_execute_api_endpoint)?;
        Some(Place {
            account: account.clone(),
            region: region.clone(),
            api_id: api.id.clone(),
            stage: stage.clone(),
            snapshot: api.deployments.get(&stage.deployment_id)?.snapshot.clone(),
            now: self.now,
        })
    }

    fn request_ids(&mut self, address: &Address) -> RequestIds {
        let places = self
            .world
            .accounts
            .values_mut()
            .flat_map(std::collections::BTreeMap::values_mut);
        let mut states = places.map(|place| &mut place.apigateway);
        let number = states
            .find(|state| state.apis.contains_key(&address.api_id))
            .map_or(0, |state| {
                state.usage.requests += 1;
                state.usage.requests
            });
        RequestIds::new(&address.api_id, number, self.now)
    }

    fn admit(
        &mut self,
        place: &Place,
        request: &Request<Bytes>,
        invocation: &mut Invocation,
    ) -> Result<(Integration, Option<String>), Refusal> {
        check_size(request)?;
        if !invocation.is_routed() {
            return Err(Refusal::new(
                Kind::MissingAuthenticationToken,
                "Missing Authentication Token",
            ));
        }
        let state = &mut self
            .world
            .regional(&place.account, &place.region, self.now)
            .apigateway;
        let signatures = Signatures {
            keys: &self.config.keys,
            account: &place.account,
            region: &place.region,
            now: self.now,
        };
        Admission {
            state,
            api_id: &place.api_id,
            stage: &place.stage,
            signatures,
        }
        .admit(request, invocation)?;
        let integration = invocation
            .integration()
            .cloned()
            .ok_or_else(Refusal::configuration)?;
        let function_url = match integration.r#type {
            IntegrationType::AwsProxy => {
                Some(self.function_url(place, invocation, &integration)?)
            }
            _ => None,
        };
        Ok((integration, function_url))
    }

    fn function_url(
        &self,
        place: &Place,
        invocation: &Invocation,
        integration: &Integration,
    ) -> Result<String, Refusal> {
        let uri = invocation.with_stage_variables(integration.uri.as_deref().unwrap_or_default());
        let is_post = integration.http_method.as_deref() == Some("POST");
        let function = lambda_integration::function_of(&uri)
            .filter(|_| is_post)
            .ok_or_else(Refusal::configuration)?;
        lambda_integration::target(self.world, &function, &place.source_arn(invocation))
    }
}

fn check_size(request: &Request<Bytes>) -> Result<(), Refusal> {
    let url = request
        .uri()
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if url > MAX_URL {
        return Err(Refusal::new(Kind::Default4xx, "Request-URI Too Long").status(414));
    }
    if headers > MAX_HEADERS {
        return Err(Refusal::new(Kind::Default4xx, "Request Header Fields Too Large").status(431));
    }
    if request.body().len() > http_integration::MAX_PAYLOAD {
        let text = format!(
            "HTTP content length exceeded {} bytes.",
            http_integration::MAX_PAYLOAD
        );
        return Err(Refusal::new(Kind::RequestTooLarge, text));
    }
    Ok(())
}

async fn integrate(local: &LocalAws, admitted: &Admitted) -> Result<Response<Bytes>, Refusal> {
    let Admitted {
        invocation,
        integration,
        function_url,
    } = admitted;
    let backends = &local.config().backends;
    let answer = async {
        match (integration.r#type, function_url) {
            (IntegrationType::Mock, _) => mock::answer(invocation, integration),
            (IntegrationType::Http | IntegrationType::HttpProxy, _) => {
                http_integration::call(backends, invocation, integration).await
            }
            (IntegrationType::AwsProxy, Some(url)) => {
                lambda_integration::call(backends, invocation, url).await
            }
            _ => Err(Refusal::configuration()),
        }
    };
    let limit = Duration::from_millis(integration.timeout_in_millis.into());
    let late = || Refusal::new(Kind::IntegrationTimeout, "Endpoint request timed out");
    tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| late())?
}
