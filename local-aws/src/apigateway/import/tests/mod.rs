#![expect(
    clippy::needless_pass_by_value,
    reason = "values read best where they are used"
)]

mod integrations;

use serde_json::{Value, json};

use super::*;
use crate::apigateway::model::Method;

fn run(document: &Value) -> Result<Imported, String> {
    run_with_quotas(document, true).map_err(|error| error.message)
}

fn run_with_quotas(document: &Value, quotas: bool) -> Result<Imported, AwsError> {
    let target = Target {
        api_id: "api",
        root_id: "root",
        quotas,
        ids: &mut Ids::new("test"),
    };
    import(document.to_string().as_bytes(), target)
}

fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.0.1",
        "info": { "title": "t", "version": "1" },
        "paths": paths,
        "components": { "securitySchemes": {
            "key": { "type": "apiKey", "name": "X-API-Key", "in": "header" },
            "iam": { "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" },
            "pool": { "type": "apiKey", "name": "Authorization", "in": "header",
                "x-amazon-apigateway-authorizer": { "type": "cognito_user_pools", "providerARNs": ["arn:p"] } },
        } },
    })
}

fn operation(more: Value) -> Value {
    let mut operation = json!({
        "responses": { "200": { "description": "ok" } },
        "x-amazon-apigateway-integration": { "type": "http_proxy", "httpMethod": "GET", "uri": "http://b/" },
    });
    for (name, value) in more.as_object().unwrap() {
        operation[name] = value.clone();
    }
    operation
}

fn integration(more: Value) -> Value {
    let mut integration = json!({ "type": "http_proxy", "httpMethod": "GET", "uri": "http://b/" });
    for (name, value) in more.as_object().unwrap() {
        integration[name] = value.clone();
    }
    operation(json!({ "x-amazon-apigateway-integration": integration }))
}

/// The only method of a document with this operation at `GET /x`.
fn method(operation: Value) -> Method {
    let imported = run(&document(json!({ "/x": { "get": operation } }))).unwrap();
    imported.definition.methods().next().unwrap().1.clone()
}

fn refusal(operation: Value) -> String {
    run(&document(json!({ "/x": { "get": operation } }))).unwrap_err()
}

fn paths_of(imported: &Imported) -> Vec<&str> {
    let mut paths: Vec<_> = imported
        .definition
        .resources
        .values()
        .map(|resource| resource.path.as_str())
        .collect();
    paths.sort_unstable();
    paths
}

#[test]
fn every_segment_of_a_path_is_a_resource_and_the_root_keeps_its_id() {
    let paths = json!({ "/a/{id}/b": { "get": operation(json!({})) }, "/a": { "post": operation(json!({})) } });
    let imported = run(&document(paths)).unwrap();
    assert_eq!(paths_of(&imported), ["/", "/a", "/a/{id}", "/a/{id}/b"]);
    assert_eq!(imported.definition.root_id(), "root");
}

#[test]
fn paths_that_cannot_be_are_refused_in_the_services_words() {
    let cases = [
        (
            json!(["/a/{x}", "/a/{y}"]),
            "A sibling ({x}) of this resource already has a variable path part",
            "one variable per level",
        ),
        (
            json!(["/{p+}/b"]),
            "Cannot create a child of a resource with a greedy path variable: {p+}",
            "greedy is last",
        ),
        (
            json!(["/a b"]),
            "Resource's path part only allow",
            "a space",
        ),
        (
            json!(["/{a}b"]),
            "Resource's path part only allow",
            "a brace inside",
        ),
    ];
    for (paths, expected, reason) in cases {
        let items: Map = paths
            .as_array()
            .unwrap()
            .iter()
            .map(|path| (path.as_str().unwrap().to_owned(), get()))
            .collect();
        let refusal = run(&document(Value::Object(items))).unwrap_err();
        assert!(
            refusal.starts_with("Errors found during import:\n\tUnable to create resource at path"),
            "{reason}: {refusal}"
        );
        assert!(refusal.contains(expected), "{reason}: {refusal}");
    }
}

type Map = serde_json::Map<String, Value>;

fn get() -> Value {
    json!({ "get": operation(json!({})) })
}

#[test]
fn three_hundred_resources_are_the_limit_and_quotas_can_be_off() {
    let many = |count| {
        document(Value::Object(
            (0..count)
                .map(|number| (format!("/r{number}"), get()))
                .collect(),
        ))
    };
    assert!(run(&many(MAX_RESOURCES)).is_ok());
    let refusal = run_with_quotas(&many(MAX_RESOURCES + 1), true).unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.status),
        ("LimitExceededException", 429)
    );
    assert!(run_with_quotas(&many(MAX_RESOURCES + 1), false).is_ok());
}

#[test]
fn a_body_over_six_megabytes_is_refused_unread() {
    let target = Target {
        api_id: "api",
        root_id: "root",
        quotas: true,
        ids: &mut Ids::new("test"),
    };
    let refusal = import(&vec![b'{'; MAX_BODY + 1], target).unwrap_err();
    assert_eq!(refusal.status, 413);
}

#[test]
fn security_decides_who_may_call() {
    let cases = [
        (json!({}), ("NONE", false), "nothing said"),
        (json!({ "security": [] }), ("NONE", false), "openly nothing"),
        (
            json!({ "security": [{ "key": [] }] }),
            ("NONE", true),
            "an API key, whatever the header's case",
        ),
        (
            json!({ "security": [{ "iam": [] }] }),
            ("AWS_IAM", false),
            "a signature",
        ),
        (
            json!({ "security": [{ "iam": [], "key": [] }] }),
            ("AWS_IAM", true),
            "both",
        ),
        (
            json!({ "security": [{ "pool": ["a/b"] }] }),
            ("COGNITO_USER_POOLS", false),
            "an authorizer",
        ),
        (
            json!({ "x-amazon-apigateway-auth": { "type": "AWS_IAM" } }),
            ("AWS_IAM", false),
            "the extension",
        ),
        (
            json!({ "security": [{ "iam": [] }], "x-amazon-apigateway-auth": { "type": "NONE" } }),
            ("NONE", false),
            "the extension wins",
        ),
    ];
    for (more, expected, reason) in cases {
        let method = method(operation(more));
        assert_eq!(
            (method.authorization_type.as_str(), method.api_key_required),
            expected,
            "{reason}"
        );
    }
    let scoped = method(operation(json!({ "security": [{ "pool": ["a/b"] }] })));
    assert_eq!(scoped.authorization_scopes, ["a/b"]);
    assert!(scoped.authorizer_id.is_some());
}

#[test]
fn the_documents_security_holds_for_operations_without_their_own() {
    let mut document =
        document(json!({ "/x": get(), "/y": { "get": operation(json!({ "security": [] })) } }));
    document["security"] = json!([{ "iam": [] }]);
    let imported = run(&document).unwrap();
    let types: Vec<_> = imported
        .definition
        .methods()
        .map(|(at, method)| (at.path.as_str(), method.authorization_type.as_str()))
        .collect();
    assert!(
        types.contains(&("/x", "AWS_IAM")) && types.contains(&("/y", "NONE")),
        "{types:?}"
    );
}

#[test]
fn an_unknown_security_scheme_fails_instead_of_opening_the_method() {
    let refusal = refusal(operation(json!({ "security": [{ "typo": [] }] })));
    assert!(
        refusal.contains("Invalid security definition 'typo' specified"),
        "{refusal}"
    );
}

#[test]
fn parameters_of_path_and_operation_are_declared() {
    let item = json!({
        "parameters": [{ "name": "id", "in": "path", "required": true }, { "$ref": "#/components/parameters/Lang" }],
        "get": operation(json!({ "parameters": [{ "name": "q", "in": "query", "required": true }, { "name": "c", "in": "cookie" }] })),
    });
    let mut document = document(json!({ "/x/{id}": item }));
    document["components"]["parameters"] =
        json!({ "Lang": { "name": "accept-language", "in": "header" } });
    let imported = run(&document).unwrap();
    let method = imported.definition.methods().next().unwrap().1;
    let declared: Vec<_> = method
        .request_parameters
        .iter()
        .map(|(name, required)| (name.as_str(), *required))
        .collect();
    let expected = [
        ("method.request.header.accept-language", false),
        ("method.request.path.id", true),
        ("method.request.querystring.q", true),
    ];
    assert_eq!(declared, expected);
    assert_eq!(
        imported.warnings,
        ["Ignoring unsupported parameter 'c' in 'cookie' of method 'GET /x/{id}'"]
    );
}

#[test]
fn a_parameter_name_that_the_service_does_not_take_is_refused() {
    let refusal = refusal(operation(
        json!({ "parameters": [{ "name": "page[size]", "in": "query" }] }),
    ));
    assert_eq!(
        refusal,
        "Errors found during import:\n\tUnable to put method 'GET' on resource at path '/x': Invalid mapping expression \
         specified: Validation Result: warnings : [], errors : [Parameter name should match the following regular \
         expression: ^[a-zA-Z0-9._$-]+$]"
    );
}

#[test]
fn what_the_document_leaves_out_is_a_warning() {
    let path = document(json!({ "/x/{id}": get() }));
    let expected = "Parse issue: paths.'/x/{id}'. Declared path parameter id needs to be defined as a path parameter in path or operation level";
    assert_eq!(run(&path).unwrap().warnings, [expected]);
    let mut without = operation(json!({}));
    without.as_object_mut().unwrap().remove("responses");
    let responses = document(json!({ "/x": { "get": without } }));
    assert_eq!(
        run(&responses).unwrap().warnings,
        ["Parse issue: attribute paths.'/x'(get).responses is missing"]
    );
}

#[test]
fn an_any_method_and_extensions_beside_methods_are_told_apart() {
    let item = json!({ "x-amazon-apigateway-any-method": operation(json!({})), "summary": "s", "x-own": {} });
    let imported = run(&document(json!({ "/x": item }))).unwrap();
    let methods: Vec<_> = imported
        .definition
        .methods()
        .map(|(_, method)| method.http_method.as_str())
        .collect();
    assert_eq!(methods, ["ANY"]);
}

#[test]
fn models_refer_to_models_of_the_api() {
    let mut document = document(json!({ "/x": { "post": operation(json!({
        "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Order" } } } },
    })) } }));
    document["components"]["schemas"] = json!({
        "Order": { "type": "object", "properties": { "item": { "$ref": "#/components/schemas/Item" } } },
        "Item": { "type": "string" },
        "not-alphanumeric": { "type": "string" },
    });
    let imported = run(&document).unwrap();
    let order = &imported.definition.models["Order"].schema;
    assert!(
        order.contains("https://apigateway.amazonaws.com/restapis/api/models/Item"),
        "{order}"
    );
    assert_eq!(imported.warnings.len(), 1, "{:?}", imported.warnings);
    let method = imported.definition.methods().next().unwrap().1;
    assert_eq!(method.request_models["application/json"], "Order");
}

#[test]
fn settings_that_a_document_does_not_state_have_their_defaults() {
    let mut stated = document(json!({}));
    stated["x-amazon-apigateway-binary-media-types"] = json!(["image/png"]);
    stated["x-amazon-apigateway-minimum-compression-size"] = json!(0);
    stated["x-amazon-apigateway-api-key-source"] = json!("AUTHORIZER");
    stated["servers"] = json!([{ "url": "/", "x-amazon-apigateway-endpoint-configuration": { "disableExecuteApiEndpoint": true } }]);
    let imported = run(&stated).unwrap().settings;
    assert_eq!(
        (
            imported.minimum_compression_size,
            imported.api_key_source.as_str()
        ),
        (Some(0), "AUTHORIZER")
    );
    assert!(imported.disable_execute_api_endpoint);
    assert_eq!(
        run(&document(json!({}))).unwrap().settings,
        Settings::default()
    );
    let merged = merge_settings(imported.clone(), &[], &Settings::default());
    assert_eq!(
        merged, imported,
        "a merge keeps what the document does not speak of"
    );
}

#[test]
fn all_errors_are_listed_with_the_warnings_below() {
    let bad = |uri: &str| json!({ "get": integration(json!({ "uri": uri })) });
    let refusal = run(&document(
        json!({ "/a": bad("x"), "/b": bad("y"), "/c/{d}": get() }),
    ))
    .unwrap_err();
    assert_eq!(
        refusal
            .matches("\n\tUnable to put integration on 'GET'")
            .count(),
        2,
        "{refusal}"
    );
    assert!(
        refusal.contains("\nAdditionally, these warnings were found:\n\tParse issue"),
        "{refusal}"
    );
}

#[test]
fn a_model_that_is_not_there_is_left_out_with_a_warning() {
    let schema = json!({ "schema": { "$ref": "#/components/schemas/Gone" } });
    let body = json!({ "requestBody": { "content": { "application/json": schema } } });
    let imported = run(&document(json!({ "/x": { "post": operation(body) } }))).unwrap();
    assert_eq!(
        imported.warnings,
        ["Reference to model 'Gone' not found. Ignoring."]
    );
}
