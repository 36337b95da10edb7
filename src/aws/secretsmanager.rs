//! Secrets Manager: the secret with the cache's password. A password is made here and passed on here, and shown nowhere.

use aws_sdk_secretsmanager::operation::create_secret::builders::CreateSecretFluentBuilder;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::builders::UpdateSecretVersionStageFluentBuilder;
use aws_sdk_secretsmanager::types::Tag;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::api::Reason;
use crate::model::Tags;
use crate::plan::{
    AWSCURRENT, AWSPENDING, Class, Endpoint, Fact, Failure, Secret, SecretAction, SecretFacts,
    SecretValue, Seen, Sensitive, Successor,
};

use super::call::{Caller, Refusal, created, deleted, seen, timestamp};
use super::errors::Kind;
use super::operations::{
    CREATE_SECRET, DELETE_SECRET, DESCRIBE_SECRET, GET_SECRET_VALUE, PUT_SECRET_VALUE,
    RESTORE_SECRET, UPDATE_SECRET_VERSION_STAGE,
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

    pub(super) async fn read_value(&self, arn: &str, version: &str) -> Seen<SecretValue> {
        let content = self.content(arn, version).await;
        seen(content.map(|content| content.value(version)))
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
            } => {
                let token = token.to_string();
                self.put_facts(arn, &token, from, facts).await?;
            }
            SecretAction::PutPendingPassword {
                arn,
                token,
                from,
                since,
                successor,
            } => {
                let content = self.content(arn, from).await?.since(*since);
                let content = match successor {
                    Some(successor) => content.with_successor(successor),
                    None => content,
                };
                return self.put_pending(arn, &token.to_string(), content).await;
            }
            SecretAction::Promote { arn, to, from } => {
                self.promote(arn, to, from.as_deref()).await?;
            }
            SecretAction::DropPending { arn, version } => self.drop_pending(arn, version).await?,
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
        let content = Content::default()
            .with_password(&password)
            .with_facts(facts);
        let request = request.secret_string(content.text().reveal());
        let reply = self.caller.call(CREATE_SECRET, name, request.send()).await;
        created(reply.map_err(|refusal| refusal.without(&password)))?;
        Ok(())
    }

    /// A version with the password of `from`.
    async fn put_facts(
        &self,
        arn: &str,
        token: &str,
        from: &str,
        facts: &SecretFacts,
    ) -> Result<(), Failure> {
        let content = self.content(arn, from).await?;
        let password = content.password().ok_or_else(|| unusable(arn, from))?;
        let content = content.with_facts(facts);
        let reply = self.put(arn, token, AWSCURRENT, &content).await;
        created(reply.map_err(|refusal| refusal.without(&password)))?;
        Ok(())
    }

    /// A version with a fresh password. Its value is what the next steps need, so it is told. A token that made a version before did so with another password.
    async fn put_pending(
        &self,
        arn: &str,
        token: &str,
        content: Content,
    ) -> Result<Option<Fact>, Failure> {
        let password = password::random(PUT_SECRET_VALUE)?;
        let content = content.with_password(&password);
        let reply = self.put(arn, token, AWSPENDING, &content).await;
        match created(reply.map_err(|refusal| refusal.without(&password)))? {
            Some(()) => Ok(Some(Fact::SecretValue {
                version: token.to_owned(),
                value: Seen::Present(content.value(token)),
            })),
            None => Ok(Some(Fact::TokenTaken(token.to_owned()))),
        }
    }

    async fn put(
        &self,
        arn: &str,
        token: &str,
        label: &str,
        content: &Content,
    ) -> Result<(), Refusal> {
        let request = self.client.put_secret_value().secret_id(arn);
        let request = request
            .client_request_token(token)
            .version_stages(label)
            .secret_string(content.text().reveal());
        self.caller
            .call(PUT_SECRET_VALUE, arn, request.send())
            .await
            .map(drop)
    }

    /// A compare-and-swap: it fails when `from` is not what has the label. What has it then is seen by the next read.
    async fn promote(&self, arn: &str, to: &str, from: Option<&str>) -> Result<(), Failure> {
        let request = self.client.update_secret_version_stage().secret_id(arn);
        let request = request
            .version_stage(AWSCURRENT)
            .move_to_version_id(to)
            .set_remove_from_version_id(from.map(str::to_owned));
        self.move_label(arn, request).await
    }

    async fn drop_pending(&self, arn: &str, version: &str) -> Result<(), Failure> {
        let request = self.client.update_secret_version_stage().secret_id(arn);
        let request = request
            .version_stage(AWSPENDING)
            .remove_from_version_id(version);
        self.move_label(arn, request).await
    }

    async fn move_label(
        &self,
        arn: &str,
        request: UpdateSecretVersionStageFluentBuilder,
    ) -> Result<(), Failure> {
        let reply = self
            .caller
            .call(UPDATE_SECRET_VERSION_STAGE, arn, request.send())
            .await;
        reply.map(drop).map_err(|refusal| match refusal.kind {
            // Somebody else moved the label: look again.
            Kind::Rejected => Failure {
                class: Class::Transient,
                ..refusal.failure
            },
            _ => refusal.failure,
        })
    }

    async fn content(&self, arn: &str, version: &str) -> Result<Content, Refusal> {
        let request = self
            .client
            .get_secret_value()
            .secret_id(arn)
            .version_id(version);
        let reply = self
            .caller
            .call(GET_SECRET_VALUE, arn, request.send())
            .await?;
        let text = Sensitive::new(reply.secret_string.unwrap_or_default());
        Ok(Content {
            object: serde_json::from_str(text.reveal()).unwrap_or_default(),
            created: timestamp(reply.created_date),
        })
    }
}

/// The content of a version. What is no JSON object is as good as an empty one.
#[derive(Default)]
struct Content {
    object: Map<String, Value>,
    created: Option<Timestamp>,
}

impl Content {
    fn field(&self, name: &str) -> Option<&str> {
        self.object.get(name)?.as_str()
    }

    fn password(&self) -> Option<Sensitive> {
        self.field("password")
            .filter(|password| !password.is_empty())
            .map(Sensitive::new)
    }

    fn value(&self, version: &str) -> SecretValue {
        SecretValue {
            version_id: version.to_owned(),
            username: self.field("username").unwrap_or_default().to_owned(),
            password: Sensitive::new(self.field("password").unwrap_or_default()),
            engine: self.field("engine").map(ToOwned::to_owned),
            replication_group_id: self.field("replicationGroupId").map(ToOwned::to_owned),
            endpoint: self.endpoint(),
            password_since: self.time("passwordSince"),
            user_since: self.time("userSince"),
            created: self.created,
        }
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.field(name)?.parse().ok()
    }

    /// AWS's own templates write the port as a number, consoles as a text.
    fn endpoint(&self) -> Option<Endpoint> {
        let port = match self.object.get("port")? {
            Value::String(port) => port.parse().ok()?,
            port => u16::try_from(port.as_u64()?).ok()?,
        };
        let host = self.field("host")?.to_owned();
        Some(Endpoint { host, port })
    }

    fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.object.insert(field.to_owned(), value.into());
    }

    fn with_password(mut self, password: &Sensitive) -> Self {
        self.set("password", password.reveal());
        self
    }

    fn since(mut self, since: Timestamp) -> Self {
        self.set("passwordSince", since.to_string());
        self
    }

    fn with_successor(mut self, user: &Successor) -> Self {
        self.set("username", user.username.as_str());
        self.set("userSince", user.since.to_string());
        match &user.arn {
            Some(arn) => self.set("user_arn", arn.as_str()),
            None => drop(self.object.remove("user_arn")),
        }
        self
    }

    /// With `facts` in it; what else there is stays.
    fn with_facts(mut self, facts: &SecretFacts) -> Self {
        self.set("engine", facts.engine.as_str());
        if let Some(username) = &facts.username {
            self.set("username", username.as_str());
        }
        self.set("replicationGroupId", facts.replication_group_id.as_str());
        self.set("keyPrefix", facts.key_prefix.as_str());
        self.set("tls", true);
        if let Some(since) = facts.password_since {
            self.set("passwordSince", since.to_string());
        }
        if let Some(since) = facts.user_since {
            self.set("userSince", since.to_string());
        }
        if let Some(arn) = &facts.user_arn {
            self.set("user_arn", arn.as_str());
        }
        if let Some(endpoint) = &facts.endpoint {
            self.set("host", endpoint.host.as_str());
            self.set("port", endpoint.port);
        }
        self
    }

    fn text(&self) -> Sensitive {
        Sensitive::new(Value::Object(self.object.clone()).to_string())
    }
}

pub(super) fn sdk_tags(tags: &Tags) -> Vec<Tag> {
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
        rotation_enabled: reply.rotation_enabled == Some(true),
        tags: tags
            .filter_map(|tag| Some((tag.key?, tag.value?)))
            .collect(),
    }
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
