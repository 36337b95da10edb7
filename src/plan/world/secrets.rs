use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::plan::{
    AWSCURRENT, AWSPENDING, AWSPREVIOUS, Fact, Read, Secret, SecretAction, SecretFacts,
    SecretValue, Seen, Sensitive,
};

/// The password that the model "generates".
pub const VALUE_PASSWORD: &str = "p@ss/word:1";

/// Secrets Manager with one secret.
#[derive(Clone, Default)]
pub struct SecretsManager {
    pub secret: Option<Secret>,
    pub values: BTreeMap<String, SecretValue>,
    /// Number of passwords made for rotations.
    made: u32,
}

impl SecretsManager {
    pub fn read(&self, read: &Read) -> Fact {
        match read {
            Read::Secret { name } => {
                let called = |secret: &Secret| {
                    secret.arn == *name || secret.arn.contains(&format!(":secret:{name}-"))
                };
                let secret = self.secret.clone().filter(called);
                Fact::Secret(secret.map_or(Seen::Absent, Seen::Present))
            }
            Read::OtherSecret { arn } => {
                let other = self.secret.clone().filter(|secret| secret.arn == *arn);
                Fact::OtherSecret(other.map_or(Seen::Absent, Seen::Present))
            }
            Read::SecretValue { version, .. } => Fact::SecretValue {
                version: version.clone(),
                value: self
                    .values
                    .get(version)
                    .cloned()
                    .map_or(Seen::Absent, Seen::Present),
            },
            other => panic!("Secrets Manager has no use for {other:?}"),
        }
    }

    /// The current value.
    pub fn current(&self) -> Option<SecretValue> {
        self.values.get(self.secret.as_ref()?.current()?).cloned()
    }

    /// Whether its deletion was asked for.
    pub fn is_to_be_deleted(&self) -> bool {
        let secret = self.secret.as_ref();
        secret.is_some_and(|secret| secret.deleted.is_some())
    }

    /// Somebody edits the current value by hand.
    pub fn edit(&mut self, edit: impl FnOnce(&mut SecretValue)) {
        let mut value = self.current().unwrap();
        edit(&mut value);
        let id = format!("by-hand-{}", self.values.len());
        self.put(SecretValue {
            version_id: id,
            ..value
        });
    }

    /// What the reply says, if it says something.
    pub fn write(&mut self, action: &SecretAction, now: Timestamp) -> Option<Fact> {
        match action {
            SecretAction::CreateSecret {
                name,
                token,
                facts,
                tags,
                ..
            } => {
                assert!(self.secret.is_none(), "a second secret is created");
                let arn =
                    format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf");
                self.secret = Some(Secret {
                    arn,
                    deleted: None,
                    versions: BTreeMap::new(),
                    rotation_enabled: false,
                    tags: tags.clone(),
                });
                self.put(value(*token, facts, Sensitive::new(VALUE_PASSWORD), now));
            }
            SecretAction::PutSecretValue {
                token, from, facts, ..
            } => {
                self.secret_at_rest();
                let password = self.values[from].password.clone();
                let mut value = value(*token, facts, password, now);
                match self.values.get(&value.version_id) {
                    // Repeating a put does not move the label back.
                    Some(same) => {
                        value.created = same.created;
                        assert_eq!(*same, value, "a request token is used for two values");
                    }
                    None => self.put(value),
                }
            }
            SecretAction::PutPendingPassword { token, .. }
                if self.values.contains_key(&token.to_string()) =>
            {
                return Some(Fact::TokenTaken(token.to_string()));
            }
            SecretAction::PutPendingPassword { .. }
            | SecretAction::Promote { .. }
            | SecretAction::DropPending { .. } => self.rotate(action),
            SecretAction::RestoreSecret { .. } => {
                assert!(
                    self.secret.as_mut().unwrap().deleted.take().is_some(),
                    "the secret is not to be deleted"
                );
            }
            SecretAction::DeleteSecret {
                recovery_window_days,
                ..
            } => {
                assert!((7..=30).contains(recovery_window_days));
                self.secret_at_rest().deleted = Some(now);
            }
        }
        None
    }

    fn rotate(&mut self, action: &SecretAction) {
        match action {
            SecretAction::PutPendingPassword {
                token,
                from,
                since,
                successor,
                ..
            } => {
                self.secret_at_rest();
                self.made += 1;
                let mut value = SecretValue {
                    version_id: token.to_string(),
                    password: Sensitive::new(format!("{VALUE_PASSWORD}{}", self.made)),
                    password_since: Some(*since),
                    ..self.values[from].clone()
                };
                if let Some(successor) = successor {
                    value.username.clone_from(&successor.username);
                    value.user_since = Some(successor.since);
                }
                self.label(AWSPENDING, &value.version_id);
                self.values.insert(value.version_id.clone(), value);
            }
            SecretAction::Promote { to, from, .. } => {
                let holder = self.secret_at_rest().current().map(str::to_owned);
                assert_eq!(
                    holder, *from,
                    "InvalidParameterException: {from:?} is not current"
                );
                if let Some(holder) = holder {
                    self.label(AWSPREVIOUS, &holder);
                }
                self.label(AWSCURRENT, to);
            }
            SecretAction::DropPending { version, .. } => {
                let labels = self.secret_at_rest().versions.get_mut(version).unwrap();
                assert!(
                    labels.remove(AWSPENDING),
                    "InvalidParameterException: {version} is not pending"
                );
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    /// Somebody, or we, put a label where it is wanted. Versions without labels are not listed.
    pub fn label(&mut self, label: &str, version: &str) {
        let versions = &mut self.secret.as_mut().unwrap().versions;
        for labels in versions.values_mut() {
            labels.remove(label);
        }
        versions
            .entry(version.to_owned())
            .or_default()
            .insert(label.to_owned());
        versions.retain(|_, labels| !labels.is_empty());
    }

    fn secret_at_rest(&mut self) -> &mut Secret {
        let secret = self.secret.as_mut().expect("the secret is there");
        assert!(
            secret.deleted.is_none(),
            "InvalidRequestException: the secret is scheduled for deletion"
        );
        secret
    }

    fn put(&mut self, value: SecretValue) {
        if let Some(holder) = self.secret.as_ref().unwrap().current().map(str::to_owned) {
            self.label(AWSPREVIOUS, &holder);
        }
        self.label(AWSCURRENT, &value.version_id);
        self.values.insert(value.version_id.clone(), value);
    }
}

fn value(token: Uuid, facts: &SecretFacts, password: Sensitive, now: Timestamp) -> SecretValue {
    SecretValue {
        version_id: token.to_string(),
        username: facts.username.clone().unwrap_or_default(),
        password,
        engine: Some(facts.engine.as_str().into()),
        replication_group_id: Some(facts.replication_group_id.clone()),
        endpoint: facts.endpoint.clone(),
        password_since: facts.password_since,
        user_since: facts.user_since,
        created: Some(now),
    }
}
