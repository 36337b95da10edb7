//! What lies between an operator and its two servers: every call goes over it, and a plan of faults says what becomes of which.

use std::collections::HashMap;
use std::future::pending;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use local_aws::{LocalAws, ReplyLost};
use local_kube::{Body, ConnectionClosed, LocalKube};
use tokio::sync::Notify;
use tokio::time::{advance, sleep};

/// Which side of a call the operator ends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call never left.
    NotSent,
    /// The call was applied; nobody saw the answer.
    Applied,
}

/// Which call of the operator a fault meets. Events and the stream of a watch decide nothing and are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The call of this number, counted from 0 and from when the fault was planned.
    Call(usize),
    /// Every call whose number is in this range.
    Calls(Range<usize>),
    /// The write of this number, counted in the same way.
    Write(usize),
    /// Every write but of a status whose number, counted from 1, is a multiple of this one, for ever.
    EveryAction(usize),
    /// The nth call of an operation (`secretsmanager:CreateSecret`, `cachedapis/status:patch`) about an object, as the log spells them; 1 is the next one.
    Nth {
        operation: String,
        object: String,
        nth: usize,
    },
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The operator ends.
    Crash(Side),
    /// It waits until somebody says [`Wire::go_on`].
    Pause,
    /// The request never arrives: the connection is closed.
    LoseRequest,
    /// It is applied, and the connection is closed without an answer.
    LoseReply,
    /// A second copy of it arrives this much later.
    Duplicate(Duration),
    /// It happens this much later.
    Delay(Duration),
    /// There were too many of its kind.
    Throttle,
    /// The server has an error of its own.
    ServerError,
    /// The operator may not do that.
    DenyAccess,
    /// A read is answered as it was answered before what was written last, if it was asked then. A write is done.
    Stale,
    /// The answer ends in the middle.
    Truncate,
    /// A proxy answers with a page.
    Page,
    /// The answer speaks of a state that nobody knows.
    UnknownState,
}

/// A fault: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub effect: Effect,
}

/// A call of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `service:Operation` or `resource:verb`.
    pub operation: String,
    /// What it is about, as far as the request names it.
    pub object: String,
    pub writes: bool,
}

/// What happens while the operator sleeps.
type Meanwhile = Box<dyn FnOnce() + Send>;
/// Looks on after each call that may have changed something, and after each late copy of one.
type Onlooker = Arc<dyn Fn(&Call) + Send + Sync>;
/// Makes another answer of AWS's.
type Alteration = Arc<dyn Fn(&Call, Response<Bytes>) -> Response<Bytes> + Send + Sync>;

/// See the module.
#[derive(Default)]
pub struct Wire {
    state: Mutex<State>,
    crashed: Notify,
    paused: Notify,
    goes_on: Notify,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    /// Faults that met their call.
    met: usize,
    calls: Vec<Call>,
    writes: Vec<String>,
    log: Vec<String>,
    sleep: Option<(usize, Meanwhile)>,
    onlooker: Option<Onlooker>,
    alteration: Option<Alteration>,
    /// The last two different answers of AWS to each request, the older one first.
    answers: HashMap<(String, Bytes), [Response<Bytes>; 2]>,
}

impl Wire {
    /// Stops the operator at the write number `index`, counted from 0 and from now on.
    pub fn set(&self, index: usize, side: Side) {
        self.plan(vec![Fault {
            at: At::Write(index),
            effect: Effect::Crash(side),
        }]);
    }

    /// From now on `faults` happen, and no others. Calls are counted anew.
    pub fn plan(&self, faults: Vec<Fault>) {
        self.with(|state| {
            *state = State {
                faults,
                log: std::mem::take(&mut state.log),
                sleep: state.sleep.take(),
                onlooker: state.onlooker.take(),
                alteration: state.alteration.take(),
                answers: std::mem::take(&mut state.answers),
                ..State::default()
            };
        });
    }

    /// How many of the faults have met their call.
    pub fn met(&self) -> usize {
        self.with(|state| state.met)
    }

    /// The addresses of all calls since faults were planned.
    pub fn addresses(&self) -> Vec<At> {
        self.with(|state| {
            (1..=state.calls.len())
                .filter_map(|end| address(&state.calls[..end]))
                .collect()
        })
    }

    /// Has `look` look on after each write, and after each late copy of one, from now on.
    pub fn show(&self, look: impl Fn(&Call) + Send + Sync + 'static) {
        self.with(|state| state.onlooker = Some(Arc::new(look)));
    }

    /// Has `alter` make another one of each answer of AWS, from now on.
    pub fn alter(
        &self,
        alter: impl Fn(&Call, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) {
        self.with(|state| state.alteration = Some(Arc::new(alter)));
    }

    /// Every call ever, with its time and what became of it.
    pub fn log(&self) -> Vec<String> {
        self.with(|state| state.log.clone())
    }

    /// Has the operator sleep for a minute when it gets the answer to its call number `index`, reads and all, counted from 0. It wakes where
    /// it was, as a process that got SIGSTOP and SIGCONT.
    pub fn sleep(&self, index: usize, meanwhile: impl FnOnce() + Send + 'static) {
        self.with(|state| state.sleep = Some((index, Box::new(meanwhile))));
    }

    /// Whether the operator has slept.
    pub fn slept(&self) -> bool {
        self.with(|state| state.sleep.is_none())
    }

    /// Returns when the operator has crashed.
    pub async fn tripped(&self) {
        self.crashed.notified().await;
    }

    /// Returns when a call waits.
    pub async fn paused(&self) {
        self.paused.notified().await;
    }

    /// The call that waits goes on.
    pub fn go_on(&self) {
        self.goes_on.notify_one();
    }

    /// The writes that were begun since faults were planned.
    pub fn writes(&self) -> Vec<String> {
        self.with(|state| state.writes.clone())
    }

    /// Carries a request to AWS and its answer back.
    pub async fn to_aws(
        self: Arc<Self>,
        aws: LocalAws,
        mut request: Request<Bytes>,
    ) -> Response<Bytes> {
        let call = call_of_aws(&aws, &request);
        let effect = self.meet(Some(&call));
        self.before(effect).await;
        let key = (
            format!("{} {}", request.method(), request.uri()),
            request.body().clone(),
        );
        if let Some(effect) = effect.and_then(Effect::of_aws) {
            request.extensions_mut().insert(effect);
        }
        if let Some(Effect::Duplicate(later)) = effect {
            let (aws, copy) = (aws.clone(), request.clone());
            let (wire, call) = (self.clone(), call.clone());
            tokio::spawn(async move {
                sleep(later).await;
                aws.handle(copy).await;
                wire.show_to_onlooker(&call);
            });
        }
        let answer = aws.handle(request).await;
        let lost = answer.extensions().get::<ReplyLost>().is_some();
        self.note(aws.now(), &call, answer.status(), lost);
        self.after(&call, effect).await;
        let answer = self.remember(&call, key, answer, effect == Some(Effect::Stale));
        let answer = spoil(answer, effect);
        match self.with(|state| state.alteration.clone()) {
            Some(alter) if !lost => alter(&call, answer),
            _ => answer,
        }
    }

    /// Carries a request to the API server and its answer back.
    pub async fn to_kube(
        self: Arc<Self>,
        kube: LocalKube,
        now: impl Fn() -> Timestamp,
        request: Request<kube::client::Body>,
    ) -> Result<Response<Body>, ConnectionClosed> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| ConnectionClosed)?;
        let mut request = Request::from_parts(head, body.to_bytes());
        let call = call_of_kube(&kube, &request);
        let effect = self.meet(call.as_ref());
        self.before(effect).await;
        if let Some(effect) = effect.and_then(Effect::of_kube) {
            request.extensions_mut().insert(effect);
        }
        let Some(call) = call else {
            return kube.handle(request).await;
        };
        if let Some(Effect::Duplicate(later)) = effect {
            let (kube, copy) = (kube.clone(), request.clone());
            let (wire, call) = (self.clone(), call.clone());
            tokio::spawn(async move {
                sleep(later).await;
                kube.handle(copy).await.ok();
                wire.show_to_onlooker(&call);
            });
        }
        let answer = kube.handle(request).await;
        let status = answer.as_ref().map_or(StatusCode::OK, Response::status);
        self.note(now(), &call, status, answer.is_err());
        self.after(&call, effect).await;
        answer
    }

    /// Counts the call, and says what is to become of it.
    fn meet(&self, call: Option<&Call>) -> Option<Effect> {
        let call = call?;
        self.with(|state| {
            let (number, write) = (state.calls.len(), state.writes.len());
            state.calls.push(call.clone());
            if call.writes {
                let text = format!("{} {}", call.operation, call.object);
                state.writes.push(text);
            }
            // What follows goes through all calls.
            if state.faults.is_empty() {
                return None;
            }
            let is_status = |text: &str| text.starts_with("cachedapis/status:");
            let actions = state.writes.iter().filter(|text| !is_status(text));
            let actions = actions.count();
            let is_action = call.writes && !is_status(&call.operation);
            let address = address(&state.calls);
            let meets = |fault: &Fault| match &fault.at {
                At::Call(index) => *index == number,
                At::Calls(range) => range.contains(&number),
                At::Write(index) => call.writes && *index == write,
                At::EveryAction(each) => is_action && actions.is_multiple_of(*each),
                nth @ At::Nth { .. } => Some(nth) == address.as_ref(),
            };
            let found = state.faults.iter().position(meets)?;
            state.met += 1;
            let fault = &state.faults[found];
            match &fault.at {
                At::EveryAction(_) => Some(fault.effect),
                At::Calls(range) if number + 1 < range.end => Some(fault.effect),
                _ => Some(state.faults.remove(found).effect),
            }
        })
    }

    async fn before(&self, effect: Option<Effect>) {
        match effect {
            Some(Effect::Crash(Side::NotSent)) => self.crash().await,
            Some(Effect::Pause) => {
                self.paused.notify_one();
                self.goes_on.notified().await;
            }
            _ => {}
        }
    }

    async fn after(&self, call: &Call, effect: Option<Effect>) {
        self.show_to_onlooker(call);
        if effect == Some(Effect::Crash(Side::Applied)) {
            self.crash().await;
        }
        self.fall_asleep();
    }

    fn show_to_onlooker(&self, call: &Call) {
        let onlooker = self.with(|state| state.onlooker.clone());
        if let (true, Some(look)) = (call.writes, onlooker) {
            look(call);
        }
    }

    /// Nothing ever comes back.
    async fn crash(&self) {
        self.crashed.notify_one();
        pending::<()>().await;
    }

    /// The clock goes on, and nothing else gets a turn before the operator goes on with the answer. What it writes from then on is what counts.
    fn fall_asleep(&self) {
        let sleep = self.with(|state| {
            let index = state.calls.len();
            let sleep = state.sleep.take_if(|(at, _)| *at < index)?;
            state.writes.clear();
            Some(sleep)
        });
        if let Some((_, meanwhile)) = sleep {
            meanwhile();
            let _ = advance(Duration::from_mins(1)).now_or_never();
        }
    }

    fn note(&self, now: Timestamp, call: &Call, status: StatusCode, lost: bool) {
        let outcome = if lost { "lost" } else { status.as_str() };
        let line = format!("{now} {} {} {outcome}", call.operation, call.object);
        self.with(|state| state.log.push(line));
    }

    /// The answer, or the one that the same read had before it changed.
    fn remember(
        &self,
        call: &Call,
        key: (String, Bytes),
        answer: Response<Bytes>,
        stale: bool,
    ) -> Response<Bytes> {
        if call.writes {
            return answer;
        }
        self.with(|state| {
            let kept = state
                .answers
                .entry(key)
                .or_insert_with(|| [answer.clone(), answer.clone()]);
            if kept[1].body() != answer.body() {
                *kept = [kept[1].clone(), answer.clone()];
            }
            if stale { kept[0].clone() } else { answer }
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Effect {
    /// What the local AWS makes of it, if it is its part.
    fn of_aws(self) -> Option<local_aws::Effect> {
        use local_aws::Effect as Aws;
        let code = || "InternalFailure".to_owned();
        Some(match self {
            Self::LoseRequest => Aws::LoseRequest,
            Self::LoseReply => Aws::LoseReply,
            Self::Delay(delay) => Aws::Delay { ms: millis(delay) },
            Self::Throttle => Aws::Throttle { retry_after: None },
            Self::DenyAccess => Aws::DenyAccess,
            Self::ServerError => Aws::Fail {
                code: code(),
                status: 500,
                message: "we are sorry".into(),
            },
            Self::Stale => Aws::Stale,
            Self::Crash(_)
            | Self::Duplicate(_)
            | Self::Pause
            | Self::Truncate
            | Self::Page
            | Self::UnknownState => return None,
        })
    }

    /// What the local API server makes of it.
    fn of_kube(self) -> Option<local_kube::Effect> {
        use local_kube::Effect as Kube;
        Some(match self {
            // What an API server answers is not spoiled: there is TLS and one implementation of it.
            Self::LoseRequest | Self::Truncate | Self::Page => Kube::LoseRequest,
            Self::LoseReply => Kube::LoseReply,
            Self::Delay(delay) => Kube::Delay { ms: millis(delay) },
            Self::Throttle => Kube::Throttle { retry_after: None },
            Self::DenyAccess => Kube::DenyAccess,
            Self::ServerError => Kube::Fail {
                code: 500,
                reason: "InternalError".into(),
                message: "etcd is away".into(),
            },
            Self::Stale => Kube::ReadStale { behind: 1 },
            Self::UnknownState => Kube::Conflict,
            Self::Crash(_) | Self::Duplicate(_) | Self::Pause => return None,
        })
    }
}

/// Where the last of `calls` is.
fn address(calls: &[Call]) -> Option<At> {
    let last = calls.last()?;
    Some(At::Nth {
        operation: last.operation.clone(),
        object: last.object.clone(),
        nth: calls.iter().filter(|call| *call == last).count(),
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// The answer as it arrives.
fn spoil(answer: Response<Bytes>, effect: Option<Effect>) -> Response<Bytes> {
    let (mut head, body) = answer.into_parts();
    let body = match effect {
        Some(Effect::Truncate) => body.slice(..body.len() / 2),
        Some(Effect::Page) => {
            head.status = StatusCode::BAD_GATEWAY;
            head.headers
                .insert("content-type", "text/html".parse().unwrap());
            Bytes::from("<html><body><h1>502 Bad Gateway</h1></body></html>")
        }
        Some(Effect::UnknownState) => {
            let mut text = String::from_utf8(body.to_vec()).unwrap_or_default();
            for known in ["available", "active", "creating", "modifying", "AVAILABLE"] {
                text = text.replace(&format!(">{known}<"), ">rethinking<");
                text = text.replace(&format!(":\"{known}\""), ":\"rethinking\"");
            }
            text.into()
        }
        _ => body,
    };
    head.headers.remove("content-length");
    Response::from_parts(head, body)
}

fn call_of_aws(aws: &LocalAws, request: &Request<Bytes>) -> Call {
    let address = aws.address(request);
    let (operation, object) = address.map_or_else(
        || (request.uri().path().to_owned(), String::new()),
        |address| (address.operation, address.resource),
    );
    let verb = operation.rsplit(':').next().unwrap_or_default();
    let reads = ["Get", "List", "Describe"];
    Call {
        writes: !reads.iter().any(|read| verb.starts_with(read)),
        operation,
        object,
    }
}

/// `None`: it is of no account.
fn call_of_kube(kube: &LocalKube, request: &Request<Bytes>) -> Option<Call> {
    let (operation, object) = kube.address(request)?;
    let idle = operation.starts_with("events:") || operation.ends_with(":watch");
    (!idle).then(|| Call {
        writes: request.method() != Method::GET,
        operation,
        object,
    })
}
