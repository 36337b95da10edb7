//! Who may log in to a cache and what they may do there: the pure part of access control.
//!
//! A real node is told by [`Acl::commands`]; a simulated login asks [`Acl::admits`]. Passwords are kept as SHA-256 only, the
//! form in which the engine itself takes them (`ACL SETUSER name #hash`).

mod spelling;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::refusal::{ensure, value};
use crate::AwsError;
use crate::sigv4::hex;

/// SHA-256 of a password, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash of `password`.
    pub fn of(password: &str) -> Self {
        Self(hex(&Sha256::digest(password)))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A validated access string, as written. Without `on` the user is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessString(String);

const WORDS: [&str; 9] = [
    "on",
    "off",
    "allkeys",
    "resetkeys",
    "allchannels",
    "resetchannels",
    "allcommands",
    "nocommands",
    "clearselectors",
];

const CATEGORIES: [&str; 22] = [
    "all",
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

impl AccessString {
    /// On, and everything allowed.
    pub fn everything() -> Self {
        Self("on ~* +@all".to_owned())
    }

    /// Refuses what the engine would not understand, and passwords and `reset`, which have no place in an access string.
    pub fn parse(text: &str) -> Result<Self, AwsError> {
        let unknown = text.split_whitespace().find(|token| !is_rule(token));
        match unknown {
            Some(token) => Err(value(format!(
                "Access string is invalid: '{token}' is not allowed."
            ))),
            None => Ok(Self(text.split_whitespace().collect::<Vec<_>>().join(" "))),
        }
    }

    /// The same with `rules` appended.
    pub fn append(&self, rules: &Self) -> Self {
        Self(format!("{} {}", self.0, rules.0))
    }

    fn is_on(&self) -> bool {
        self.0
            .split(' ')
            .rfind(|rule| matches!(*rule, "on" | "off"))
            == Some("on")
    }
}

fn is_rule(token: &str) -> bool {
    let token = token.trim_start_matches('(').trim_end_matches(')');
    let pattern = ["~", "&", "%R~", "%W~", "%RW~"]
        .iter()
        .any(|prefix| token.starts_with(prefix) && token.len() > prefix.len());
    let command = token
        .strip_prefix(['+', '-'])
        .is_some_and(|name| match name.strip_prefix('@') {
            Some(category) => CATEGORIES.contains(&category),
            None => {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "|-_.".contains(c))
            }
        });
    pattern || command || WORDS.contains(&token)
}

/// One or two passwords as the service takes them: 16 to 128 printable characters each.
pub fn hash_passwords(passwords: &[String]) -> Result<Vec<PasswordHash>, AwsError> {
    ensure(!passwords.is_empty() && passwords.len() <= 2, || {
        value("A user must have one or two passwords.")
    })?;
    passwords
        .iter()
        .map(|password| check_password(password).map(|()| PasswordHash::of(password)))
        .collect()
}

fn check_password(password: &str) -> Result<(), AwsError> {
    let length = (16..=128).contains(&password.chars().count());
    ensure(length, || {
        value("Passwords length must be between 16-128 characters.")
    })?;
    let allowed = |c: char| c.is_ascii_graphic() && !",\"/@".contains(c);
    ensure(password.chars().all(allowed), || {
        value("Passwords may only contain printable characters other than , \" / and @.")
    })
}

/// What one user name opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Rules as the engine reads them.
    pub access: AccessString,
    /// How the user proves who they are.
    pub secret: Secret,
}

/// How a user proves who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// Any of these passwords.
    Passwords(Vec<PasswordHash>),
    /// Any password, or none at all.
    NoPassword,
    /// Any of these passwords, or none at all.
    Optional(Vec<PasswordHash>),
    /// A signed token ([`super::iam`]).
    Iam,
}

/// Commands that no user of ElastiCache has, whatever the access string says ("Supported and restricted Valkey and Redis
/// OSS commands").
const RESTRICTED: [&str; 16] = [
    "-acl|deluser",
    "-acl|load",
    "-acl|save",
    "-acl|setuser",
    "-bgrewriteaof",
    "-bgsave",
    "-config",
    "-debug",
    "-migrate",
    "-psync",
    "-replicaof",
    "-save",
    "-shutdown",
    "-slaveof",
    "-sync",
    "-module",
];

/// The users of a cache by name. `default` is what an unauthenticated connection gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl(BTreeMap<String, Login>);

impl Acl {
    /// No access control: everyone who reaches the cache may do everything, as AWS has it without a user group.
    pub fn open() -> Self {
        Self::of_default(Secret::NoPassword)
    }

    /// Everyone who has one of the AUTH tokens may do everything, and who has none as well unless one is required: they are
    /// passwords of `default`.
    pub fn of_tokens(tokens: Vec<PasswordHash>, required: bool) -> Self {
        Self::of_default(if required {
            Secret::Passwords(tokens)
        } else {
            Secret::Optional(tokens)
        })
    }

    fn of_default(secret: Secret) -> Self {
        let login = Login {
            access: AccessString("on ~* &* +@all".to_owned()),
            secret,
        };
        Self(BTreeMap::from([("default".to_owned(), login)]))
    }

    /// The users of a user group; `default` is off unless one of them is called that.
    pub fn of_users(users: impl IntoIterator<Item = (String, Login)>) -> Self {
        let off = Login {
            access: AccessString("off -@all".to_owned()),
            secret: Secret::Passwords(Vec::new()),
        };
        let mut all = BTreeMap::from([("default".to_owned(), off)]);
        all.extend(users);
        Self(all)
    }

    /// The names of all users.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The AUTH tokens that clients may have or not.
    pub fn optional_tokens(&self) -> Vec<PasswordHash> {
        match self.0.get("default").map(|login| &login.secret) {
            Some(Secret::Optional(tokens)) => tokens.clone(),
            _ => Vec::new(),
        }
    }

    /// The names of the users that log in by IAM.
    pub fn iam_users(&self) -> impl Iterator<Item = &str> {
        let iam = self
            .0
            .iter()
            .filter(|(_, login)| login.secret == Secret::Iam);
        iam.map(|(name, _)| name.as_str())
    }

    /// Whether the user may log in with this password, which for IAM users is a token that `signed` says is good.
    pub fn admits(&self, user: &str, password: &str, signed: impl Fn() -> bool) -> bool {
        self.0.get(user).is_some_and(|login| {
            login.access.is_on()
                && match &login.secret {
                    Secret::Passwords(hashes) => hashes.contains(&PasswordHash::of(password)),
                    Secret::NoPassword => true,
                    Secret::Optional(hashes) => {
                        password.is_empty() || hashes.contains(&PasswordHash::of(password))
                    }
                    Secret::Iam => signed(),
                }
        })
    }

    /// One `ACL SETUSER` per user that makes a node's users exactly these; IAM users have the password `iam` there. Each is
    /// atomic, and connections that are already authenticated stay.
    pub fn commands(&self, iam: &PasswordHash) -> Vec<Vec<String>> {
        self.0
            .iter()
            .map(|(name, login)| set_user(name, login, iam))
            .collect()
    }
}

fn set_user(name: &str, login: &Login, iam: &PasswordHash) -> Vec<String> {
    let proofs = match &login.secret {
        Secret::Passwords(hashes) => hashes
            .iter()
            .map(|PasswordHash(hash)| format!("#{hash}"))
            .collect(),
        Secret::NoPassword | Secret::Optional(_) => vec!["nopass".to_owned()],
        Secret::Iam => vec![format!("#{}", iam.as_str())],
    };
    let words = ["ACL", "SETUSER", name, "reset"]
        .map(str::to_owned)
        .into_iter();
    let rules = login
        .access
        .0
        .split(' ')
        .chain(RESTRICTED)
        .map(str::to_owned);
    words.chain(proofs).chain(rules).collect()
}
