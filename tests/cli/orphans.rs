//! `cachedapi-operator orphans`: what it prints, and how it ends.

use std::process::Output;

use serde_json::{Value, json};

use super::world::World;

const GONE: &str = "00000000-0000-4000-8000-000000000002";

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_0_when_nothing_is_orphaned_and_with_3_when_something_is() {
    let world = World::new().await;
    let uid = world.create_object().await;
    world.create_secret("cachedapi/shop/orders-1", &uid).await;
    let (code, out, err) = said(&world.orphans(&[]).await);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(
        out,
        "Cluster blue, account 111122223333, eu-west-1:\nNothing is orphaned.\n"
    );

    let orphan = world.create_secret("cachedapi/shop/orders-2", GONE).await;
    let (code, out, err) = said(&world.orphans(&[]).await);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    for part in [
        "1 orphaned:\n",
        &format!(
            "  the secret {orphan} in eu-west-1 of account 111122223333 belonged to the CachedApi shop/orders with UID {GONE}, which is gone; seen so since 20"
        ),
        "delete it, or let the operator do so (--delete-orphans)",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, ..) = said(&world.orphans(&[]).await);
    assert_eq!(code, 3, "it deletes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_the_same_for_programs() {
    let world = World::new().await;
    let uid = world.create_object().await;
    world.create_secret("cachedapi/shop/orders-1", &uid).await;
    let orphan = world.create_secret("cachedapi/shop/orders-2", GONE).await;
    let (code, out, _) = said(
        &world
            .orphans(&["--output", "json", "--region", "us-east-1"])
            .await,
    );
    let mut printed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 3);
    assert!(
        printed["accounts"][0]["orphans"][0]["message"]
            .take()
            .as_str()
            .unwrap()
            .contains(&orphan)
    );
    assert_eq!(
        printed,
        json!({"accounts": [{
            "cluster": "blue", "account": "111122223333", "regions": ["eu-west-1", "us-east-1"], "retained": [], "unread": [],
            "orphans": [{
                "arn": orphan, "kind": "secret", "region": "eu-west-1", "ownershipLost": false, "message": null,
                "owner": {"namespace": "shop", "name": "orders", "uid": GONE},
            }],
        }]})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_1_when_that_cannot_be_told() {
    let world = World::new().await;
    let (code, out, err) = said(&world.orphans(&[]).await);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("name one with --region"), "{err}");

    let lone = world.create_secret("cachedapi/shop/orders-2", GONE).await;
    let (code, out, _) = said(&world.orphans(&["--region", "eu-west-1"]).await);
    assert_eq!(code, 1);
    assert!(
        out.contains("Nothing is said of 1 things: there is no CachedApi object at all"),
        "{out}"
    );
    assert!(out.contains(&lone), "{out}");

    world.create_object().await;
    world.deny_lists().await;
    let (code, out, _) = said(&world.orphans(&[]).await);
    assert_eq!(code, 1);
    assert!(
        out.contains("eu-west-1: tag:GetResources: ") && out.contains("needs tag:GetResources"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_no_role_leads_into_is_named_and_nothing_is_said_of_it() {
    let world = World::new().await;
    let uid = world.create_object().await;
    world.create_secret("cachedapi/shop/orders-1", &uid).await;
    world.create_account("222233334444").await;
    let (code, out, _) = said(&world.orphans(&[]).await);
    assert_eq!(code, 1, "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "Cluster blue, account 111122223333, eu-west-1:",
            "Nothing is orphaned."
        ]
    );
    assert!(
        lines[2].starts_with("Account 222233334444 is not looked into: ")
            && lines[2].contains("sts:AssumeRole"),
        "{out}"
    );
    let (_, out, _) = said(&world.orphans(&["--output", "json"]).await);
    let printed: Value = serde_json::from_str(&out).unwrap();
    let unknown = &printed["accounts"][1];
    assert_eq!(unknown["account"], "222233334444");
    assert!(unknown["unknown"]["message"].is_string(), "{unknown}");
    assert_eq!(unknown["orphans"], Value::Null, "unknown is not none");
}
