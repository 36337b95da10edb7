//! Clients of the cache, which keep a credential for as long as they may.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::dialer::{Connection, Credential, Dialer, Trouble};
use crate::world::{REGION, World};

/// The key that clients read Secrets Manager with, which makes their calls theirs.
pub const ACCESS_KEY: &str = "AKIACLIENTS";
/// How long a client keeps a credential: `clientCacheTtl`.
pub const CACHE: SignedDuration = SignedDuration::from_mins(15);
/// Between two connections of a client, and until it tries again what went wrong.
const SECOND: Duration = Duration::from_secs(1);
/// Examples of failures that are shown.
const EXAMPLES: usize = 10;

/// What happened to the clients.
#[derive(Default)]
pub struct Tally {
    pub logins: u64,
    pub failed_logins: u64,
    pub requests: u64,
    pub failed_requests: u64,
    pub refreshes: u64,
    /// Nodes that did not answer, which is no word on the credential, and connections that ended.
    pub interruptions: u64,
    pub examples: Vec<String>,
}

impl Tally {
    fn note(&mut self, at: Timestamp, what: &str, why: &str) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{at} {what}: {why}"));
        }
    }
}

/// The ports of the cache's endpoints.
#[derive(Clone, Copy)]
pub struct Ports {
    pub primary: u16,
    pub reader: u16,
}

/// One client.
pub struct Client {
    pub number: usize,
    pub world: Arc<World>,
    pub dialer: Dialer,
    pub ports: Ports,
    pub tally: Arc<Mutex<Tally>>,
    /// Until it begins: clients do not read the credential all at once.
    pub first: Duration,
    /// Longest time between two new connections.
    pub every: Duration,
    /// Whether nodes may be silent and connections may end: the cache fails over.
    pub patient: bool,
}

/// What a client has.
#[derive(Default)]
struct Hand {
    credential: Option<(Credential, Timestamp)>,
    /// A connection that stays open from the first login on.
    kept: Option<Connection>,
}

/// What came of a turn.
#[derive(Default)]
struct Turn {
    login: Option<Result<(), Trouble>>,
    requests: Vec<Result<(), Trouble>>,
    kept: Option<Connection>,
}

impl Client {
    /// Connects until this is dropped. Whether a node lets a client in is decided by what the node has and by the credential at hand: a connection in each
    /// second would find what the one before it found, unless one of the two is another by now. So there is one whenever the nodes are worked on and when that
    /// is done, at most one a second, and one with each fresh credential; and one now and then besides.
    pub async fn live(self) {
        let mut nodes = self.world.aws.work();
        let mut hand = Hand::default();
        sleep(self.first).await;
        for turn in self.number.. {
            self.take_turn(&mut hand, turn).await;
            sleep(SECOND).await;
            tokio::select! {
                _ = nodes.changed() => {}
                () = sleep(self.every.min(self.left(&hand))) => {}
            }
        }
    }

    /// How long the credential at hand may be kept.
    fn left(&self, hand: &Hand) -> Duration {
        let now = self.world.aws.now();
        let left = hand
            .credential
            .as_ref()
            .map(|(_, since)| CACHE - now.duration_since(*since));
        left.and_then(|left| left.try_into().ok())
            .unwrap_or_default()
    }

    /// Opens a connection, to the primary or to a replica, and asks for something on it and on the one that is kept.
    async fn take_turn(&self, hand: &mut Hand, turn: usize) {
        loop {
            let credential = self.credential(hand).await;
            let (kept, dialer, ports) = (hand.kept.take(), self.dialer.clone(), self.ports);
            let work = move || connect(&dialer, ports, &credential, (turn, kept));
            let done = spawn_blocking(work).await.unwrap();
            let silent = matches!(done.login, Some(Err(Trouble::Silent(_))));
            hand.kept = self.count(done);
            if !(silent && self.patient) {
                return;
            }
            sleep(SECOND).await;
        }
    }

    /// The credential that is at hand, or a fresh one when that is too old.
    async fn credential(&self, hand: &mut Hand) -> Credential {
        loop {
            let now = self.world.aws.now();
            if let Some((credential, since)) = &hand.credential
                && now.duration_since(*since) < CACHE
            {
                return credential.clone();
            }
            let read = if self.number.is_multiple_of(2) {
                self.bound()
            } else {
                self.secret_value().await
            };
            self.tally.lock().unwrap().refreshes += 1;
            match read {
                Some(credential) => hand.credential = Some((credential, now)),
                None => sleep(SECOND).await,
            }
        }
    }

    /// From the bound Secret, as it is.
    fn bound(&self) -> Option<Credential> {
        let mut bound = self.world.bound();
        let mut take = |key| bound.remove(key);
        Some(Credential {
            username: take("username")?,
            password: take("password")?,
            key_prefix: take("keyPrefix")?,
        })
    }

    /// From Secrets Manager, which may have other things to do.
    async fn secret_value(&self) -> Option<Credential> {
        let arn = &self.world.object()["status"]["credentials"]["secretArn"];
        let scope = format!("{ACCESS_KEY}/20261124/{REGION}/secretsmanager/aws4_request");
        let request = Request::post("/")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"),
            )
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(Bytes::from(json!({"SecretId": arn}).to_string()));
        let response = self.world.aws.handle(request.unwrap()).await;
        let reply: Value = serde_json::from_slice(response.body()).ok()?;
        let value: Value = serde_json::from_str(reply["SecretString"].as_str()?).ok()?;
        let text = |field: &str| value[field].as_str().map(str::to_owned);
        Some(Credential {
            username: text("username")?,
            password: text("password")?,
            key_prefix: text("keyPrefix")?,
        })
    }

    fn count(&self, turn: Turn) -> Option<Connection> {
        let now = self.world.aws.now();
        let mut tally = self.tally.lock().unwrap();
        if let Some(login) = turn.login {
            tally.logins += 1;
            match login {
                Ok(()) => {}
                Err(Trouble::Silent(_)) if self.patient => tally.interruptions += 1,
                Err(trouble) => {
                    tally.failed_logins += 1;
                    tally.note(now, "login", &trouble.to_string());
                }
            }
        }
        for request in turn.requests {
            tally.requests += 1;
            match request {
                Ok(()) => {}
                Err(_) if self.patient => tally.interruptions += 1,
                Err(trouble) => {
                    tally.failed_requests += 1;
                    tally.note(now, "request", &trouble.to_string());
                }
            }
        }
        turn.kept
    }
}

/// The first login of a client opens the connection that is kept.
fn connect(
    dialer: &Dialer,
    ports: Ports,
    credential: &Credential,
    (turn, kept): (usize, Option<Connection>),
) -> Turn {
    let key = format!("{}load", credential.key_prefix);
    let write = turn.is_multiple_of(2);
    let (port, words) = if write {
        (ports.primary, vec!["SET", &key, "1"])
    } else {
        (ports.reader, vec!["EXISTS", &key])
    };
    let mut done = Turn::default();
    if let Some(mut kept) = kept {
        let answer = kept.say(&["EXISTS", &key]);
        done.kept = answer.is_ok().then_some(kept);
        done.requests.push(answer);
    }
    let opened = dialer
        .connect(port)
        .map_err(Trouble::from)
        .and_then(|mut connection| connection.log_in(credential).map(|()| connection));
    match opened {
        Err(trouble) => done.login = Some(Err(trouble)),
        Ok(mut connection) => {
            done.login = Some(Ok(()));
            let answer = connection.say(&words);
            if done.kept.is_none() && answer.is_ok() {
                done.kept = Some(connection);
            }
            done.requests.push(answer);
        }
    }
    done
}
