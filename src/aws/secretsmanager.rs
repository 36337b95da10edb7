//! Secrets Manager: the secret with the cache's password. A password is made here and passed on here, and shown nowhere.

use aws_sdk_secretsmanager::operation::create_secret::builders::CreateSecretFluentBuilder;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use serde_json::{Map, Value};

use crate::api::Reason;
use crate::model::Tags;
use crate::plan::{
    AWSCURRENT, Class, Endpoint, Fact, Failure, PasswordSource, Secret, SecretAction, SecretFacts,
    SecretValue, Seen, Sensitive,
};

use super::call::{Caller, Refusal, created, deleted, seen, timestamp};
use super::operations::{
    CREATE_SECRET, DELETE_SECRET, DESCRIBE_SECRET, GET_SECRET_VALUE, PUT_SECRET_VALUE,
    RESTORE_SECRET,
};
use super::password;

/// Secrets Manager in one Region.
#[derive(Clone, Debug)]
pub(super) struct SecretsManager {
    pub(super) client: aws_sdk_secretsmanager::Client,
    pub(super) caller: Caller,
}

impl SecretsManager {
    pub(super) async fn read_secret(&self, name: &str) -> Seen<Secret> {
        let request = self.client.describe_secret().secret_id(name);
        let reply = self
            .caller
            .call(DESCRIBE_SECRET, name, request.send())
            .await;
        seen(reply.map(secret))
    }

    pub(super) async fn read_value(&self, arn: &str) -> Seen<SecretValue> {
        seen(
            self.value(arn, None)
                .await
                .map(|(version_id, object)| value(version_id, &object)),
        )
    }

    /// The password in one version of a secret.
    pub(super) async fn password(&self, source: &PasswordSource) -> Result<Sensitive, Failure> {
        let (arn, version) = (&source.secret_arn, &source.version_id);
        let (_, object) = self.value(arn, Some(version)).await?;
        match text(&object, "password") {
            Some(password) if !password.is_empty() => Ok(Sensitive::new(password)),
            _ => Err(unusable(arn, version)),
        }
    }

    pub(super) async fn execute(&self, action: &SecretAction) -> Result<Option<Fact>, Failure> {
        match action {
            SecretAction::CreateSecret {
                name,
                description,
                token,
                facts,
                tags,
            } => {
                let request = self.client.create_secret().name(name);
                let request = request.description(description);
                let request = request.client_request_token(*token);
                self.create(name, request.set_tags(Some(sdk_tags(tags))), facts)
                    .await?;
            }
            SecretAction::PutSecretValue {
                arn,
                token,
                from,
                facts,
            } => self.put(arn, &token.to_string(), from, facts).await?,
            SecretAction::RestoreSecret { arn } => {
                let request = self.client.restore_secret().secret_id(arn);
                self.caller
                    .call(RESTORE_SECRET, arn, request.send())
                    .await?;
            }
            SecretAction::DeleteSecret {
                arn,
                recovery_window_days,
            } => {
                let request = self.client.delete_secret().secret_id(arn);
                let request = request.recovery_window_in_days((*recovery_window_days).into());
                deleted(self.caller.call(DELETE_SECRET, arn, request.send()).await)?;
            }
        }
        Ok(None)
    }

    /// With a fresh password. The token is the same every time and the password is not: a second creation meets the first as one that exists.
    async fn create(
        &self,
        name: &str,
        request: CreateSecretFluentBuilder,
        facts: &SecretFacts,
    ) -> Result<(), Failure> {
        let password = password::random(CREATE_SECRET)?;
        let object = Map::from_iter([("password".to_owned(), password.reveal().into())]);
        let request = request.secret_string(with_facts(object, facts).reveal());
        let reply = self.caller.call(CREATE_SECRET, name, request.send()).await;
        created(reply.map_err(|refusal| refusal.without(&password)))?;
        Ok(())
    }

    /// The password of the version `from`, with `facts` beside it.
    async fn put(
        &self,
        arn: &str,
        token: &str,
        from: &str,
        facts: &SecretFacts,
    ) -> Result<(), Failure> {
        let (_, object) = self.value(arn, Some(from)).await?;
        let password = match text(&object, "password") {
            Some(password) if !password.is_empty() => Sensitive::new(password),
            _ => return Err(unusable(arn, from)),
        };
        let request = self.client.put_secret_value().secret_id(arn);
        let request = request
            .client_request_token(token)
            .secret_string(with_facts(object, facts).reveal());
        let reply = self
            .caller
            .call(PUT_SECRET_VALUE, arn, request.send())
            .await;
        created(reply.map_err(|refusal| refusal.without(&password)))?;
        Ok(())
    }

    /// Id and content of a version, the current one if none is named. What is no JSON object is as good as an empty one.
    async fn value(
        &self,
        arn: &str,
        version: Option<&str>,
    ) -> Result<(String, Map<String, Value>), Refusal> {
        let request = self.client.get_secret_value().secret_id(arn);
        let request = match version {
            Some(id) => request.version_id(id),
            None => request.version_stage(AWSCURRENT),
        };
        let reply = self
            .caller
            .call(GET_SECRET_VALUE, arn, request.send())
            .await?;
        let content = Sensitive::new(reply.secret_string.unwrap_or_default());
        let object = serde_json::from_str(content.reveal()).unwrap_or_default();
        Ok((reply.version_id.unwrap_or_default(), object))
    }
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

fn secret(reply: DescribeSecretOutput) -> Secret {
    let versions = reply.version_ids_to_stages.unwrap_or_default().into_iter();
    let tags = reply.tags.unwrap_or_default().into_iter();
    Secret {
        arn: reply.arn.unwrap_or_default(),
        deleted: timestamp(reply.deleted_date),
        versions: versions
            .map(|(id, labels)| (id, labels.into_iter().collect()))
            .collect(),
        changed: timestamp(reply.last_changed_date),
        tags: tags
            .filter_map(|tag| Some((tag.key?, tag.value?)))
            .collect(),
    }
}

fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str()
}

fn value(version_id: String, object: &Map<String, Value>) -> SecretValue {
    SecretValue {
        version_id,
        username: text(object, "username").unwrap_or_default().to_owned(),
        password: Sensitive::new(text(object, "password").unwrap_or_default()),
        engine: text(object, "engine").map(ToOwned::to_owned),
        endpoint: endpoint(object),
    }
}

/// AWS's own templates write the port as a number, consoles as a text.
fn endpoint(object: &Map<String, Value>) -> Option<Endpoint> {
    let port = match object.get("port")? {
        Value::String(port) => port.parse().ok()?,
        port => u16::try_from(port.as_u64()?).ok()?,
    };
    let host = text(object, "host")?.to_owned();
    Some(Endpoint { host, port })
}

/// `object` with `facts` in it; what else there is stays.
fn with_facts(mut object: Map<String, Value>, facts: &SecretFacts) -> Sensitive {
    let mut set = |field: &str, value: Value| drop(object.insert(field.to_owned(), value));
    set("engine", facts.engine.as_str().into());
    set("username", facts.username.as_str().into());
    set(
        "replicationGroupId",
        facts.replication_group_id.as_str().into(),
    );
    set("keyPrefix", facts.key_prefix.as_str().into());
    set("tls", true.into());
    if let Some(arn) = &facts.user_arn {
        set("user_arn", arn.as_str().into());
    }
    if let Some(endpoint) = &facts.endpoint {
        set("host", endpoint.host.as_str().into());
        set("port", endpoint.port.into());
    }
    Sensitive::new(Value::Object(object).to_string())
}

fn unusable(arn: &str, version: &str) -> Failure {
    Failure {
        operation: GET_SECRET_VALUE.name,
        class: Class::Blocked,
        reason: Reason::SecretUnusable,
        message: format!("{arn}: version {version} has no password"),
        retry_after: None,
    }
}
