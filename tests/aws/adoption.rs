//! A REST API that somebody else made.

use cachedapi_operator::model::Tags;
use cachedapi_operator::plan::{Action, Fact, Mark, Read, RestApi, Seen};
use serde_json::{Value, json};

use super::gateway::create_api;
use super::world::{ACCOUNT, REGION, World, tags};

/// Gives the API tags, whatever others it has.
pub async fn take_over(world: &World, api: &str, tags: Tags) {
    let arn = format!("arn:aws:apigateway:{REGION}::/restapis/{api}");
    world.act(Action::Adopt(Mark { arn, tags })).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_taken_over_has_both_its_tags_and_ours() {
    let world = World::new();
    let api = create_api(&world).await;
    assert_eq!(api.endpoint_type.as_deref(), Some("REGIONAL"));
    let new = [("cachedapi.dev/adopted".to_owned(), "true".to_owned())];
    take_over(&world, &api.id, new.clone().into()).await;
    let read = world.read(Read::NamedRestApi { id: api.id.clone() }).await;
    let both = tags().into_iter().chain(new).collect();
    assert_eq!(
        read,
        Fact::NamedRestApi(Seen::Present(RestApi { tags: both, ..api }))
    );
    let gone = Read::NamedRestApi {
        id: "zzzzzzzzzz".into(),
    };
    assert_eq!(world.read(gone).await, Fact::NamedRestApi(Seen::Absent));
}

#[tokio::test(start_paused = true)]
async fn what_an_overwrite_resets_is_told_of_an_api() {
    let world = World::new();
    let made = json!({
        "name": "legacy", "binaryMediaTypes": ["image/png"], "minimumCompressionSize": 1000,
        "apiKeySource": "AUTHORIZER", "disableExecuteApiEndpoint": true, "policy": "{}",
    });
    let id = make_by_hand(&world, &made).await;
    let Fact::NamedRestApi(Seen::Present(api)) = world.read(Read::NamedRestApi { id }).await else {
        panic!("no API")
    };
    assert_eq!(
        api.settings,
        [
            "the resource policy",
            "the list of binary media types",
            "the minimum size for compression",
            "that the key comes from an authorizer",
            "that the default endpoint is off",
        ]
    );
    assert_eq!(create_api(&world).await.settings, [""; 0]);
}

/// Somebody makes a REST API; gives its id.
async fn make_by_hand(world: &World, api: &Value) -> String {
    let scope = format!("{ACCOUNT}/20261124/{REGION}/apigateway/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
    let request = http::Request::post("/restapis").header("authorization", signature);
    let request = request.body(api.to_string().into()).unwrap();
    let response = world.local.handle(request).await;
    let made: Value = serde_json::from_slice(response.body()).unwrap();
    made["id"].as_str().unwrap().to_owned()
}
