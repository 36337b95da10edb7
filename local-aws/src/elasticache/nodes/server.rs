//! One valkey-server (or redis-server) process.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::connection::Connection;
use super::error::NodeError;
use super::front::LoginRules;
use super::plan::Plan;
use super::supervisor::Key;
use crate::config::KnownKey;
use crate::elasticache::acl::PasswordHash;
use crate::elasticache::iam::Gate;
use crate::{Clock, LocalAws};

/// Runs the server, and ends it and removes its folder when this shell's standard input closes, which the kernel does also
/// when the parent is killed. Ends when the server ends.
const WATCHDOG: &str = r#"
exec 3<&0
folder=$1
shift
"$@" </dev/null 3<&- &
server=$!
(read -r _ <&3; true > "$folder/left"; kill -9 "$server"; rm -rf "$folder") 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
[ -e "$folder/left" ] || kill "$watcher" 2>/dev/null
"#;

/// The user that this program administers nodes with; replicas log in to their primary with it as well.
pub(super) const ADMIN: &str = "local-aws";

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

/// What a server is started with.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The program.
    pub(super) binary: PathBuf,
    /// Password of [`ADMIN`].
    pub(super) password: String,
    /// Address of the group's endpoints.
    pub(super) address: Ipv4Addr,
    /// Whether it is part of a cluster.
    pub(super) clustered: bool,
    /// Keys that may sign an IAM user's token.
    keys: Vec<KnownKey>,
    /// How long the connection of an IAM user stays without a new token.
    iam_session: Duration,
    clock: Clock,
}

/// A running server. Ends with this value.
#[derive(Debug)]
pub(super) struct Server {
    watchdog: Child,
    folder: TempDir,
    pub(super) port: u16,
    /// Port of the cluster bus.
    pub(super) bus: u16,
    pub(super) connection: Connection,
}

impl Server {
    /// Starts a server and waits until it answers. A port that someone else takes first is left to them.
    pub(super) async fn start(node: &str, settings: &Settings) -> Result<Self, NodeError> {
        let mut last = NodeError::Late("starting a node");
        for _ in 0..3 {
            match Self::start_once(node, settings).await {
                Ok(server) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn start_once(node: &str, settings: &Settings) -> Result<Self, NodeError> {
        let folder = TempDir::with_prefix("local-aws-node-")
            .map_err(NodeError::io("make a node's folder"))?;
        let port = free_port().map_err(NodeError::io("find a free port"))?;
        let bus = free_port().map_err(NodeError::io("find a free port"))?;
        let file = folder.path().join("node.conf");
        fs::write(&file, settings.render(folder.path(), port, bus))
            .map_err(NodeError::io("configure a node"))?;
        let complaints = File::create(folder.path().join("node.err"))
            .map_err(NodeError::io("make a node's folder"))?;
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .args([folder.path(), &settings.binary, &file])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(complaints)
            .process_group(0)
            .spawn()
            .map_err(NodeError::io("start a node"))?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && watchdog.try_wait().is_ok_and(|status| status.is_none())
        {
            match Connection::open(port, ADMIN, &settings.password).await {
                Ok(connection) => {
                    return Ok(Self {
                        watchdog,
                        folder,
                        port,
                        bus,
                        connection,
                    });
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
        Err(NodeError::NotStarted {
            node: node.to_owned(),
            log: last_lines(folder.path()),
        })
    }

    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        self.watchdog
            .try_wait()
            .is_ok_and(|status| status.is_none())
            && self.folder.path().exists()
    }

    /// Waits until the reply to `command` contains `text`.
    pub(super) async fn wait_for_reply(
        &mut self,
        command: &[&str],
        text: &str,
    ) -> Result<(), NodeError> {
        let deadline = Instant::now() + PATIENCE;
        while !self.connection.command(command).await?.contains(text) {
            if Instant::now() > deadline {
                return Err(NodeError::Late("bringing nodes together"));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl Settings {
    /// Settings with a secret that nobody can guess.
    pub(super) fn new(local: &LocalAws, binary: PathBuf) -> Result<Self, NodeError> {
        let mut bytes = [0; 24];
        let random =
            File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
        random.map_err(NodeError::io("draw a secret"))?;
        Ok(Self {
            binary,
            password: crate::sigv4::hex(&bytes),
            address: local.config().node_address,
            clustered: false,
            keys: local.config().keys.clone(),
            iam_session: local.config().iam_session.unsigned_abs(),
            clock: local.clock(),
        })
    }

    /// Which tokens open a cache.
    pub(super) fn gate(&self, key: &Key) -> Gate {
        Gate {
            cache: key.id.clone(),
            account: key.account.clone(),
            region: key.region.clone(),
            keys: self.keys.clone(),
        }
    }

    /// The logins that the engine does not know, if a plan has any.
    pub(super) fn login_rules(&self, gate: &Gate, plan: &Plan) -> Option<Arc<LoginRules>> {
        let (users, tokens) = (plan.iam_users(), plan.optional_tokens());
        if users.is_empty() && tokens.is_empty() {
            return None;
        }
        Some(Arc::new(LoginRules {
            gate: gate.clone(),
            users,
            tokens,
            password: self.password.clone(),
            clock: self.clock,
            session: self.iam_session,
        }))
    }

    fn render(&self, folder: &Path, port: u16, bus: u16) -> String {
        let folder = folder.display();
        let hash = PasswordHash::of(&self.password);
        let cluster = if self.clustered {
            format!("cluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 5000\n")
        } else {
            String::new()
        };
        format!(
            "port {port}\nbind 127.0.0.1\nprotected-mode no\ndir \"{folder}\"\nlogfile \"{folder}/node.log\"\n\
             save \"\"\nappendonly no\nrepl-diskless-load on-empty-db\nrepl-diskless-sync-delay 0\n{cluster}\
             user default off\nuser {ADMIN} on #{} ~* &* +@all\nmasteruser {ADMIN}\nmasterauth {}\n",
            hash.as_str(),
            self.password,
        )
    }
}

fn free_port() -> io::Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()
        .map(|address| address.port())
}

/// The end of what the server wrote: to its log, or to its standard error before it had one.
fn last_lines(folder: &Path) -> String {
    let read = |file| fs::read_to_string(folder.join(file)).unwrap_or_default();
    let written = read("node.err") + &read("node.log");
    let lines: Vec<_> = written.lines().collect();
    lines[lines.len().saturating_sub(3)..].join(" / ")
}
