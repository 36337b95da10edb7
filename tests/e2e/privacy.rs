//! What a password must never be in, though everybody logs all that they can.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_hack::Result;
use cachedapi_hack::http;
use cachedapi_hack::wait::{self, Seen};

use crate::{READY, SOON, world::World};

/// Everything that anybody puts out: the logs of all programs, metrics, the calls that AWS keeps, and every object but the Secrets.
fn outputs(world: &World) -> Result<Vec<(String, String)>> {
    let mut outputs = vec![
        (
            "metrics".into(),
            http::get(world.operator().metrics(), &[])?.body,
        ),
        ("calls".into(), world.environment.aws.calls()?.to_string()),
        ("objects".into(), objects(world)?),
    ];
    let mut operator = world.operator();
    let logs = operator.process().log().parent().expect("a folder");
    for file in fs::read_dir(logs).expect("the logs") {
        let path = file.expect("a log").path();
        let text = fs::read(&path).expect("a log");
        outputs.push((
            path.display().to_string(),
            String::from_utf8_lossy(&text).into_owned(),
        ));
    }
    Ok(outputs)
}

/// All objects of all kinds that can be listed, events among them.
fn objects(world: &World) -> Result<String> {
    let kinds = world
        .kubectl()
        .run(["api-resources", "--verbs=list", "--output=name"])?;
    let kinds: Vec<&str> = kinds.lines().filter(|kind| *kind != "secrets").collect();
    let kinds = kinds.join(",");
    world
        .kubectl()
        .run(["get", &kinds, "--all-namespaces", "--output=json"])
}

#[test]
fn a_password_that_is_rotated_is_in_no_output_of_any_component() {
    let world = World::shared();
    let object = world.create("secretive").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let old = world.secret("secretive", "password").unwrap();
    assert!(old.len() >= 16, "the Secret holds no password worth hiding");
    object.request_rotation().unwrap();
    let new = wait::until("the new password", SOON, || {
        let now = world.secret("secretive", "password")?;
        Ok(if now == old {
            Seen::NotYet("the old one is bound".to_owned())
        } else {
            Seen::Done(now)
        })
    })
    .unwrap();

    let outputs = outputs(&world).unwrap();
    let shows = |place: &str, text: &str| {
        let of_place = outputs.iter().filter(|(name, _)| name.ends_with(place));
        of_place
            .into_iter()
            .any(|(_, output)| output.contains(text))
    };
    for (place, text) in [
        ("operator.log", "secretive"),
        ("operator.log", "DEBUG"),
        ("local-aws.log", "TRACE"),
        ("calls", "PutSecretValue"),
        ("objects", "UpdateSecretVersionStage"),
        ("metrics", "cachedapi_reconciles_total"),
    ] {
        assert!(shows(place, text), "{place} says nothing of {text}");
    }
    for password in [old, new] {
        for form in [STANDARD.encode(&password), password] {
            let found = outputs.iter().filter(|(_, output)| output.contains(&form));
            let places: Vec<&String> = found.map(|(place, _)| place).collect();
            assert_eq!(places, Vec::<&String>::new(), "a password is shown");
        }
    }
}
