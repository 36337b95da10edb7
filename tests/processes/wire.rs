//! A wire to the local AWS, which speaks plain HTTP: requests are told apart, counted, and spoilt as the wire of the simulation does it
//! (`tests/reconcile/wire.rs`).

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::message::{self, Reader};

/// Which calls. They are counted from when the fault is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The nth call, a read or a write.
    Call(usize),
    /// The nth write.
    Write(usize),
    /// Each write whose number is a multiple of this.
    Writes(usize),
    /// The nth call of this operation, e.g. `secretsmanager:CreateSecret` or `apigateway:POST /restapis`.
    Operation(&'static str, usize),
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The connection ends before AWS has the request.
    LoseRequest,
    /// AWS does what it is asked, and the connection ends without a reply.
    LoseReply,
    /// AWS gets the request twice, the second time once it has replied. The client gets the first reply.
    Twice,
    /// The connection ends in the middle of the reply.
    HalfReply,
    /// The request comes that much later.
    Delay(Duration),
    /// The request waits until [`Wire::go_on`], or is lost by [`Wire::drop_held`].
    HoldRequest,
    /// The reply does.
    HoldReply,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: String,
    pub is_write: bool,
}

#[derive(Debug)]
struct Fault {
    at: At,
    effect: Effect,
    /// Calls so far that it counts.
    seen: usize,
    met: usize,
}

/// What became of those that are held.
#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    /// How many came.
    held: usize,
    /// How many times all of them were let go, or lost.
    opened: usize,
    lost: bool,
}

/// A wire on a port of loopback, for as long as the test's runtime lasts.
pub struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    upstream: SocketAddr,
    accepted: AtomicUsize,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<Vec<Fault>>,
    gate: watch::Sender<Gate>,
    /// Whether nobody answers.
    is_out: watch::Sender<bool>,
}

impl Wire {
    /// To what listens on `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            upstream,
            accepted: AtomicUsize::new(0),
            calls: Mutex::default(),
            faults: Mutex::default(),
            gate: watch::Sender::new(Gate::default()),
            is_out: watch::Sender::new(false),
        });
        tokio::spawn(serve(listener, state.clone()));
        Ok(Self { address, state })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Spoils calls from now on.
    pub fn fault(&self, at: At, effect: Effect) {
        let fault = Fault {
            at,
            effect,
            seen: 0,
            met: 0,
        };
        lock(&self.state.faults).push(fault);
    }

    /// Spoils no more calls.
    pub fn drop_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// How many calls were spoilt by the faults that there are.
    pub fn met(&self) -> usize {
        lock(&self.state.faults).iter().map(|fault| fault.met).sum()
    }

    /// How many connections there were.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state.calls).clone()
    }

    /// The operations of every write so far.
    pub fn writes(&self) -> Vec<String> {
        let writes = self.calls().into_iter().filter(|call| call.is_write);
        writes.map(|call| call.operation).collect()
    }

    /// Whether any call is held.
    pub fn is_held(&self) -> bool {
        self.state.gate.borrow().held > 0
    }

    /// Lets those that are held go on.
    pub fn go_on(&self) {
        self.open(false);
    }

    /// Loses those that are held.
    pub fn drop_held(&self) {
        self.open(true);
    }

    fn open(&self, lost: bool) {
        self.state.gate.send_modify(|gate| {
            *gate = Gate {
                held: 0,
                opened: gate.opened + 1,
                lost,
            };
        });
    }

    /// Nobody answers from now on: connections end, and new ones end at once. Or that is over.
    pub fn set_out(&self, is_out: bool) {
        self.state.is_out.send_replace(is_out);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// A call came; says what happens to it.
    fn record(&self, call: Call) -> Vec<Effect> {
        let mut faults = lock(&self.faults);
        let effects = faults.iter_mut().filter_map(|fault| fault.hits(&call));
        let effects = effects.collect();
        lock(&self.calls).push(call);
        effects
    }

    /// Returns once it may go on; an error if it is lost.
    async fn hold(&self) -> io::Result<()> {
        let mut gate = self.gate.subscribe();
        let before = gate.borrow().opened;
        self.gate.send_modify(|gate| gate.held += 1);
        let opened = gate.wait_for(|gate| gate.opened > before).await;
        if opened.map_err(io::Error::other)?.lost {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// What AWS replies to a request.
    async fn forward(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(self.upstream).await?;
        server.write_all(request).await?;
        let reply = Reader::new(&mut server).next().await?;
        reply.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Fault {
    fn hits(&mut self, call: &Call) -> Option<Effect> {
        let counts = match self.at {
            At::Call(_) => true,
            At::Write(_) | At::Writes(_) => call.is_write,
            At::Operation(operation, _) => call.operation == operation,
        };
        self.seen += usize::from(counts);
        let is_it = counts
            && match self.at {
                At::Call(nth) | At::Write(nth) | At::Operation(_, nth) => self.seen == nth,
                At::Writes(every) => self.seen.is_multiple_of(every),
            };
        self.met += usize::from(is_it);
        is_it.then_some(self.effect)
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        state.accepted.fetch_add(1, Ordering::SeqCst);
        let state = state.clone();
        tokio::spawn(async move {
            let mut is_out = state.is_out.subscribe();
            let out = async {
                let _ = is_out.wait_for(|is_out| *is_out).await;
            };
            tokio::select! {
                biased;
                () = out => {}
                // Whatever goes wrong, the client notices that its connection has ended.
                _ = answer(client, &state) => {}
            }
        });
    }
}

/// Answers what comes on a connection, one request after the other.
async fn answer(client: TcpStream, state: &State) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from, mut to) = client.into_split();
    let mut requests = Reader::new(from);
    while let Some(request) = requests.next().await? {
        let effects = state.record(message::call(&request));
        answer_one(&mut to, state, &request, &effects).await?;
    }
    Ok(())
}

async fn answer_one(
    client: &mut (impl AsyncWrite + Unpin),
    state: &State,
    request: &[u8],
    effects: &[Effect],
) -> io::Result<()> {
    let lost = || Err(io::ErrorKind::ConnectionAborted.into());
    for effect in effects {
        match effect {
            Effect::LoseRequest => return lost(),
            Effect::HoldRequest => state.hold().await?,
            Effect::Delay(delay) => sleep(*delay).await,
            _ => {}
        }
    }
    let reply = state.forward(request).await?;
    let mut length = reply.len();
    for effect in effects {
        match effect {
            Effect::LoseReply => return lost(),
            Effect::HoldReply => state.hold().await?,
            Effect::Twice => drop(state.forward(request).await?),
            Effect::HalfReply => length /= 2,
            _ => {}
        }
    }
    client.write_all(&reply[..length]).await?;
    if length < reply.len() { lost() } else { Ok(()) }
}
