use std::collections::BTreeSet;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};

use crate::api::CachedApi;
use crate::plan::Failure;
use crate::plan::orphans::Roster;

use super::{Cluster, call, failure};

const OPERATION: &str = "kubernetes:ListCachedApis";
/// Objects in a page. One may have more than a megabyte.
const PAGE: u32 = 100;

impl Cluster {
    /// Every object of `namespaces`, or of all when there are none, whatever its shape.
    ///
    /// Without a version asked for, the API server answers with what a quorum of its store has; all pages are of the version of the first. A page that
    /// fails, or a place to go on that comes again, fails the list: there is no part of one.
    pub async fn roster(&self, namespaces: &[String]) -> Result<Roster, Failure> {
        let mut roster = Roster {
            namespaces: namespaces.iter().cloned().collect(),
            ..Roster::default()
        };
        let kind = ApiResource::erase::<CachedApi>(&());
        if namespaces.is_empty() {
            let everywhere = Api::all_with(self.client.clone(), &kind);
            call_the_roll(&everywhere, &mut roster).await?;
        }
        for namespace in namespaces {
            let there = Api::namespaced_with(self.client.clone(), namespace, &kind);
            call_the_roll(&there, &mut roster).await?;
        }
        Ok(roster)
    }
}

async fn call_the_roll(api: &Api<DynamicObject>, roster: &mut Roster) -> Result<(), Failure> {
    let mut parameters = ListParams::default().limit(PAGE);
    let mut places = BTreeSet::new();
    loop {
        let page = call(OPERATION, api.list(&parameters)).await?;
        page.items.iter().for_each(|object| enter(roster, object));
        let version = page.metadata.resource_version.unwrap_or_default();
        roster.version = version.parse().ok();
        match page.metadata.continue_.filter(|place| !place.is_empty()) {
            None => return Ok(()),
            Some(place) if places.insert(place.clone()) => {
                parameters = parameters.continue_token(&place);
            }
            Some(_) => {
                let message = "the list does not end: a page leads back to one before it".into();
                return Err(failure::changed_meanwhile(OPERATION, message));
            }
        }
    }
}

fn enter(roster: &mut Roster, object: &DynamicObject) {
    let text = |pointer| {
        object
            .data
            .pointer(pointer)
            .and_then(|value| value.as_str())
    };
    roster.uids.extend(object.metadata.uid.clone());
    let region = text("/spec/region").map(str::to_owned);
    if let Some(account) = text("/spec/accountRef/name") {
        let regions = roster.elsewhere.entry(account.to_owned());
        regions.or_default().extend(region);
        return;
    }
    roster.regions.extend(region);
    let secret = text("/status/credentials/secretArn");
    let account = secret.and_then(|arn| arn.split(':').nth(4));
    roster.accounts.extend(account.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::BodyExt;
    use hyper::{Request, Response};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;
    use tower::service_fn;

    use super::*;
    use crate::fence::Fence;

    /// A cluster whose API server answers every list with one object, and so that it goes on.
    fn endless() -> Cluster {
        let page = json!({
            "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApiList", "metadata": {"resourceVersion": "7", "continue": "here"},
            "items": [{"metadata": {"name": "orders", "namespace": "shop", "uid": "u-1"}}],
        });
        let service = service_fn(move |request: Request<Body>| {
            let page = page.to_string().into_bytes();
            async move {
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(Response::new(Body::from(page)))
            }
        });
        Cluster::new(
            Client::new(service, "default"),
            "test".into(),
            Fence::open(),
        )
    }

    #[tokio::test]
    async fn a_list_whose_pages_lead_round_in_a_circle_is_none() {
        let failure = endless().roster(&[]).await.unwrap_err();
        assert!(failure.message.contains("does not end"), "{failure}");
    }
}
