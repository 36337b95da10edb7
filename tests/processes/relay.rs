//! A relay in front of the API server. What goes through is encrypted, so it knows bytes and connections, not requests.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What becomes of bytes from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are handed on.
    Pass,
    /// They are handed on that much later, each time.
    Slow(Duration),
    /// They wait. Connections stay.
    Stall,
    /// Connections end, and new ones end at once.
    Refuse,
}

/// What becomes of a turn: the bytes that a client sends after it has read, and what it reads then. Without encryption that were a request and its reply;
/// with it, a handshake is a turn or two as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// The connection ends before the server has got the bytes.
    Request,
    /// The connection ends when the server has answered.
    Reply,
    /// The server gets the bytes twice.
    Twice,
}

/// Every so many turns one is spoilt, so many in all.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub spoil: Spoil,
    pub every: u64,
    pub times: u64,
}

/// A relay on a port of loopback, for as long as the test's runtime lasts.
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    upstream: SocketAddr,
    mode: watch::Sender<Mode>,
    /// How often connections were cut.
    cuts: watch::Sender<u64>,
    accepted: AtomicU64,
    turns: AtomicU64,
    plan: Mutex<Option<Plan>>,
}

impl Relay {
    /// In front of what listens on `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            upstream,
            mode: watch::Sender::new(Mode::Pass),
            cuts: watch::Sender::new(0),
            accepted: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            plan: Mutex::new(None),
        });
        tokio::spawn(serve(listener, state.clone()));
        Ok(Self { address, state })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, mode: Mode) {
        self.state.mode.send_replace(mode);
    }

    /// Ends every connection that there is.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Spoils turns from now on.
    pub fn plan(&self, plan: Plan) {
        self.state.turns.store(0, Ordering::SeqCst);
        *self.state.plan() = Some(plan);
    }

    /// How many turns are still to be spoilt.
    pub fn left(&self) -> u64 {
        self.state.plan().map_or(0, |plan| plan.times)
    }

    /// How many connections there were.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }
}

impl State {
    fn plan(&self) -> std::sync::MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn begins; says what becomes of it.
    fn turn(&self) -> Option<Spoil> {
        let turn = self.turns.fetch_add(1, Ordering::SeqCst) + 1;
        let mut plan = self.plan();
        let plan = plan.as_mut().filter(|plan| plan.times > 0)?;
        if !turn.is_multiple_of(plan.every) {
            return None;
        }
        plan.times -= 1;
        Some(plan.spoil)
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        state.accepted.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(client, state.clone()));
    }
}

/// Relays until either side ends, or it is cut; whichever it is, both sides notice.
async fn connect(client: TcpStream, state: Arc<State>) {
    let (mut cuts, mut mode) = (state.cuts.subscribe(), state.mode.subscribe());
    if *mode.borrow() == Mode::Refuse {
        return;
    }
    let refused = async {
        let _ = mode.wait_for(|mode| *mode == Mode::Refuse).await;
    };
    tokio::select! {
        _ = relay(client, &state) => {}
        _ = cuts.changed() => {}
        () = refused => {}
    }
}

async fn relay(client: TcpStream, state: &State) -> io::Result<()> {
    let server = TcpStream::connect(state.upstream).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // What becomes of the turn that is under way; none once it was answered.
    let turn = Mutex::new(None);
    let lock = || turn.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = || {
        let mut turn = lock();
        if turn.is_some() {
            // More of the same turn.
            return 1;
        }
        let spoil = state.turn();
        *turn = Some(spoil);
        match spoil {
            Some(Spoil::Request) => 0,
            Some(Spoil::Twice) => 2,
            Some(Spoil::Reply) | None => 1,
        }
    };
    let answered = || match lock().take() {
        Some(Some(Spoil::Reply)) => 0,
        _ => 1,
    };
    tokio::select! {
        end = pump(from_client, to_server, state, sent) => end,
        end = pump(from_server, to_client, state, answered) => end,
    }
}

/// Hands bytes on as often as `copies` says; ends where that is never.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &State,
    copies: impl Fn() -> usize,
) -> io::Result<()> {
    let mut mode = state.mode.subscribe();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        // They wait for as long as it takes.
        let now = *mode
            .wait_for(|mode| *mode != Mode::Stall)
            .await
            .map_err(io::Error::other)?;
        if let Mode::Slow(delay) = now {
            sleep(delay).await;
        }
        let copies = copies();
        if length == 0 || copies == 0 {
            return Ok(());
        }
        for _ in 0..copies {
            to.write_all(&bytes[..length]).await?;
        }
    }
}
