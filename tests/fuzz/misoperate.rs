//! Every field is written, changed, spoiled, taken out and put back, as Acto does it (Gu et al., SOSP 2023). After each step the world is that of
//! somebody who wrote the last spec at once, or, where an edit is refused, what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::account::{self, differences};
use crate::admission::ADMISSION;
use crate::fields::{self, Expect, Plan, plans};
use crate::places::{put, take};
use crate::schema::{FIELDS, Field, bound};
use crate::seeds::each_of;
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
        $(#[test]
        fn $name() {
            carry_out($part);
        })+
    };
}

edits_of! {
    edits_of_the_api_end_where_writing_it_at_once_does: fields::api();
    edits_of_an_adoption_end_where_writing_it_at_once_does: fields::adoption();
    edits_of_bindings_end_where_writing_them_at_once_does: fields::bindings();
    edits_of_the_cache_end_where_writing_it_at_once_does: fields::cache();
    edits_of_the_network_end_where_writing_it_at_once_does: fields::network();
    edits_of_credentials_end_where_writing_them_at_once_does: fields::credentials();
    edits_of_policies_end_where_writing_them_at_once_does: fields::policies();
    edits_of_routes_end_where_writing_them_at_once_does: fields::routes();
    edits_of_caching_end_where_writing_it_at_once_does: fields::caching();
    edits_of_back_ends_end_where_writing_them_at_once_does: fields::back_ends();
    edits_of_parameters_end_where_writing_them_at_once_does: fields::parameters();
    edits_of_sources_end_where_writing_them_at_once_does: fields::sources();
}

fn carry_out(plans: Vec<Plan>) {
    let named = plans.into_iter().map(|plan| (plan.at.clone(), plan));
    let edits = each_of(named, |plan| {
        alone(0, || async { Run::of(plan).await.carry_out().await })
    });
    println!(
        "{} fields, {} edits",
        edits.len(),
        edits.iter().sum::<usize>()
    );
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
        let mut spec = shop::spec();
        (plan.on)(&mut spec);
        let name = format!("edited-{}", RUNS.fetch_add(1, Ordering::Relaxed));
        let stored = ADMISSION
            .create(&name, &spec)
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", plan.path));
        Self {
            shop: Shop::kept(&stored["spec"]).await,
            field: field.unwrap().clone(),
            plan,
            stored,
        }
    }

    /// Carries all of it out; gives the number of edits.
    async fn carry_out(&mut self) -> Result<usize, String> {
        let first = self.stored["spec"].clone();
        let spoiled = self.spoil()?;
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
            for (edit, _) in &edits {
                let mut spec = first.clone();
                edit(&mut spec);
                let left = [deleted(&first, &spec).await, deleted(&spec, &spec).await];
                alike(&left[0], &left[1], "").map_err(|other| format!("deletion: {other}"))?;
            }
        }
        Ok(spoiled + edits.len() + 1 + usize::from(self.plan.returns))
    }

    /// What the schema alone refuses: nothing of it is stored, and the refusal names the field. How many values that are.
    fn spoil(&self) -> Result<usize, String> {
        let values = outside(&self.field.schema);
        for value in &values {
            let mut spoiled = self.stored.clone();
            put(&mut spoiled["spec"], &self.plan.at, value.clone());
            match ADMISSION.try_replace(&spoiled) {
                Err(refusal) if refusal.contains(&self.plan.at) => {}
                answer => return Err(format!("{value}: {answer:?}")),
            }
        }
        Ok(values.len())
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
        let world = &self.shop.world;
        let (spec, before) = (self.stored["spec"].clone(), account::of(world));
        world.wire.plan(Vec::new());
        self.stored = stored;
        self.shop.write(&self.stored["spec"]).await;
        let judged = match expect {
            Expect::Done => self.is_done("").await,
            Expect::DoneBut(other) => self.is_done(other).await,
            Expect::Mistaken(text) => self.says(text).and_then(|()| self.is_as(&spec, before)),
            Expect::Refused(_) | Expect::Kept => self.is_as(&spec, before),
        };
        let writes = self.shop.world.wire.writes();
        judged.map_err(|problem| format!("{what}: {problem}; written: {writes:#?}"))
    }

    async fn is_done(&self, but: &str) -> Result<(), String> {
        if !self.shop.world.is_ready() {
            return Err(format!("{:#}", self.shop.world.condition("Ready")));
        }
        ends_like(&self.shop, &at_once(&self.stored["spec"]), but).await
    }

    /// Nothing has changed since the object had this spec.
    fn is_as(&self, spec: &Value, before: Value) -> Result<(), String> {
        let now = account::seen_from(spec, &self.shop.world);
        alike(&now, &account::without_status(before), "")
    }

    fn says(&self, text: &str) -> Result<(), String> {
        let ready = self.shop.world.condition("Ready");
        let said = ready["message"].to_string();
        if ready["status"] == "True" || !said.contains(text) {
            return Err(format!("{text:?} is not said: {ready:#}"));
        }
        Ok(())
    }
}

/// What is left of an object that is edited from one spec to the other before it is deleted.
async fn deleted(from: &Value, to: &Value) -> Value {
    let shop = Shop::kept(from).await;
    shop.write(to).await;
    shop.world.delete().await;
    shop.world.until(World::is_gone).await;
    account::of(&shop.world)
}

/// Whether what there is becomes `known`, but for what has `but` in it: what leaves may have a grace.
pub async fn ends_like(shop: &Shop, known: &Value, but: &str) -> Result<(), String> {
    let mut found = alike(&account::of(&shop.world), known, but);
    for _ in 0..36 {
        if found.is_ok() {
            break;
        }
        sleep(POLL).await;
        found = alike(&account::of(&shop.world), known, but);
    }
    found
}

/// Says in what they differ that does not have `but` in it.
fn alike(one: &Value, other: &Value, but: &str) -> Result<(), String> {
    let mut found = differences(one, other);
    found.retain(|text| but.is_empty() || !text.contains(but));
    if found.is_empty() {
        Ok(())
    } else {
        Err(format!("{found:#?}"))
    }
}

/// What somebody has who writes `spec` at once. It takes place in a thread of its own, whose clock is nobody else's.
pub fn at_once(spec: &Value) -> Value {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Value>>> = LazyLock::new(Mutex::default);
    let key = spec.to_string();
    if let Some(known) = KNOWN.lock().unwrap().get(&key) {
        return known.clone();
    }
    let fresh = alone(0, || async {
        account::of(&Shop::settled(spec).await.world)
    });
    KNOWN.lock().unwrap().insert(key, fresh.clone());
    fresh
}

/// Values that the schema does not let through.
fn outside(schema: &Value) -> Vec<Value> {
    match schema["type"].as_str().unwrap() {
        "string" => {
            let mut outside = vec![json!(1), json!({}), json!([])];
            if let Some(longest) = schema["maxLength"].as_u64() {
                let longest = usize::try_from(longest).unwrap();
                outside.push("a".repeat(longest + 1).into());
            }
            if schema["pattern"].is_string() || schema["enum"].is_array() {
                outside.extend(["\u{202e}x", "${stageVariables.x}"].map(Value::from));
            }
            outside
        }
        "integer" => vec![
            json!("1"),
            json!(true),
            json!(1.5),
            json!(bound(schema, "minimum") - 1),
            json!(bound(schema, "maximum") + 1),
            json!(u64::MAX),
        ],
        "boolean" => vec![json!("true"), json!(1)],
        "array" => vec![json!("x"), json!({})],
        _ => vec![json!("x"), json!([]), json!(1)],
    }
}
