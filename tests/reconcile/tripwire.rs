use std::future::{Future, pending};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{Method, Request};
use tokio::sync::Notify;
use tokio::time::advance;

/// Which side of a write the operator ends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call never left.
    NotSent,
    /// The call was applied; nobody saw the answer.
    Applied,
}

/// Has an operator crash at each of its writes in turn, on both sides: `crash` does so at one, and says whether there is such a write. `what` has `least`
/// writes at least.
pub async fn at_every_write<F>(what: &str, least: usize, crash: impl Fn(usize, Side) -> F)
where
    F: Future<Output = bool>,
{
    for side in [Side::NotSent, Side::Applied] {
        let mut index = 0;
        while crash(index, side).await {
            index += 1;
        }
        println!("{index} crashes");
        assert!(index >= least, "{what} has that many writes, not {index}");
    }
}

/// What happens while the operator sleeps.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// Counts the operator's writes, to AWS and to the API server, and stops it at one of them.
#[derive(Default)]
pub struct Tripwire {
    state: Mutex<State>,
    tripped: Notify,
}

#[derive(Default)]
struct State {
    writes: Vec<String>,
    at: Option<(usize, Side)>,
    calls: usize,
    sleep: Option<(usize, Meanwhile)>,
}

impl Tripwire {
    /// Stops the operator at the write number `index`, counted from 0 and from now on.
    pub fn set(&self, index: usize, side: Side) {
        self.with(|state| {
            state.writes.clear();
            state.at = Some((index, side));
        });
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

    /// Returns when the operator was stopped.
    pub async fn tripped(&self) {
        self.tripped.notified().await;
    }

    /// The writes that were begun since the wire was set.
    pub fn writes(&self) -> Vec<String> {
        self.with(|state| state.writes.clone())
    }

    /// Lets `call` through, unless this is where the operator stops: then nothing ever comes back.
    pub async fn pass<T>(&self, write: Option<String>, call: impl Future<Output = T>) -> T {
        match write.and_then(|write| self.count(write)) {
            None => {
                let answer = call.await;
                self.fall_asleep();
                answer
            }
            Some(side) => {
                if side == Side::Applied {
                    call.await;
                }
                self.tripped.notify_one();
                pending().await
            }
        }
    }

    /// The clock goes on, and nothing else gets a turn before the operator goes on with the answer. What it writes from then on is what counts.
    fn fall_asleep(&self) {
        let sleep = self.with(|state| {
            let index = state.calls;
            state.calls += 1;
            let sleep = state.sleep.take_if(|(at, _)| *at == index)?;
            state.writes.clear();
            Some(sleep)
        });
        if let Some((_, meanwhile)) = sleep {
            meanwhile();
            let _ = advance(Duration::from_mins(1)).now_or_never();
        }
    }

    fn count(&self, write: String) -> Option<Side> {
        self.with(|state| {
            let index = state.writes.len();
            state.writes.push(write);
            let (_, side) = state.at.take_if(|(at, _)| *at == index)?;
            Some(side)
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a request to AWS writes, if it writes.
pub fn aws_write(request: &Request<Bytes>) -> Option<String> {
    let target = request.headers().get("x-amz-target");
    let body = String::from_utf8_lossy(request.body());
    let action = match target.and_then(|target| target.to_str().ok()) {
        Some(target) => target.rsplit('.').next(),
        None => body
            .split('&')
            .find_map(|field| field.strip_prefix("Action=")),
    };
    let (method, path) = (request.method(), request.uri().path());
    let reads = match action {
        Some(action) => ["Get", "List", "Describe"]
            .iter()
            .any(|verb| action.starts_with(verb)),
        None => method == Method::GET,
    };
    let text = action.map_or_else(|| format!("{method} {path}"), str::to_owned);
    (!reads).then_some(text)
}

/// What a request to the API server writes, if it writes. Events decide nothing and are not counted.
pub fn kube_write<B>(request: &Request<B>) -> Option<String> {
    let (method, path) = (request.method(), request.uri().path());
    let writes = method != Method::GET && !path.contains("/events");
    writes.then(|| format!("{method} {path}"))
}
