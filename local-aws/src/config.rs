//! Settings of a local AWS.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::Lag;
use crate::apigateway::data_plane::Backends;

/// Settings of a [`crate::LocalAws`]. The default is for tests in process: no delays, quotas on, nothing on disk.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the clock shows at the start; `None`: the machine's time.
    pub start: Option<Timestamp>,
    /// Where generated ids and passwords start: the same seed and calls give the same ids.
    pub seed: u64,
    /// How long timed states last.
    pub delays: Delays,
    /// How late reads know of a write.
    pub lag: Lag,
    /// Whether request quotas are enforced.
    pub quotas: bool,
    /// Access keys whose secret is known.
    pub keys: Vec<KnownKey>,
    /// Folder that keeps the world over restarts.
    pub state_dir: Option<PathBuf>,
    /// `valkey-server` or `redis-server` for cache nodes; without it nodes are states only.
    pub valkey_server: Option<PathBuf>,
    /// Address at which clients reach these nodes.
    pub node_address: Ipv4Addr,
    /// How the data plane reaches back ends.
    pub backends: Backends,
    /// How long the connection of a cache's IAM user stays unless it logs in again.
    pub iam_session: SignedDuration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            start: None,
            seed: 0,
            delays: Delays::zero(),
            lag: Lag::default(),
            quotas: true,
            keys: Vec::new(),
            state_dir: None,
            valkey_server: None,
            node_address: Ipv4Addr::LOCALHOST,
            backends: Backends::default(),
            iam_session: SignedDuration::from_hours(12),
        }
    }
}

/// An access key with its secret: signatures made with it can be verified (IAM routes of the data plane).
#[derive(Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret: String,
    /// Account it belongs to.
    pub account: String,
}

impl std::fmt::Debug for KnownKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownKey")
            .field("access_key", &self.access_key)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl FromStr for KnownKey {
    type Err = String;

    /// `ACCESS_KEY:SECRET` or `ACCESS_KEY:SECRET:ACCOUNT`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(access_key), Some(secret)) = (parts.next(), parts.next()) else {
            return Err("expected ACCESS_KEY:SECRET or ACCESS_KEY:SECRET:ACCOUNT".to_owned());
        };
        let account = parts
            .next()
            .map_or_else(|| crate::sigv4::account_of(access_key), str::to_owned);
        Ok(Self {
            access_key: access_key.to_owned(),
            secret: secret.to_owned(),
            account,
        })
    }
}

macro_rules! delays {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $fast:literal ms, $aws:literal s;)+) => {
        /// A state that lasts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Delay { $($(#[doc = $doc])+ $variant,)+ }

        impl Delay {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            const fn fast(self) -> SignedDuration {
                match self { $(Self::$variant => SignedDuration::from_millis($fast),)+ }
            }

            const fn aws(self) -> SignedDuration {
                match self { $(Self::$variant => SignedDuration::from_secs($aws),)+ }
            }
        }
    };
}

delays! {
    /// A cache is created (replication group, serverless cache).
    Creating = "creating", 1500 ms, 600 s;
    /// A cache is modified.
    Modifying = "modifying", 800 ms, 300 s;
    /// A cache is deleted.
    Deleting = "deleting", 800 ms, 300 s;
    /// A snapshot is taken, also the final one before a deletion.
    Snapshotting = "snapshotting", 500 ms, 240 s;
    /// A cache user is created, modified or deleted.
    User = "user", 300 ms, 15 s;
    /// A cache user's modification goes on to the next node, after it has reached the first.
    PasswordSpread = "password-spread", 100 ms, 3 s;
    /// A cache user group is created, modified or deleted.
    UserGroup = "user-group", 300 ms, 30 s;
    /// A REST API is updating after a write of its definition.
    ApiUpdating = "api-updating", 0 ms, 2 s;
    /// A stage's cache cluster is created or deleted.
    StageCache = "stage-cache", 500 ms, 240 s;
    /// A forced deletion of a secret still holds the name.
    SecretDeleting = "secret-deleting", 200 ms, 5 s;
    /// A Lambda function's configuration is updating.
    LambdaUpdating = "lambda-updating", 200 ms, 10 s;
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|delay| delay.name() == name)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|delay| delay.name()).collect();
                format!("no delay is called {name}; there are {}", names.join(", "))
            })
    }
}

/// How long each timed state lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays(BTreeMap<Delay, SignedDuration>);

impl Delays {
    /// Every change is done at once.
    #[must_use]
    pub fn zero() -> Self {
        Self(BTreeMap::new())
    }

    /// Long enough to be seen, short enough to wait for.
    #[must_use]
    pub fn fast() -> Self {
        Self(
            Delay::ALL
                .iter()
                .map(|delay| (*delay, delay.fast()))
                .collect(),
        )
    }

    /// About what AWS takes.
    #[must_use]
    pub fn aws() -> Self {
        Self(
            Delay::ALL
                .iter()
                .map(|delay| (*delay, delay.aws()))
                .collect(),
        )
    }

    /// The same with one delay set.
    #[must_use]
    pub fn with(mut self, delay: Delay, lasts: SignedDuration) -> Self {
        self.0.insert(delay, lasts);
        self
    }

    /// How long `delay` lasts.
    #[must_use]
    pub fn of(&self, delay: Delay) -> SignedDuration {
        self.0.get(&delay).copied().unwrap_or(SignedDuration::ZERO)
    }
}

impl FromStr for Delays {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "zero" => Ok(Self::zero()),
            "fast" => Ok(Self::fast()),
            "aws" => Ok(Self::aws()),
            _ => Err("expected zero, fast or aws".to_owned()),
        }
    }
}
