//! The operator's rights are what it uses: the API server's audit log of a working operator against the chart's rules.

use std::collections::BTreeSet;
use std::time::Duration;

use cachedapi_hack::Result;
use cachedapi_hack::control_plane::AUDIT_LOG;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::resource::Resource;
use cachedapi_hack::wait::{self, Seen};
use serde_json::{Value, json};

use super::helm::render;
use super::render::operators_rules;

const NAMESPACE: &str = "rights";
const DEADLINE: Duration = Duration::from_mins(2);

/// `verb group/resource`, the resource with its subresource.
pub type Rights = BTreeSet<String>;

#[test]
fn every_right_of_the_operator_is_used_and_none_is_missing() {
    let behaviour = Behaviour {
        delays: "zero",
        quotas: false,
        nodes: true,
        log: "info",
    };
    let environment =
        Environment::for_tests(env!("CARGO_TARGET_TMPDIR").as_ref(), "rights", &behaviour).unwrap();
    let mut operator = environment
        .start_operator(&["quotaShare=1", "orphans.sweepInterval=1m"].map(str::to_owned))
        .unwrap();
    live(&environment).unwrap();
    operator.process().stop().unwrap();

    let (used, refused) = asked(&audit_log(&environment));
    assert_eq!(refused, Rights::new(), "the chart grants too little");
    assert_eq!(granted(), used, "the chart grants what is not used");
}

/// Whatever makes the operator use a right: an object comes, changes, is disturbed and goes.
fn live(environment: &Environment) -> Result<()> {
    let kubectl = environment.kubectl();
    kubectl.run(["create", "namespace", NAMESPACE])?;
    let mut manifest = environment.example("examples/orders.yaml".as_ref())?;
    manifest["metadata"]["namespace"] = NAMESPACE.into();
    let object = Resource::apply(environment, &manifest)?;
    object.wait_until_ready(DEADLINE, |_| ())?;

    // A Secret that is changed by hand is put right.
    kubectl.run([
        "patch",
        "secret",
        "orders-cache",
        "--namespace",
        NAMESPACE,
        "--patch",
        r#"{"data": {"host": "ZWxzZXdoZXJl"}}"#,
    ])?;
    kubectl.run([
        "annotate",
        "cachedapi",
        "orders",
        "--namespace",
        NAMESPACE,
        "cachedapi.dev/reconcile-requested-at=now",
    ])?;
    until_used(environment, "patch /secrets", |_| Ok(()))?;
    let disturb = |turn| disturb(environment, &object, turn);
    until_used(environment, "patch events.k8s.io/events", disturb)?;
    until_used(environment, "get cachedapi.dev/cachedapis", disturb)?;
    roll(environment, &object)?;
    name_an_account(environment, &manifest)?;
    // A Secret that leaves the spec is deleted.
    object.patch(&json!([{"op": "remove", "path": "/spec/bindings"}]))?;
    until_used(environment, "delete /secrets", |_| Ok(()))?;
    // It sweeps a minute after it began to work.
    until_used(environment, "list cachedapi.dev/awsaccounts", |_| Ok(()))?;
    object.delete()
}

/// An event that comes again is counted, and a status that meets a changed object is compared with it.
pub fn disturb(environment: &Environment, object: &Resource, turn: usize) -> Result<()> {
    object.patch(&json!([{"op": "replace", "path": "/spec/routes/0/path", "value": format!("/v{turn}/{{id}}")}]))?;
    let metadata = object.get()?["metadata"].clone();
    let name = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
    for label in 0..5 {
        let label = format!("turn={turn}-{label}");
        let label = [
            "label",
            "cachedapi",
            &name("name"),
            "--overwrite",
            "--namespace",
            &name("namespace"),
            &label,
        ];
        environment.kubectl().run(label)?;
    }
    Ok(())
}

/// An account that an object names is looked for.
fn name_an_account(environment: &Environment, manifest: &Value) -> Result<()> {
    let mut manifest = manifest.clone();
    manifest["metadata"]["name"] = "elsewhere".into();
    manifest["spec"]["accountRef"] = json!({"name": "theirs"});
    let object = Resource::apply(environment, &manifest)?;
    until_used(environment, "get cachedapi.dev/awsaccounts", |_| Ok(()))?;
    object.patch(&json!([{"op": "remove", "path": "/spec/accountRef"}]))?;
    object.delete()
}

/// Workloads that the spec names are rolled.
fn roll(environment: &Environment, object: &Resource) -> Result<()> {
    for (kind, key) in [("Deployment", "deployment"), ("StatefulSet", "statefulSet")] {
        let manifest = workload(kind, NAMESPACE);
        environment.kubectl().apply(&manifest.to_string())?;
        object.patch(
            &json!([{"op": "add", "path": "/spec/bindings/-", "value": {key: {"name": "orders"}}}]),
        )?;
        let right = format!("patch apps/{}s", kind.to_lowercase());
        until_used(environment, &right, |_| Ok(()))?;
    }
    Ok(())
}

/// A Deployment or a `StatefulSet` named `orders`.
pub fn workload(kind: &str, namespace: &str) -> Value {
    let labels = json!({"app": "orders"});
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "orders", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "orders", "image": "orders"}]},
        }},
    })
}

/// Does `disturb` again and again until the operator has used `right`.
fn until_used(
    environment: &Environment,
    right: &str,
    disturb: impl Fn(usize) -> Result<()>,
) -> Result<()> {
    let mut turn = 0;
    wait::until(
        &format!("the operator to use the right: {right}"),
        DEADLINE,
        || {
            if asked(&audit_log(environment)).0.contains(right) {
                return Ok(Seen::Done(()));
            }
            turn += 1;
            disturb(turn)?;
            Ok(Seen::NotYet("not yet".to_owned()))
        },
    )
}

/// What the API server noted of the operator's requests until now.
pub fn audit_log(environment: &Environment) -> String {
    std::fs::read_to_string(environment.folder().join("state").join(AUDIT_LOG)).unwrap()
}

/// What the operator asked for and got, by this part of the audit log, and what it asked for and was refused.
pub fn asked(log: &str) -> (Rights, Rights) {
    let entries = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let on_objects: Vec<Value> = entries
        .filter(|entry| entry["objectRef"].is_object())
        .collect();
    let of_code = |is_wanted: fn(&Value) -> bool| {
        on_objects
            .iter()
            .filter(|entry| is_wanted(&entry["responseStatus"]["code"]))
            .map(right)
            .collect()
    };
    (of_code(|code| *code != 403), of_code(|code| *code == 403))
}

fn right(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &entry["objectRef"];
    let subresource = object["subresource"]
        .as_str()
        .map(|name| format!("/{name}"))
        .unwrap_or_default();
    format!(
        "{} {}/{}{subresource}",
        text(&entry["verb"]),
        text(&object["apiGroup"]),
        text(&object["resource"])
    )
}

/// What the chart's rules say.
fn granted() -> Rights {
    rights_of(&operators_rules(&render(&[])))
}

/// What `rules` say.
pub fn rights_of(rules: &[Value]) -> Rights {
    let words = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let mut granted = Rights::new();
    for rule in rules {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                granted.extend(
                    words(&rule["verbs"])
                        .iter()
                        .map(|verb| format!("{verb} {group}/{resource}")),
                );
            }
        }
    }
    granted
}
