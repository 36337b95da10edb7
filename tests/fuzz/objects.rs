//! What is made from the schema is accepted and rendered, or refused by the name of a field; a text in it stays a text.

use bytes::Bytes;
use cachedapi_operator::api::CachedApiSpec;
use cachedapi_operator::model::{Cluster, Desired, Identity, validate};
use http::{Request, Response};
use local_aws::{Config, LocalAws};
use serde_json::Value;

use crate::admission::ADMISSION;
use crate::document::{differences, injections, unreachable};
use crate::generate::Generator;
use crate::schema::FIELDS;
use crate::seeds::each_seed;
use crate::threads::alone;
use crate::world::{ACCOUNT, NAME, NAMESPACE, REGION, signed};

/// What the model makes of a spec: what is desired, or nothing when it refuses it by the names of fields.
pub fn understand(spec: &CachedApiSpec) -> Result<Option<Desired>, String> {
    let identity = Identity {
        namespace: NAMESPACE.into(),
        name: NAME.into(),
        uid: "164bf29b-5d2c-4f06-9a56-1f0d0a6f6f6f".parse().unwrap(),
        cluster: Cluster {
            id: "test".into(),
            operator_version: "0.0.0".into(),
        },
    };
    let violations = match validate(identity, spec) {
        Ok(desired) => return Ok(Some(desired)),
        Err(violations) => violations,
    };
    let is_field = |field: &str| FIELDS.iter().any(|known| known.path == generic(field));
    let unclear = violations
        .iter()
        .find(|violation| violation.problem.is_empty() || !is_field(&violation.field));
    match unclear {
        None if violations.is_empty() => Err("refused without a word".into()),
        None => Ok(None),
        Some(violation) => Err(format!("no field is called so: {violation}")),
    }
}

/// `spec.routes[3].path` as the schema has it: `spec.routes[].path`.
fn generic(path: &str) -> String {
    let mut parts = path.split('[');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |path, part| {
        let (index, rest) = part.split_once(']').unwrap_or((part, ""));
        let is_index = index.parse::<usize>().is_ok();
        let item = if is_index { "[]" } else { "{}" };
        format!("{path}{item}{rest}")
    })
}

/// Where something of the user's is more than a text, beside the document.
fn more_than_texts(desired: &Desired) -> Vec<String> {
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

/// What an API is after `document` was imported without a warning.
async fn import(document: &str) -> Result<Value, String> {
    let aws = LocalAws::new(Config::default()).unwrap();
    let send = async |method: &str, path: &str, body: &str| {
        let request = signed("apigateway").method(method).uri(path);
        let request: Request<Bytes> = request.body(body.to_owned().into()).unwrap();
        let response: Response<Bytes> = aws.handle(request).await;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let done = response.status().is_success();
        if done { Ok(text) } else { Err(text) }
    };
    let api = send("POST", "/restapis", r#"{"name": "generated"}"#).await?;
    let api: Value = serde_json::from_str(&api).unwrap();
    let id = api["id"].as_str().unwrap();
    let path = format!("/restapis/{id}?mode=overwrite&failonwarnings=true");
    send("PUT", &path, document).await?;
    let world = aws.with_world(|world, _| serde_json::to_value(world).unwrap());
    let place = &world["accounts"][ACCOUNT][REGION];
    Ok(place["apigateway"]["apis"][id]["definition"].clone())
}

/// What became of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The API server refused it.
    Refused,
    /// The operator says what is wrong with it.
    Invalid,
    Rendered,
}

fn judge(spec: &Value) -> Result<Fate, String> {
    let stored = match ADMISSION.try_create("generated", spec) {
        Ok(stored) => stored["spec"].clone(),
        Err(refusal) if refusal.contains("spec") => return Ok(Fate::Refused),
        Err(refusal) => return Err(format!("no field is named: {refusal}")),
    };
    let read: CachedApiSpec = serde_json::from_value(stored.clone())
        .map_err(|error| format!("it is accepted and cannot be read: {error}"))?;
    let again = serde_json::to_value(&read).unwrap();
    if again != stored {
        return Err(format!("it is read as something else: {stored} {again}"));
    }
    let Some(desired) = understand(&read)? else {
        return Ok(Fate::Invalid);
    };
    let body = &desired.gateway.document.body;
    let document = serde_json::from_str(body).map_err(|error| format!("no JSON: {error}"))?;
    let definition = alone(0, || import(body))?;
    let found = [
        differences(&read, &definition),
        injections(&document),
        more_than_texts(&desired),
        unreachable(&read),
    ];
    let found = found.concat();
    if found.is_empty() {
        Ok(Fate::Rendered)
    } else {
        Err(found.join("; "))
    }
}

#[test]
fn what_the_api_server_accepts_is_rendered_or_refused_by_the_name_of_a_field() {
    let fates = each_seed(0..400, |seed| judge(&Generator::new(seed).spec()));
    let count = |fate| fates.iter().filter(|one| **one == fate).count();
    let (refused, invalid, rendered) = (
        count(Fate::Refused),
        count(Fate::Invalid),
        count(Fate::Rendered),
    );
    let made = fates.len();
    println!(
        "{made} objects made: {refused} refused by the API server, {invalid} by the operator, {rendered} rendered and imported"
    );
    assert!(made < 100 || (refused > made / 10 && invalid > 0 && rendered > made / 10));
}

/// What the API server does not let through may be stored all the same: by one with an older CRD.
#[test]
fn what_was_stored_before_a_rule_was_there_injects_nothing() {
    let understood = each_seed(0..1000, |seed| {
        let spec = Generator::new(seed).spec();
        let Ok(read) = serde_json::from_value::<CachedApiSpec>(spec) else {
            return Ok(false);
        };
        let Some(desired) = understand(&read)? else {
            return Ok(false);
        };
        let document = serde_json::from_str(&desired.gateway.document.body).unwrap();
        let found = [injections(&document), more_than_texts(&desired)].concat();
        if found.is_empty() {
            Ok(true)
        } else {
            Err(found.join("; "))
        }
    });
    let rendered = understood.iter().filter(|understood| **understood).count();
    println!(
        "{} objects that nobody judged: {rendered} rendered",
        understood.len()
    );
    assert!(understood.len() < 100 || rendered > understood.len() / 50);
}
