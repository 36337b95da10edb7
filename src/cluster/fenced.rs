use hyper::{Method, Request};
use kube::Client;
use kube::client::Body;
use tower::service_fn;

use crate::fence::Fence;

/// `client`, through which nothing is written when `fence` is closed, but Leases: who is to hold one must be able to write it.
pub(super) fn fenced(client: Client, fence: Fence) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = service_fn(move |request| {
        let (client, fence) = (client.clone(), fence.clone());
        async move {
            if !is_guarded(&request) {
                return client.send(request).await;
            }
            let answer = fence.within(client.send(request)).await;
            answer.unwrap_or_else(|over| Err(kube::Error::Service(over.into())))
        }
    });
    Client::new(service, namespace)
}

fn is_guarded(request: &Request<Body>) -> bool {
    let lease = request
        .uri()
        .path()
        .starts_with("/apis/coordination.k8s.io/");
    request.method() != Method::GET && !lease
}
