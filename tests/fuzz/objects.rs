//! What is made from the schema is accepted and rendered, or refused by the name of a field; a text in it stays a text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use cachedapi_operator::api::CachedApiSpec;
use cachedapi_operator::model::{Cluster, Desired, Identity, validate};
use http::Request;
use local_aws::{Config, LocalAws};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::admission::ADMISSION;
use crate::document::{injections, problems};
use crate::generate::Generator;
use crate::schema::FIELDS;
use crate::shop::{self, Shop};
use crate::world::{NAME, NAMESPACE, signed};

/// How many cases of a kind: `CASES` of the environment, else `few`.
pub fn cases(few: u64) -> u64 {
    std::env::var("CASES").map_or(few, |cases| cases.parse().expect("CASES is a number"))
}

fn object(spec: &Value) -> Value {
    json!({
        "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi",
        "metadata": {"name": "generated", "namespace": "default"}, "spec": spec,
    })
}

fn identity() -> Identity {
    Identity {
        namespace: NAMESPACE.into(),
        name: NAME.into(),
        uid: "164bf29b-5d2c-4f06-9a56-1f0d0a6f6f6f".parse().unwrap(),
        cluster: Cluster {
            id: "test".into(),
            operator_version: "0.0.0".into(),
        },
    }
}

/// What the model makes of a spec: what is desired, or nothing when it refuses it well. Everything else is a problem.
pub fn understand(spec: &CachedApiSpec) -> Result<Option<Desired>, String> {
    let validated = catch_unwind(AssertUnwindSafe(|| validate(identity(), spec)));
    match validated.map_err(|_| "it panics")? {
        Ok(desired) => Ok(Some(desired)),
        Err(violations) => {
            let unknown = violations.iter().find(|violation| {
                let field = generic(&violation.field);
                violation.problem.is_empty() || !FIELDS.iter().any(|known| known.path == field)
            });
            match unknown {
                None if violations.is_empty() => Err("refused without a word".into()),
                None => Ok(None),
                Some(violation) => Err(format!("no field is called so: {violation}")),
            }
        }
    }
}

/// `spec.routes[3].path` as the schema has it: `spec.routes[].path`.
fn generic(path: &str) -> String {
    let mut parts = path.split('[');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |path, part| {
        let (index, rest) = part.split_once(']').unwrap_or((part, ""));
        let item = if index.parse::<usize>().is_ok() {
            "[]"
        } else {
            "{}"
        };
        format!("{path}{item}{rest}")
    })
}

/// What holds of all that is desired, whatever the user wrote.
fn texts_are_texts(desired: &Desired) -> Vec<String> {
    let mut found = Vec::new();
    let uid = desired.identity.uid.simple();
    let own = format!("on ~capi:{uid}:* resetchannels -@all +@read");
    for user in [&desired.cache.user, &desired.cache.iam_user] {
        if !user.access_string.starts_with(&own) || user.access_string.matches('~').count() != 1 {
            found.push(format!("{user:?}"));
        }
    }
    for (name, value) in &desired.gateway.stage.variables {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_value = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
        if !name.chars().all(is_name) || !value.chars().all(is_value) || value.is_empty() {
            found.push(format!("stage variable {name:?} = {value:?}"));
        }
    }
    found
}

/// An API that documents are put over, one after the other.
struct Importer {
    aws: LocalAws,
    id: String,
}

impl Importer {
    async fn new() -> Self {
        let mut importer = Self {
            aws: LocalAws::new(Config::default()).unwrap(),
            id: String::new(),
        };
        let api = importer
            .send("POST", "/restapis", r#"{"name": "generated"}"#)
            .await;
        importer.id = api.unwrap()["id"].as_str().unwrap().to_owned();
        importer
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let request = signed("apigateway").method(method).uri(path);
        let request: Request<Bytes> = request.body(body.to_owned().into()).unwrap();
        let answer = self.aws.handle(request).await;
        if !answer.status().is_success() {
            return Err(String::from_utf8_lossy(answer.body()).into_owned());
        }
        Ok(serde_json::from_slice(answer.body()).unwrap())
    }

    /// Imports without a warning; not too often.
    async fn import(&self, body: &str) -> Result<Value, String> {
        sleep(Duration::from_mins(1)).await;
        let path = format!("/restapis/{}?mode=overwrite&failonwarnings=true", self.id);
        self.send("PUT", &path, body).await
    }
}

/// What became of the cases.
#[derive(Debug, Default)]
struct Tally {
    refused: usize,
    invalid: usize,
    rendered: usize,
}

#[tokio::test(start_paused = true)]
async fn what_the_api_server_accepts_is_rendered_or_refused_by_the_name_of_a_field() {
    let importer = Importer::new().await;
    let (mut tally, mut problems) = (Tally::default(), Vec::new());
    for seed in 0..cases(400) {
        let (spec, _) = Generator::new(seed).spec();
        if let Err(problem) = admit(&importer, &spec, &mut tally).await {
            problems.push(format!("seed {seed}: {problem}"));
        }
    }
    println!("{tally:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(
        tally.rendered > tally.refused / 10 && tally.invalid > 0,
        "{tally:?}"
    );
}

async fn admit(importer: &Importer, spec: &Value, tally: &mut Tally) -> Result<(), String> {
    let stored = match ADMISSION.try_create(&object(spec)) {
        Ok(stored) => stored["spec"].clone(),
        Err(refusal) if refusal.contains("spec") => {
            tally.refused += 1;
            return Ok(());
        }
        Err(refusal) => return Err(format!("no field is named: {refusal}")),
    };
    let read: CachedApiSpec = serde_json::from_value(stored.clone())
        .map_err(|error| format!("it is accepted and cannot be read: {error}"))?;
    let again = serde_json::to_value(&read).unwrap();
    if again != stored {
        return Err(format!("it is read as something else: {stored} {again}"));
    }
    let Some(desired) = understand(&read)? else {
        tally.invalid += 1;
        return Ok(());
    };
    tally.rendered += 1;
    let body = &desired.gateway.document.body;
    let mut found = problems(&read, body);
    found.extend(texts_are_texts(&desired));
    found.extend(importer.import(body).await.err());
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("; "))
    }
}

/// What the API server does not let through may be stored all the same: by one with an older CRD.
#[test]
fn what_was_stored_before_a_rule_was_there_injects_nothing() {
    let (mut understood, mut problems) = (0, Vec::new());
    let seeds = cases(1000);
    for seed in 0..seeds {
        let (spec, _) = Generator::new(seed).spec();
        let Ok(read) = serde_json::from_value::<CachedApiSpec>(spec) else {
            continue;
        };
        match understand(&read) {
            Err(problem) => problems.push(format!("seed {seed}: {problem}")),
            Ok(None) => {}
            Ok(Some(desired)) => {
                understood += 1;
                let document = serde_json::from_str(&desired.gateway.document.body).unwrap();
                let found = injections(&document).into_iter();
                problems.extend(found.map(|problem| format!("seed {seed}: {problem}")));
            }
        }
    }
    println!("{understood} understood");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(understood > seeds / 50, "{understood} of {seeds}");
}

/// The operator lives through what is accepted, and says one thing about it.
#[tokio::test(start_paused = true)]
async fn what_the_api_server_accepts_is_carried_out_or_said_to_be_wrong() {
    let (mut live, mut said) = (0, 0);
    for seed in 0..cases(60) {
        let (mut spec, _) = Generator::new(seed).spec();
        if let Some(fields) = spec.as_object_mut() {
            fields.insert("managementPolicy".into(), "Manage".into());
        }
        let Ok(stored) = ADMISSION.try_create(&object(&spec)) else {
            continue;
        };
        let mut object = shop::object();
        object["spec"] = stored["spec"].clone();
        let read: CachedApiSpec = serde_json::from_value(stored["spec"].clone()).unwrap();
        let valid = validate(identity(), &read).is_ok();
        let shop = Shop::open(&object).await;
        sleep(Duration::from_hours(2)).await;
        assert!(!shop.operator.has_ended(), "seed {seed}");
        let conditions = |type_: &str| shop.world.condition(type_);
        if valid {
            live += 1;
            let api = conditions("ApiReady");
            let reason = api["reason"].as_str().unwrap();
            assert!(
                ["Available", "ReferenceNotFound", "AdoptionRefused"].contains(&reason),
                "seed {seed}: {api:#}"
            );
        } else {
            said += 1;
            assert_eq!(conditions("Ready")["reason"], "InvalidSpec", "seed {seed}");
            assert!(
                shop.world
                    .wire
                    .log()
                    .iter()
                    .all(|call| !call.contains("apigateway:")),
                "seed {seed}"
            );
        }
    }
    println!("{live} live, {said} said to be wrong");
    assert!(live > 0 && said > 0);
}
