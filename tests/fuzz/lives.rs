//! The operator lives through what is accepted: it carries it out, or says what is wrong with it.

use std::time::Duration;

use cachedapi_operator::api::CachedApiSpec;
use serde_json::Value;
use tokio::time::sleep;

use crate::admission::ADMISSION;
use crate::generate::Generator;
use crate::objects::understand;
use crate::seeds::each_seed;
use crate::shop::Shop;
use crate::threads::alone;

/// What stands in the way of an API that is rendered: the function that a route names is not there, or the API that is to be adopted.
const IN_THE_WAY: [&str; 2] = ["ReferenceNotFound", "AdoptionRefused"];

/// Whether an object with `spec` was carried out.
async fn live(spec: &Value) -> Result<bool, String> {
    let read: CachedApiSpec = serde_json::from_value(spec.clone()).unwrap();
    let is_valid = understand(&read)?.is_some();
    let shop = Shop::open(spec).await;
    sleep(Duration::from_hours(2)).await;
    if shop.operator.has_ended() {
        return Err("the operator has ended".into());
    }
    let api = shop.world.condition("ApiReady");
    let ready = shop.world.condition("Ready");
    let reason = api["reason"].as_str().unwrap_or_default();
    let called = shop
        .world
        .wire
        .log()
        .iter()
        .any(|call| call.contains("apigateway:"));
    let done = is_valid && (reason == "Available" || IN_THE_WAY.contains(&reason));
    let said = !is_valid && ready["reason"] == "InvalidSpec" && !called;
    if done || said {
        Ok(done)
    } else {
        let what = format!("valid: {is_valid}, calls: {called}");
        Err(format!("{what}: {api:#} {ready:#}"))
    }
}

#[test]
fn what_the_api_server_accepts_is_carried_out_or_said_to_be_wrong() {
    let lives = each_seed(0..60, |seed| {
        let mut spec = Generator::new(seed).spec();
        if let Some(fields) = spec.as_object_mut() {
            fields.insert("managementPolicy".into(), "Manage".into());
        }
        match ADMISSION.try_create("generated", &spec) {
            Ok(stored) => alone(seed, || live(&stored["spec"])).map(Some),
            Err(_) => Ok(None),
        }
    });
    let count = |life| lives.iter().filter(|one| **one == life).count();
    let (done, said) = (count(Some(true)), count(Some(false)));
    println!(
        "{} objects made: {done} carried out, {said} said to be wrong",
        lives.len()
    );
    assert!(lives.len() < 60 || (done > 0 && said > 0));
}
