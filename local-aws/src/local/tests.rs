//! The local AWS in process: no socket, virtual time.

use serde_json::{Value, json};

use super::*;

fn local(config: Config) -> LocalAws {
    LocalAws::new(Config {
        start: Some(Timestamp::UNIX_EPOCH),
        ..config
    })
    .unwrap()
}

/// A call to Secrets Manager, signed by account 111122223333.
async fn secrets(local: &LocalAws, operation: &str, body: Value) -> (u16, Value) {
    let response = respond(local, operation, body).await;
    (
        response.status().as_u16(),
        serde_json::from_slice(response.body()).unwrap_or(Value::Null),
    )
}

async fn respond(local: &LocalAws, operation: &str, body: Value) -> Response<Bytes> {
    let credential = "111122223333/20300101/eu-west-1/secretsmanager/aws4_request";
    let request = Request::post("/")
        .header("X-Amz-Target", format!("secretsmanager.{operation}"))
        .header(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"),
        )
        .body(Bytes::from(body.to_string()))
        .unwrap();
    local.handle(request).await
}

async fn admin(local: &LocalAws, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Bytes::from(body.to_string()));
    let response = local.handle(request.unwrap()).await;
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_is_gone_when_its_window_has_passed_in_virtual_time() {
    let local = local(Config::default());
    secrets(
        &local,
        "CreateSecret",
        json!({ "Name": "a", "SecretString": "b" }),
    )
    .await;
    let window = json!({ "SecretId": "a", "RecoveryWindowInDays": 7 });
    assert_eq!(secrets(&local, "DeleteSecret", window).await.0, 200);
    tokio::time::advance(Duration::from_hours(7 * 24 - 1)).await;
    assert_eq!(
        secrets(&local, "DescribeSecret", json!({ "SecretId": "a" }))
            .await
            .0,
        200
    );
    tokio::time::advance(Duration::from_hours(1)).await;
    let (_, gone) = secrets(&local, "DescribeSecret", json!({ "SecretId": "a" })).await;
    assert_eq!(gone["__type"], "ResourceNotFoundException");
    assert_eq!(
        secrets(
            &local,
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "b" })
        )
        .await
        .0,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_refills_in_virtual_time() {
    let local = local(Config::default());
    let restore = json!({ "SecretId": "nothing" });
    let mut codes = Vec::new();
    for _ in 0..51 {
        codes.push(secrets(&local, "RestoreSecret", restore.clone()).await.1["__type"].clone());
    }
    assert!(
        codes[..50]
            .iter()
            .all(|code| code == "ResourceNotFoundException")
    );
    assert_eq!(codes[50], "ThrottlingException");
    tokio::time::advance(Duration::from_millis(20)).await;
    assert_eq!(
        secrets(&local, "RestoreSecret", restore.clone()).await.1["__type"],
        "ResourceNotFoundException"
    );
    assert_eq!(
        secrets(&local, "RestoreSecret", restore).await.1["__type"],
        "ThrottlingException"
    );
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_takes_virtual_time_only() {
    let local = local(Config::default());
    let delay = json!([{ "operation": "*", "effect": { "delay": { "ms": 3_600_000 } } }]);
    admin(&local, "POST", "/_local/faults", delay).await;
    let before = local.now();
    secrets(
        &local,
        "CreateSecret",
        json!({ "Name": "a", "SecretString": "b" }),
    )
    .await;
    assert_eq!(local.now().duration_since(before).as_hours(), 1);
    let created = secrets(&local, "DescribeSecret", json!({ "SecretId": "a" }))
        .await
        .1["CreatedDate"]
        .clone();
    assert_eq!(created, json!(3600.0), "it happens when it arrives");
}

#[tokio::test]
async fn a_lost_reply_is_marked_and_was_applied() {
    let local = local(Config::default());
    admin(
        &local,
        "POST",
        "/_local/faults",
        json!([{ "operation": "*", "effect": "loseReply" }]),
    )
    .await;
    let response = respond(
        &local,
        "CreateSecret",
        json!({ "Name": "a", "SecretString": "b" }),
    )
    .await;
    assert_eq!(response.extensions().get(), Some(&ReplyLost));
    let response = respond(&local, "DescribeSecret", json!({ "SecretId": "a" })).await;
    assert_eq!(response.extensions().get::<ReplyLost>(), None);
    assert_eq!(response.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_give_the_same_world() {
    let mut worlds = Vec::new();
    for seed in [7, 7, 8] {
        let local = local(Config {
            seed,
            ..Config::default()
        });
        secrets(
            &local,
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "b" }),
        )
        .await;
        secrets(&local, "GetRandomPassword", json!({})).await;
        worlds.push(admin(&local, "GET", "/_local/state", Value::Null).await);
    }
    assert_eq!(worlds[0], worlds[1]);
    assert_ne!(worlds[0], worlds[2]);
}

#[tokio::test]
async fn whoever_listens_is_told_of_changes_and_not_of_reads() {
    let local = local(Config::default());
    let mut changes = local.changes();
    secrets(&local, "ListSecrets", json!({})).await;
    assert!(!changes.has_changed().unwrap());
    secrets(
        &local,
        "CreateSecret",
        json!({ "Name": "a", "SecretString": "b" }),
    )
    .await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    local.reset();
    assert!(changes.has_changed().unwrap());
}

#[tokio::test]
async fn a_world_in_a_folder_is_there_again() {
    let folder = std::env::temp_dir().join(format!("local-aws-{}", std::process::id()));
    let config = Config {
        state_dir: Some(folder.clone()),
        ..Config::default()
    };
    let first = local(config.clone());
    secrets(
        &first,
        "CreateSecret",
        json!({ "Name": "a", "SecretString": "b" }),
    )
    .await;
    let second = local(config);
    let (status, read) = secrets(&second, "GetSecretValue", json!({ "SecretId": "a" })).await;
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!((status, &read["SecretString"]), (200, &json!("b")));
}

#[tokio::test]
async fn a_request_for_the_data_plane_is_told_by_host_or_path() {
    let request = |host: &str, path: &str| {
        Request::get(path)
            .header("Host", host)
            .body(Bytes::new())
            .unwrap()
    };
    let cases = [
        (
            "abc.execute-api.eu-west-1.amazonaws.com",
            "/prod/orders",
            true,
            "host form",
        ),
        (
            "127.0.0.1:4566",
            "/_aws/execute-api/abc/prod/orders",
            true,
            "path form",
        ),
        ("127.0.0.1:4566", "/restapis", false, "control plane"),
    ];
    for (host, path, data_plane, reason) in cases {
        assert_eq!(is_data_plane(&request(host, path)), data_plane, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_lags_does_not_know_a_write_until_its_time_has_passed() {
    let local = local(Config {
        lag: "describes=2m".parse().unwrap(),
        ..Config::default()
    });
    let described = async || {
        secrets(&local, "DescribeSecret", json!({ "SecretId": "a" }))
            .await
            .1
    };
    let create = json!({ "Name": "a", "SecretString": "b" });
    secrets(&local, "CreateSecret", create).await;
    assert_eq!(described().await["__type"], "ResourceNotFoundException");
    let (_, list) = secrets(&local, "ListSecrets", json!({})).await;
    assert_eq!(list["SecretList"][0]["Name"], "a", "lists do not lag");
    tokio::time::advance(Duration::from_mins(1)).await;
    let update = json!({ "SecretId": "a", "Description": "new" });
    secrets(&local, "UpdateSecret", update).await;
    tokio::time::advance(Duration::from_mins(1)).await;
    let first = described().await;
    assert_eq!(
        (&first["Name"], &first["Description"]),
        (&json!("a"), &Value::Null)
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(described().await["Description"], "new");
}

#[tokio::test(start_paused = true)]
async fn where_one_of_two_replicas_lags_every_other_read_is_up_to_date() {
    let lag = crate::Lag {
        alternates: true,
        ..crate::Lag::of_all(jiff::SignedDuration::from_mins(2))
    };
    let local = local(Config {
        lag,
        ..Config::default()
    });
    let create = json!({ "Name": "a", "SecretString": "b" });
    secrets(&local, "CreateSecret", create).await;
    let mut found = Vec::new();
    for _ in 0..4 {
        found.push(
            secrets(&local, "DescribeSecret", json!({ "SecretId": "a" }))
                .await
                .0,
        );
    }
    assert_eq!(found, [400, 200, 400, 200]);
}

#[tokio::test]
async fn who_has_a_policy_may_do_what_it_allows_and_nothing_else() {
    let local = local(Config::default());
    let allow =
        json!({"Effect": "Allow", "Action": ["secretsmanager:CreateSecret"], "Resource": "*"});
    let policy = json!({ "Statement": [allow] });
    admin(&local, "PUT", "/_local/policies/111122223333", policy).await;
    let plain = json!({ "Name": "a", "SecretString": "b" });
    assert_eq!(secrets(&local, "CreateSecret", plain).await.0, 200);
    let tagged = json!({ "Name": "c", "Tags": [{ "Key": "k", "Value": "v" }] });
    for (operation, body, action) in [
        (
            "GetSecretValue",
            json!({ "SecretId": "a" }),
            "secretsmanager:GetSecretValue",
        ),
        ("CreateSecret", tagged, "secretsmanager:TagResource"),
    ] {
        let (status, refusal) = secrets(&local, operation, body).await;
        assert_eq!(
            (status, &refusal["__type"]),
            (400, &json!("AccessDeniedException"))
        );
        let told = refusal.to_string();
        assert!(
            told.contains(&format!(
                "not authorized to perform: {action} on resource: arn:aws:"
            )),
            "{told}"
        );
    }
    let state = admin(&local, "GET", "/_local/state", Value::Null).await;
    assert!(!state.to_string().contains("secret:c-"), "not applied");

    admin(
        &local,
        "DELETE",
        "/_local/policies/111122223333",
        Value::Null,
    )
    .await;
    let read = json!({ "SecretId": "a" });
    assert_eq!(secrets(&local, "GetSecretValue", read).await.0, 200);
}

#[tokio::test]
async fn a_policy_that_is_not_understood_is_refused() {
    let local = local(Config::default());
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    let policy = json!({ "Statement": [deny] });
    let answer = admin(&local, "PUT", "/_local/policies/111122223333", policy).await;
    assert!(
        answer["message"].as_str().unwrap().contains("Deny"),
        "{answer}"
    );
    let create = json!({ "Name": "a", "SecretString": "b" });
    assert_eq!(secrets(&local, "CreateSecret", create).await.0, 200);
}
