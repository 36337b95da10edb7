use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::Ids;
use crate::apigateway::import::ResourceTree;

/// A definition with these methods: `GET /a/{b}`.
fn definition(routes: &[&str]) -> Definition {
    let (mut tree, mut ids) = (ResourceTree::rooted("root"), Ids::new("test"));
    for route in routes {
        let (name, path) = route.split_once(' ').unwrap();
        let id = tree.ensure(path, &mut ids).unwrap();
        let method =
            serde_json::from_value(json!({ "httpMethod": name, "authorizationType": "NONE" }))
                .unwrap();
        tree.put_methods(&id, BTreeMap::from([(name.to_owned(), method)]));
    }
    Definition {
        resources: tree.into_resources(true).unwrap(),
        ..Definition::default()
    }
}

/// Method, path, path of the resource that answers, why.
const ROUTED: [(&str, &str, Option<&str>, &str); 13] = [
    ("GET", "/", Some("/"), "the root"),
    ("GET", "/a", Some("/a"), "a fixed name"),
    ("GET", "/a/", Some("/a"), "an ending slash does not matter"),
    (
        "GET",
        "/a/b",
        Some("/a/b"),
        "a fixed name wins over a variable",
    ),
    (
        "POST",
        "/a/b",
        Some("/a/{x}"),
        "the fixed resource lacks the method",
    ),
    (
        "GET",
        "/a/z/c",
        Some("/a/{x}/c"),
        "a variable in the middle",
    ),
    (
        "GET",
        "/a/b/c",
        Some("/a/{x}/c"),
        "back from the fixed branch, which has only PUT there",
    ),
    ("PUT", "/a/b/c", Some("/a/b/c"), "the fixed branch"),
    (
        "DELETE",
        "/a/b/c",
        Some("/a/{x}/{rest+}"),
        "ANY takes every method",
    ),
    (
        "GET",
        "/a/b/d/e",
        Some("/a/{x}/{rest+}"),
        "greedy below a variable",
    ),
    ("GET", "/q/r", Some("/{all+}"), "greedy at the root"),
    ("DELETE", "/q/r", None, "no such method"),
    (
        "POST",
        "/a",
        None,
        "no such method, and greedy has only GET",
    ),
];

#[test]
fn the_most_special_route_that_has_the_method_answers() {
    let routes = [
        "GET /",
        "GET /a",
        "GET /a/b",
        "POST /a/{x}",
        "GET /a/{x}/c",
        "ANY /a/{x}/{rest+}",
        "PUT /a/b/c",
        "GET /{all+}",
    ];
    let definition = definition(&routes);
    for (method, path, expected, reason) in ROUTED {
        let found = route(&definition, method, path).map(|route| route.resource.path.as_str());
        assert_eq!(found, expected, "{reason}: {method} {path}");
    }
}

#[test]
fn variables_have_the_values_as_they_were_sent() {
    let definition = definition(&["GET /o/{id}/{rest+}"]);
    let found = route(&definition, "GET", "/o/a%2Fb/c/d%20e/")
        .unwrap()
        .path_parameters;
    let expected = [("id", "a%2Fb"), ("rest", "c/d%20e")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn a_greedy_variable_needs_a_segment() {
    assert_eq!(route(&definition(&["GET /a/{rest+}"]), "GET", "/a"), None);
}
