//! The environment of bound Lambda functions.

use cachedapi_operator::api::Reason;
use cachedapi_operator::plan::{
    Class, Fact, FunctionAction, FunctionUpdate, ObservedAlias, ObservedFunction, PublishedVersion,
    Read, Seen, Sensitive, Variables,
};
use local_aws::{Config, Delays};
use serde_json::json;

use super::world::{ACCOUNT, REGION, World, tags};

const ALIAS: &str = "live";

/// A function with an environment, its version 1 and the alias `live`; its ARN.
async fn seed(world: &World) -> String {
    let seed = json!({
        "account": ACCOUNT, "region": REGION, "qualifiers": ["1", ALIAS], "tags": tags(),
        "configuration": {"CodeSha256": "abc", "Environment": {"Variables": {"LOG": "info"}}},
    });
    let made = world.admin("PUT", "/_local/lambda/bound", seed).await;
    made["arn"].as_str().unwrap().to_owned()
}

async fn read(world: &World, arn: &str) -> Seen<ObservedFunction> {
    match world.read(Read::Function { arn: arn.into() }).await {
        Fact::Function { function, .. } => function,
        other => panic!("{other:?}"),
    }
}

async fn function(world: &World, arn: &str) -> ObservedFunction {
    read(world, arn).await.present().cloned().unwrap()
}

async fn read_alias(world: &World, arn: &str, alias: &str) -> Seen<ObservedAlias> {
    let read = Read::FunctionAlias {
        function: arn.into(),
        alias: alias.into(),
    };
    match world.read(read).await {
        Fact::FunctionAlias { alias, .. } => alias,
        other => panic!("{other:?}"),
    }
}

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Sensitive::new(*value)))
        .collect()
}

fn set(arn: &str, revision: &str, pairs: &[(&str, &str)]) -> FunctionAction {
    FunctionAction::UpdateConfiguration {
        function: arn.into(),
        revision: revision.into(),
        variables: variables(pairs),
    }
}

async fn settled(world: &World, arn: &str) -> ObservedFunction {
    loop {
        let seen = function(world, arn).await;
        if seen.update == FunctionUpdate::Done {
            return seen;
        }
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
}

/// Every call about a function that is bound with an alias; its ARN.
pub async fn bind(world: &World) -> String {
    let arn = seed(world).await;
    let seen = function(world, &arn).await;
    let ours = [("CACHE_PORT", "6379"), ("LOG", "info")];
    world.act(set(&arn, &seen.revision, &ours)).await;
    let revision = settled(world, &arn).await.revision;
    let publish = FunctionAction::PublishVersion {
        function: arn.clone(),
        revision,
    };
    let published = match world.act(publish).await {
        Some(Fact::FunctionPublished { version, .. }) => version,
        other => panic!("{other:?}"),
    };
    let expected = PublishedVersion {
        number: "2".into(),
        active: true,
    };
    assert_eq!(published, expected);
    let before = read_alias(world, &arn, ALIAS).await;
    let before = before.present().unwrap();
    assert_eq!(before.variables, variables(&[("LOG", "info")]));
    let update = FunctionAction::UpdateAlias {
        function: arn.clone(),
        alias: ALIAS.into(),
        version: published.number,
        revision: before.revision.clone(),
    };
    world.act(update).await;
    let after = read_alias(world, &arn, ALIAS).await;
    let after = after.present().unwrap();
    assert_eq!(
        (&after.variables, after.code.as_deref(), after.weighted),
        (&variables(&ours), Some("abc"), false)
    );
    arn
}

#[tokio::test(start_paused = true)]
async fn an_alias_serves_the_environment_of_the_version_that_was_published() {
    bind(&World::new()).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_tells_its_update_and_what_it_has() {
    let world = World::with(Config {
        delays: Delays::fast(),
        ..Config::default()
    });
    let arn = seed(&world).await;
    let seen = function(&world, &arn).await;
    assert_eq!(seen.variables, variables(&[("LOG", "info")]));
    assert_eq!(seen.update, FunctionUpdate::Done);
    world.act(set(&arn, &seen.revision, &[("A", "b")])).await;
    let seen = function(&world, &arn).await;
    assert_eq!(seen.update, FunctionUpdate::InProgress);
    assert_eq!(seen.variables, variables(&[("A", "b")]));
    let gone = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:gone");
    assert_eq!(read(&world, &gone).await, Seen::Absent);
    assert_eq!(read_alias(&world, &arn, "gone").await, Seen::Absent);
}

#[tokio::test(start_paused = true)]
async fn who_was_quicker_is_not_overwritten() {
    let world = World::new();
    let arn = seed(&world).await;
    let old = function(&world, &arn).await.revision;
    world.act(set(&arn, &old, &[("THEIRS", "1")])).await;
    settled(&world, &arn).await;
    let refused = world
        .attempt(set(&arn, &old, &[("OURS", "1")]))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.class, refused.reason),
        (Class::Busy, Reason::Modifying)
    );
    assert_eq!(
        function(&world, &arn).await.variables,
        variables(&[("THEIRS", "1")])
    );
    let stale = FunctionAction::PublishVersion {
        function: arn.clone(),
        revision: old.clone(),
    };
    assert_eq!(world.attempt(stale).await.unwrap_err().class, Class::Busy);
    let stale = FunctionAction::UpdateAlias {
        function: arn.clone(),
        alias: ALIAS.into(),
        version: "1".into(),
        revision: old,
    };
    assert_eq!(world.attempt(stale).await.unwrap_err().class, Class::Busy);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_the_operator_may_not_read_is_unknown_and_says_what_is_missing() {
    let world = World::new();
    let arn = seed(&world).await;
    let fault = json!([{"operation": "lambda:GetFunctionConfiguration", "effect": "denyAccess"}]);
    world.admin("POST", "/_local/faults", fault).await;
    let Seen::Unknown(failure) = read(&world, &arn).await else {
        panic!("it is known");
    };
    assert_eq!(failure.reason, Reason::AccessDenied);
    assert!(
        failure.message.contains("lambda:GetFunctionConfiguration"),
        "{failure}"
    );
}
