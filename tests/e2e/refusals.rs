//! Input that cannot work, permissions that are missing, names that others have: one clear condition each, nothing half made, nothing of
//! others touched, and what runs stays as it is.

use cachedapi_hack::Result;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::resource::Resource;
use serde_json::{Value, json};

use crate::foreign::Foreign;
use crate::world::World;
use crate::{READY, SOON};

/// What callers get and what serves them.
#[derive(Debug, PartialEq)]
struct Service {
    status: u16,
    deployment: Value,
    owned: Vec<String>,
}

fn service(object: &Resource) -> Result<Service> {
    let mut owned = object.owned()?.0;
    owned.sort();
    Ok(Service {
        status: object.call("/orders/42", &[])?.status,
        deployment: object.get()?["status"]["api"]["deployment"]["id"].clone(),
        owned,
    })
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!([{"op": "replace", "path": format!("/spec/{path}"), "value": value.into()}])
}

/// Where the text goes, the text, and what the refusal names.
const INJECTIONS: [(&str, &str, &str); 8] = [
    (
        "routes/1/parameters/0/from",
        "a\r\nx-admin: yes",
        "spec.routes[1].parameters[0].from.value",
    ),
    (
        "routes/1/parameters/0/from",
        "$context.identity.caller",
        "spec.routes[1].parameters[0].from.value",
    ),
    (
        "routes/1/parameters/0/from",
        "${stageVariables.key}",
        "spec.routes[1].parameters[0].from.value",
    ),
    (
        "routes/1/parameters/0/from",
        "' + context.stage + '",
        "spec.routes[1].parameters[0].from.value",
    ),
    (
        "routes/1/parameters/0/header",
        "x-a\r\nx-admin",
        "spec.routes[1].parameters[0].header",
    ),
    (
        "routes/0/backend/http/url",
        "https://x/${stageVariables.key}",
        "spec.routes[0].backend.http.url",
    ),
    ("routes/0/path", "/orders/{id}\r\n", "spec.routes[0].path"),
    (
        "routes/0/cache/key/headers",
        "accept\r\nx-admin",
        "spec.routes[0].cache.key.headers[0]",
    ),
];

fn injected(path: &str, text: &str) -> Value {
    match path.rsplit('/').next() {
        Some("from") => replace(path, json!({"value": text})),
        Some("headers") => replace(path, json!([text])),
        _ => replace(path, text),
    }
}

#[test]
fn what_the_api_server_refuses_is_named_and_changes_nothing() {
    let world = World::shared();
    let object = world.create("injected").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let (before, generation) = (
        service(&object).unwrap(),
        object.get().unwrap()["metadata"]["generation"].clone(),
    );

    for (path, text, field) in INJECTIONS {
        let refusal = object.patch(&injected(path, text)).unwrap_err().to_string();
        assert!(refusal.contains(field), "{path} {text:?}: {refusal}");
    }
    let variable = json!([{"op": "add", "path": "/spec/api/stage/variables", "value": {"key": "$context.stage"}}]);
    let refusal = object.patch(&variable).unwrap_err().to_string();
    assert!(
        refusal.contains("a stage variable's value has 1 to 512 characters out of"),
        "{refusal}"
    );
    // More than API Gateway takes as a definition is more than the API server takes as an object.
    let mut huge = manifest(&object).unwrap();
    huge["metadata"]["annotations"] = json!({"note": "x".repeat(6 * 1024 * 1024)});
    let refusal = world
        .kubectl()
        .apply(&huge.to_string())
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("limit is 3145728"), "{refusal}");

    assert_eq!(object.get().unwrap()["metadata"]["generation"], generation);
    assert_eq!(service(&object).unwrap(), before);
}

fn manifest(object: &Resource) -> Result<Value> {
    let stored = object.get()?;
    Ok(json!({
        "apiVersion": stored["apiVersion"], "kind": stored["kind"], "spec": stored["spec"],
        "metadata": {"name": stored["metadata"]["name"], "namespace": stored["metadata"]["namespace"]},
    }))
}

/// 300 segments and the example's own.
fn too_many_routes(object: &Value) -> Value {
    let route = &object["spec"]["routes"][1];
    let more = |number: usize| {
        let mut route = route.clone();
        route["name"] = json!(format!("r{number}"));
        route["path"] = json!(format!("/a{number}/b"));
        route
    };
    (0..151).map(more).collect()
}

#[test]
fn more_resources_than_an_api_can_have_stall_the_object_and_nothing_else() {
    const WRONG: &str = "spec.routes: the paths make 302 resources (each path segment counts); API Gateway allows 300: use parameters such as {id} or {rest+}, or another object";
    let world = World::shared();
    let object = world.create("crowded").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let before = service(&object).unwrap();
    let routes = object.get().unwrap()["spec"]["routes"].clone();

    let too_many = too_many_routes(&object.get().unwrap());
    object.patch(&replace("routes", too_many.clone())).unwrap();
    let said = object
        .wait_until_said("Stalled", "InvalidSpec", SOON)
        .unwrap();
    assert_eq!(said, ("True".to_owned(), WRONG.to_owned()));
    assert_eq!(service(&object).unwrap(), before);
    object.patch(&replace("routes", routes)).unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();

    let mut fresh = manifest(&object).unwrap();
    fresh["metadata"]["name"] = json!("crowded-from-the-start");
    fresh["spec"]["routes"] = too_many;
    fresh["spec"]["bindings"] = json!([]);
    let fresh = Resource::apply(&world.environment, &fresh).unwrap();
    let said = fresh
        .wait_until_said("Stalled", "InvalidSpec", SOON)
        .unwrap();
    assert_eq!(said.1, WRONG);
    assert_eq!(fresh.owned().unwrap(), (vec![], vec![]));
    fresh.delete().unwrap();
}

#[test]
fn a_function_that_is_not_there_is_named_and_the_stage_serves_what_it_served() {
    let world = World::shared();
    let object = world.create("functional").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let before = service(&object).unwrap();

    let arn = "arn:aws:lambda:eu-west-1:000000000000:function:ghost";
    object
        .patch(&replace(
            "routes/0/backend",
            json!({"lambda": {"functionArn": arn}}),
        ))
        .unwrap();
    let (status, message) = object
        .wait_until_said("ApiReady", "ReferenceNotFound", SOON)
        .unwrap();
    assert_eq!(status, "False");
    let refused = format!(
        "lambda:AddPermission: spec.routes[].backend.lambda.functionArn {arn}: ResourceNotFoundException (HTTP 404, request "
    );
    let advice = format!("): Function not found: {arn}; create it or change the spec");
    assert!(
        message.starts_with(&refused) && message.ends_with(&advice),
        "{message}"
    );
    assert_eq!(service(&object).unwrap(), before);

    world
        .environment
        .aws
        .make_function("ghost", &json!({}))
        .unwrap();
    object.request_reconcile().unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    assert_ne!(service(&object).unwrap().deployment, before.deployment);
    object.delete().unwrap();
    assert_eq!(object.owned().unwrap().0, [""; 0]);
}

/// Refuses each operation on what has the text in its ARN.
fn deny(environment: &Environment, denied: &[(&str, &str)]) -> Result<()> {
    let faults: Vec<Value> = denied
        .iter()
        .map(|(operation, resource)| {
            json!({"operation": operation, "resource": resource, "count": 0, "effect": "denyAccess"})
        })
        .collect();
    environment.aws.add_faults(&json!(faults))
}

fn see_denied(object: &Resource, type_: &str, action: &str) -> Result<()> {
    let (status, message) = object.wait_until_said(type_, "AccessDenied", SOON)?;
    let needed = format!(
        ": the operator needs {action}; add it to the policies of its AWS identity (AccessDenied"
    );
    assert!(status == "False" && message.contains(&needed), "{message}");
    Ok(())
}

#[test]
fn a_missing_permission_is_named_and_stops_only_what_needs_it() {
    let world = World::shared();
    let aws = &world.environment.aws;
    let creations = [
        ("secretsmanager:CreateSecret", "cachedapi/forbidden/"),
        ("secretsmanager:DescribeSecret", "cachedapi/blind/"),
    ];
    deny(&world.environment, &creations).unwrap();
    let running = world.create("allowed").unwrap();
    let fresh = ["forbidden", "blind"].map(|name| world.create(name).unwrap());
    for (object, (action, _)) in fresh.iter().zip(creations) {
        see_denied(object, "CredentialsReady", action).unwrap();
        object
            .wait_until_said("ApiReady", "Available", READY)
            .unwrap();
    }

    running.wait_until_ready(READY, |_| ()).unwrap();
    let before = service(&running).unwrap();
    let api = running.get().unwrap()["status"]["api"]["id"].clone();
    let api = format!("/restapis/{}", api.as_str().unwrap());
    let group = format!("replicationgroup:capi-{}", running.uid().replace('-', ""));
    let changes = [
        ("apigateway:PutRestApi", api.as_str()),
        ("elasticache:ModifyReplicationGroup", group.as_str()),
    ];
    deny(&world.environment, &changes).unwrap();
    running
        .patch(&replace("routes/0/path", "/v2/{id}"))
        .unwrap();
    let days = "cache/replicationGroup/snapshots/retentionDays";
    running.patch(&replace(days, 3)).unwrap();
    see_denied(&running, "ApiReady", "apigateway:PUT").unwrap();
    see_denied(&running, "CacheReady", "elasticache:ModifyReplicationGroup").unwrap();
    running
        .wait_until_said("CredentialsReady", "Available", SOON)
        .unwrap();
    assert_eq!(service(&running).unwrap(), before);

    aws.drop_faults().unwrap();
    for object in fresh.iter().chain([&running]) {
        object.request_reconcile().unwrap();
        object.wait_until_ready(READY, |_| ()).unwrap();
    }
}

#[test]
fn what_has_the_objects_name_and_is_somebody_elses_is_named_and_left_alone() {
    let world = World::shared();
    let cases = [
        (
            "secret",
            Some((
                "CredentialsReady",
                "the secret cachedapi/taken-secret/taken-secret-",
            )),
        ),
        ("group", Some(("CacheReady", "the replication group capi-"))),
        ("user", Some(("CacheReady", "the user capi-"))),
        // Two APIs may have one name: ours is made beside it.
        ("api", None),
    ];
    let made = cases.map(|(kind, said)| {
        let name = format!("taken-{kind}");
        let object = world.create_paused(&name).unwrap();
        let foreign = Foreign::make(&world.environment, kind, &name, object.uid()).unwrap();
        world.unpause(&name).unwrap();
        (object, foreign, said)
    });
    for (object, foreign, said) in made {
        if let Some((type_, named)) = said {
            let (status, message) = object.wait_until_said(type_, "NameTaken", READY).unwrap();
            let clear = message.starts_with(named) && message.contains("is left alone; ");
            assert!(status == "False" && clear, "{message}");
        } else {
            object.wait_until_ready(READY, |_| ()).unwrap();
        }
        object.delete().unwrap();
        assert_eq!(object.owned().unwrap().0, [""; 0]);
        foreign.check_untouched(&world.environment).unwrap();
    }
}

#[test]
fn a_bound_secret_of_somebody_else_is_named_and_left_alone() {
    let world = World::shared();
    let object = world.create_paused("taken-binding").unwrap();
    let secret = [
        "secret",
        "generic",
        "taken-binding-cache",
        "--namespace",
        "taken-binding",
        "--from-literal=host=mine",
    ];
    world
        .kubectl()
        .run([&["create"], &secret[..]].concat())
        .unwrap();
    world.unpause("taken-binding").unwrap();
    let (_, message) = object
        .wait_until_said("BindingsReady", "NameTaken", READY)
        .unwrap();
    assert_eq!(
        message,
        "the Secret taken-binding-cache is not owned by this object, so it is left alone; choose another name in the spec or delete that Secret"
    );
    object
        .wait_until_said("CacheReady", "Available", READY)
        .unwrap();
    object.delete().unwrap();
    assert_eq!(world.secret("taken-binding", "host").unwrap(), "mine");
}
