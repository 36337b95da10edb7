//! Objects that were stored past the CRD's rules: by an older version of the CRD, or while somebody had switched validation off.

use std::time::Duration;

use cachedapi_hack::Result;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::resource::Resource;
use cachedapi_hack::wait::{self, Seen};
use serde_json::{Value, json};

use crate::{SOON, world};

const CRD: &str = "cachedapis.cachedapi.dev";

/// The CRD's schema for the spec, and one that takes anything.
fn lift_validation(kubectl: &Kubectl) -> Result<Value> {
    let crd = kubectl.json(["get", "crd", CRD])?;
    let schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let mut lifted = schema.clone();
    lifted["properties"]["spec"] = anything;
    set_schema(kubectl, &lifted)?;
    Ok(schema)
}

fn set_schema(kubectl: &Kubectl, schema: &Value) -> Result<()> {
    let at = "/spec/versions/0/schema/openAPIV3Schema";
    let patch = json!([{"op": "replace", "path": at, "value": schema}]).to_string();
    kubectl
        .run(["patch", "crd", CRD, "--type=json", "--patch", &patch])
        .map(drop)
}

/// Stores an object that the CRD as it should be refuses, as soon as the API server takes it.
fn store<'a>(environment: &'a Environment, case: &Case) -> Result<Resource<'a>> {
    let mut manifest = environment.example("examples/orders.yaml".as_ref())?;
    manifest["metadata"] = json!({"name": case.name, "namespace": "default"});
    let field = manifest.pointer_mut(case.at).expect("the example has it");
    *field = serde_json::from_str(case.value).expect("JSON");
    wait::until("the API server to take anything", SOON, || {
        Ok(match Resource::apply(environment, &manifest) {
            Ok(object) => Seen::Done(object),
            Err(error) => Seen::NotYet(error.to_string()),
        })
    })
}

/// The messages of the warnings about an object.
fn warnings(kubectl: &Kubectl, name: &str) -> Result<Vec<String>> {
    let selector = format!("involvedObject.name={name},type=Warning");
    let events = kubectl.json(["get", "events", "--field-selector", &selector])?;
    let events = events["items"].as_array().into_iter().flatten();
    Ok(events
        .map(|event| event["message"].as_str().unwrap_or_default().to_owned())
        .collect())
}

struct Case {
    name: &'static str,
    /// Place in the manifest.
    at: &'static str,
    /// JSON to put there.
    value: &'static str,
    /// What the condition says first.
    wrong: &'static str,
}

const CASES: [Case; 5] = [
    Case {
        name: "split",
        at: "/spec/routes/1/parameters/0/from",
        value: r#"{"value": "a\r\nx-admin: yes"}"#,
        wrong: "spec.routes[1].parameters[0].from.value: must not contain quotes, $, line breaks",
    },
    Case {
        name: "expression",
        at: "/spec/routes/1/parameters/0/from",
        value: r#"{"value": "${stageVariables.key}"}"#,
        wrong: "spec.routes[1].parameters[0].from.value: must not contain quotes, $, line breaks",
    },
    Case {
        name: "name",
        at: "/spec/routes/1/parameters/0/header",
        value: r#""x-a\r\nx-admin""#,
        wrong: "spec.routes[1].parameters[0].header: must be made of letters, digits",
    },
    Case {
        name: "shape",
        at: "/spec/routes/2/backend/timeoutMillis",
        value: r#""soon""#,
        wrong: "spec.routes[2].backend.timeoutMillis: invalid type: string \"soon\", expected u32; the operator cannot read the object",
    },
    Case {
        name: "missing",
        at: "/spec/routes/2",
        value: r#"{"name": "x", "method": "GET", "path": "/x", "backend": {"http": {"url": "https://x.example.com/"}}}"#,
        wrong: "spec.routes[2]: missing field `auth`; the operator cannot read the object",
    },
];

/// Sees that the object stalls, with a warning, and that nothing of it reaches AWS.
fn see_stalled(kubectl: &Kubectl, case: &Case, object: &Resource) -> Result<()> {
    let event = format!("Stalled is True: {}", case.wrong);
    wait::until("a warning", SOON, || {
        let warnings = warnings(kubectl, case.name)?;
        let told = warnings.iter().any(|warning| warning.starts_with(&event));
        Ok(if told {
            Seen::Done(())
        } else {
            Seen::NotYet(format!("{warnings:?}"))
        })
    })?;
    assert_eq!(object.owned()?, (vec![], vec![]), "{}", case.name);
    // The API server takes no status of an object on which a rule of the CRD fails to run.
    if case.name != "missing" {
        let (status, message) = object.wait_until_said("Stalled", "InvalidSpec", SOON)?;
        assert!(
            status == "True" && message.starts_with(case.wrong),
            "{}: {message}",
            case.name
        );
    }
    Ok(())
}

#[test]
fn what_admission_would_have_refused_stalls_with_its_field_and_never_reaches_aws() {
    let behaviour = Behaviour {
        delays: "fast",
        quotas: false,
        nodes: true,
        log: "info",
    };
    let target = env!("CARGO_TARGET_TMPDIR").as_ref();
    let environment = Environment::for_tests(target, "bypassed", &behaviour).unwrap();
    let kubectl = environment.kubectl();
    let mut operator = environment.start_operator(&[]).unwrap();
    operator.process().stop().unwrap();
    let schema = lift_validation(kubectl).unwrap();
    let objects = CASES.map(|case| (store(&environment, &case).unwrap(), case));
    set_schema(kubectl, &schema).unwrap();
    operator.crash().unwrap();

    for (object, case) in &objects {
        see_stalled(kubectl, case, object).unwrap();
    }
    // An object that is put right is worked on, and what never was goes without ado.
    let (shape, case) = &objects[3];
    shape
        .patch(&json!([{"op": "replace", "path": case.at, "value": 5000}]))
        .unwrap();
    shape
        .wait_until_ready(Duration::from_mins(2), |_| ())
        .unwrap();
    for (object, _) in &objects {
        object.delete().unwrap();
    }
    world::check_calls_are_allowed(&environment).unwrap();
}
