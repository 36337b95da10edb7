//! Every field is written, changed, spoiled, taken out and put back, as Acto does it (Gu et al., SOSP 2023). After each step the world is that of
//! somebody who wrote the last spec at once, or, where an edit is refused, what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::account::{self, differences};
use crate::admission::ADMISSION;
use crate::fields::{self, Expect, Plan, plans, put, take};
use crate::schema::{FIELDS, Field};
use crate::shop::{self, Shop};
use crate::threads::alone;
use crate::world::{POLL, World};

#[test]
fn every_field_of_the_spec_has_a_plan() {
    let planned: BTreeSet<&str> = plans().iter().map(|plan| plan.path).collect();
    let missing: Vec<&str> = FIELDS
        .iter()
        .map(|field| field.path.as_str())
        .filter(|path| !planned.contains(path))
        .collect();
    assert!(
        missing.is_empty(),
        "add to tests/fuzz/fields what a user may write to these fields and what becomes of it: {missing:#?}"
    );
    let gone: Vec<_> = planned
        .iter()
        .filter(|path| !FIELDS.iter().any(|field| field.path == **path))
        .collect();
    assert!(gone.is_empty(), "no such field: {gone:#?}");
}

macro_rules! edits_of {
    ($($name:ident: $part:expr;)+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            carry_out($part).await;
        })+
    };
}

edits_of! {
    edits_of_the_api_end_where_writing_it_at_once_does: fields::api();
    edits_of_an_adoption_end_where_writing_it_at_once_does: fields::adoption();
    edits_of_bindings_end_where_writing_them_at_once_does: fields::bindings();
    edits_of_the_cache_end_where_writing_it_at_once_does: fields::cache();
    edits_of_credentials_end_where_writing_them_at_once_does: fields::credentials();
    edits_of_policies_end_where_writing_them_at_once_does: fields::policies();
    edits_of_routes_end_where_writing_them_at_once_does: fields::routes();
    edits_of_back_ends_end_where_writing_them_at_once_does: fields::back_ends();
    edits_of_parameters_end_where_writing_them_at_once_does: fields::parameters();
}

/// Carries out all of them, and then says what went wrong.
async fn carry_out(plans: Vec<Plan>) {
    let mut problems = Vec::new();
    for plan in plans {
        let mut run = Run::of(plan).await;
        if let Err(problem) = run.carry_out().await {
            problems.push(format!("{}: {problem}", run.plan.at));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// An object at the API server and in a shop, and what is done to one of its fields.
struct Run {
    plan: Plan,
    field: Field,
    /// As the API server has it.
    stored: Value,
    shop: Shop,
}

impl Run {
    async fn of(plan: Plan) -> Self {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let field = FIELDS.iter().find(|field| field.path == plan.path);
        let mut object = shop::object();
        (plan.on)(&mut object["spec"]);
        let name = format!("edited-{}", RUNS.fetch_add(1, Ordering::Relaxed));
        object["metadata"] = json!({"name": name, "namespace": "default"});
        let stored = ADMISSION
            .create(&object)
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", plan.path));
        Self {
            shop: Shop::with(&of_spec(&stored["spec"])).await,
            field: field.unwrap().clone(),
            plan,
            stored,
        }
    }

    async fn carry_out(&mut self) -> Result<(), String> {
        let first = self.stored["spec"].clone();
        self.spoil()?;
        let edits = std::mem::take(&mut self.plan.edits);
        for (number, (edit, expect)) in edits.iter().enumerate() {
            let mut spec = self.stored["spec"].clone();
            edit(&mut spec);
            self.write(&format!("edit {number}"), spec, *expect).await?;
        }
        let mut without = self.stored["spec"].clone();
        take(&mut without, &self.plan.at);
        let expect = self.plan.removal.unwrap_or(if self.field.required {
            Expect::Refused("Required value")
        } else {
            Expect::Done
        });
        self.write("removal", without, expect).await?;
        if self.plan.returns {
            self.write("return", first.clone(), Expect::Done).await?;
        }
        if self.plan.deletes {
            for (edit, _) in edits {
                let mut spec = first.clone();
                edit(&mut spec);
                let left = [deleted(&first, &spec).await, deleted(&spec, &spec).await];
                alike(&left[0], &left[1]).map_err(|other| format!("deletion: {other}"))?;
            }
        }
        Ok(())
    }

    /// What the schema alone refuses: nothing of it is stored, and the refusal names the field.
    fn spoil(&self) -> Result<(), String> {
        for value in outside(&self.field.schema) {
            let mut spoiled = self.stored.clone();
            put(&mut spoiled["spec"], &self.plan.at, value.clone());
            match ADMISSION.try_replace(&spoiled) {
                Err(refusal) if refusal.contains(&self.plan.at) => {}
                answer => return Err(format!("{value}: {answer:?}")),
            }
        }
        Ok(())
    }

    /// The user writes `spec`.
    async fn write(&mut self, what: &str, spec: Value, expect: Expect) -> Result<(), String> {
        let mut wanted = self.stored.clone();
        wanted["spec"] = spec;
        let stored = match (expect, ADMISSION.replace(&wanted)) {
            (Expect::Refused(text), Err(refusal)) if refusal.contains(text) => return Ok(()),
            (Expect::Refused(text), verdict) => {
                return Err(format!("{what}: not refused with {text:?}: {verdict:?}"));
            }
            (_, Err(refusal)) => return Err(format!("{what}: {refusal}")),
            (_, Ok(stored)) => stored,
        };
        let before = of_account(&self.shop.world);
        self.shop.world.wire.plan(Vec::new());
        self.stored = stored;
        self.shop.write(&self.stored["spec"]).await;
        let judged = self.judge(expect, &before).await;
        let writes = self.shop.world.wire.writes();
        judged.map_err(|problem| format!("{what}: {problem}; written: {writes:#?}"))
    }

    async fn judge(&self, expect: Expect, before: &Value) -> Result<(), String> {
        let world = &self.shop.world;
        let ready = world.condition("Ready");
        match expect {
            Expect::Done if !world.is_ready() => return Err(format!("{ready:#}")),
            Expect::Done => return ends_like(&self.shop, &at_once(&self.stored["spec"])).await,
            Expect::Mistaken(text) => {
                let said = ready["message"].to_string();
                if ready["status"] == "True" || !said.contains(text) {
                    return Err(format!("{text:?} is not said: {ready:#}"));
                }
            }
            Expect::Refused(_) | Expect::Kept => {}
        }
        alike(&of_account(world), before)
    }
}

/// What is left of an object that is edited from one spec to the other before it is deleted.
async fn deleted(from: &Value, to: &Value) -> Value {
    let shop = Shop::with(&of_spec(from)).await;
    shop.write(to).await;
    shop.world.delete().await;
    shop.world.until(World::is_gone).await;
    account::of(&shop.world)
}

/// Whether what there is becomes `known`: what leaves may have a grace.
pub async fn ends_like(shop: &Shop, known: &Value) -> Result<(), String> {
    let mut found = alike(&account::of(&shop.world), known);
    for _ in 0..36 {
        if found.is_ok() {
            break;
        }
        sleep(POLL).await;
        found = alike(&account::of(&shop.world), known);
    }
    found
}

/// Says in what they differ.
fn alike(one: &Value, other: &Value) -> Result<(), String> {
    let other = differences(one, other);
    if other.is_empty() {
        Ok(())
    } else {
        Err(format!("{other:#?}"))
    }
}

/// The account without what the object's status says.
fn of_account(world: &World) -> Value {
    let mut account = account::of(world);
    account["status"].take();
    account
}

fn of_spec(spec: &Value) -> Value {
    let mut object = shop::object();
    object["spec"] = spec.clone();
    object
}

/// What somebody has who writes `spec` at once. It takes place in a thread of its own, whose clock is nobody else's.
pub fn at_once(spec: &Value) -> Value {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Value>>> = LazyLock::new(Mutex::default);
    let key = spec.to_string();
    if let Some(known) = KNOWN.lock().unwrap().get(&key) {
        return known.clone();
    }
    let object = of_spec(spec);
    let fresh = alone(0, || async {
        account::of(&Shop::with(&object).await.world)
    });
    KNOWN.lock().unwrap().insert(key, fresh.clone());
    fresh
}

/// Values that the schema does not let through.
fn outside(schema: &Value) -> Vec<Value> {
    let long =
        |length: &Value| json!("a".repeat(usize::try_from(length.as_u64().unwrap()).unwrap() + 1));
    match schema["type"].as_str().unwrap() {
        "string" => {
            let mut outside = vec![json!(1), json!({}), json!([])];
            outside.extend(
                schema["maxLength"]
                    .as_u64()
                    .map(|_| long(&schema["maxLength"])),
            );
            if schema["pattern"].is_string() || schema["enum"].is_array() {
                outside.extend(["\u{202e}x", "${stageVariables.x}"].map(Value::from));
            }
            outside
        }
        "integer" => {
            let bound = |name: &str| schema[name].as_f64().unwrap();
            vec![
                json!("1"),
                json!(true),
                json!(1.5),
                json!(bound("minimum") - 1.0),
                json!(bound("maximum") + 1.0),
                json!(u64::MAX),
            ]
        }
        "boolean" => vec![json!("true"), json!(1)],
        "array" => vec![json!("x"), json!({})],
        _ => vec![json!("x"), json!([]), json!(1)],
    }
}
