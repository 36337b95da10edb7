//! The local AWS itself: one entry for every request.

mod refusal;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::calls::{Calls, Entry};
use crate::elasticache::Authority;
use crate::faults::{self, Effect, Fault};
use crate::lag::History;
use crate::protocol::Protocol;
use crate::quotas::Quotas;
use crate::service::{self, Service};
use crate::sigv4::{self, Caller};
use crate::store::{self, StoreError};
use crate::target::Target;
use crate::world::{Regional, World};
use crate::{AwsError, Call, Clock, Config, Ids, Reply, admin, apigateway, iam, policy, sts};

/// A local AWS; clones share one world.
#[derive(Debug, Clone)]
pub struct LocalAws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    clock: Clock,
    world: Mutex<World>,
    calls: Mutex<Calls>,
    faults: Mutex<Vec<Fault>>,
    /// By access key.
    policies: Mutex<BTreeMap<String, Value>>,
    quotas: Mutex<Quotas>,
    history: Mutex<History>,
    request_ids: Mutex<Ids>,
    changes: watch::Sender<u64>,
    work: watch::Sender<usize>,
    authority: OnceLock<Option<Authority>>,
}

/// Extension of a response that must not reach the client: a fault wants the connection closed instead. The server does so;
/// a caller in process turns it into a transport error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLost;

/// What a control call is about, as faults and the call log spell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `service:Operation`.
    pub operation: String,
    /// ARN of what it is about; empty where the parameters name nothing.
    pub resource: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalAws {
    /// A world as `config` says: from its folder if there is something in it, else empty.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        let kept = config
            .state_dir
            .as_deref()
            .map(store::load)
            .transpose()?
            .flatten();
        let world = kept.unwrap_or_else(|| World {
            seed: config.seed,
            ..World::default()
        });
        let clock = Clock::starting_at(config.start.unwrap_or_else(Timestamp::now));
        Ok(Self(Arc::new(Inner {
            request_ids: Mutex::new(Ids::new(format!("{}/requests", config.seed))),
            config: Arc::new(config),
            clock,
            world: Mutex::new(world),
            calls: Mutex::default(),
            faults: Mutex::default(),
            policies: Mutex::default(),
            quotas: Mutex::default(),
            history: Mutex::default(),
            changes: watch::Sender::new(0),
            work: watch::Sender::new(0),
            authority: OnceLock::new(),
        })))
    }

    /// Answers one request, whatever it is for. A response with the extension [`ReplyLost`] stands for a closed connection.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        if let Some(path) = request.uri().path().strip_prefix("/_local/") {
            let path = path.to_owned();
            return admin::handle(self, &path, &request);
        }
        if is_data_plane(&request) {
            return apigateway::data_plane::serve(self, request).await;
        }
        self.control(&request).await
    }

    /// What `request` is about, if it is a control call. Nothing is done.
    #[must_use]
    pub fn address(&self, request: &Request<Bytes>) -> Option<Address> {
        let request_id = String::new();
        let (_, call, target) = self.read(request, request_id).ok()?;
        Some(Address {
            operation: format!("{}:{}", call.service, call.operation),
            resource: target.resource,
        })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The clock of this world.
    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// The present moment of this world.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Looks at or changes the world as it is now. Runs under the lock: no I/O, no waiting. What is changed here is
    /// kept on disk with the next control call; call [`LocalAws::changed`] when it matters.
    pub fn with_world<T>(&self, look: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.now();
        let mut world = lock(&self.0.world);
        world.settle(now);
        look(&mut world, now)
    }

    /// A receiver that is notified after every control call and admin change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Keeps the world on disk, if it has a folder, and wakes who listens to [`LocalAws::changes`].
    pub fn changed(&self) {
        if let Err(error) = self.keep() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the state was not kept"
            );
        }
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// How many caches have their node processes worked on. Processes know no virtual time: who drives it lets it pass no faster than theirs until this is 0.
    #[must_use]
    pub fn work(&self) -> watch::Receiver<usize> {
        self.0.work.subscribe()
    }

    pub(crate) fn set_work(&self, caches: usize) {
        self.0
            .work
            .send_if_modified(|before| mem::replace(before, caches) != caches);
    }

    /// The certificate authority of the cache nodes, once it was needed; `None` inside if it could not be made.
    pub(crate) fn authority(&self) -> &OnceLock<Option<Authority>> {
        &self.0.authority
    }

    /// Forgets everything: world, call log, faults, used quota.
    pub(crate) fn reset(&self) {
        *lock(&self.0.world) = World {
            seed: self.config().seed,
            ..World::default()
        };
        *lock(&self.0.calls) = Calls::default();
        *lock(&self.0.quotas) = Quotas::default();
        *lock(&self.0.history) = History::default();
        lock(&self.0.faults).clear();
        lock(&self.0.policies).clear();
        self.changed();
    }

    pub(crate) fn with_calls<T>(&self, look: impl FnOnce(&mut Calls) -> T) -> T {
        look(&mut lock(&self.0.calls))
    }

    pub(crate) fn with_faults<T>(&self, look: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        look(&mut lock(&self.0.faults))
    }

    pub(crate) fn with_policies<T>(
        &self,
        look: impl FnOnce(&mut BTreeMap<String, Value>) -> T,
    ) -> T {
        look(&mut lock(&self.0.policies))
    }

    fn keep(&self) -> Result<(), StoreError> {
        let Some(folder) = &self.config().state_dir else {
            return Ok(());
        };
        store::save(folder, &lock(&self.0.world))
    }

    async fn control(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let request_id = lock(&self.0.request_ids).uuid();
        match self.read(request, request_id.clone()) {
            Ok((service, call, target)) => {
                let carried = request.extensions().get::<Effect>().cloned();
                self.perform(service, call, &target, carried).await
            }
            Err((protocol, error)) => protocol.respond("", &request_id, Err(error)),
        }
    }

    /// The call that `request` is, or the error with the protocol to answer it in.
    fn read(
        &self,
        request: &Request<Bytes>,
        request_id: String,
    ) -> Result<(&'static Service, Call, Target), (Protocol, AwsError)> {
        // Nobody says which protocol a client speaks that addresses no service; this one is understood by most.
        let (caller, service) = self
            .addressee(request)
            .map_err(|error| (Protocol::Json11, error))?;
        let (operation, params) = service
            .protocol
            .parse(service.name, request)
            .map_err(|error| (service.protocol, error))?;
        let call = Call {
            service: service.name,
            operation,
            caller,
            now: self.now(),
            request_id,
            params,
            config: self.0.config.clone(),
            stale: false,
        };
        let (method, path) = (request.method(), request.uri().path());
        let target = self.with_place(&call, |place| Target::of(&call, method, path, place));
        Ok((service, call, target))
    }

    fn addressee(&self, request: &Request<Bytes>) -> Result<(Caller, &'static Service), AwsError> {
        let mut caller = sigv4::caller_of(request.headers(), &self.config().keys).map_err(|e| {
            AwsError::new(403, "MissingAuthenticationTokenException", e.to_string())
        })?;
        let service = service::find(&caller.service).ok_or_else(|| {
            AwsError::new(
                404,
                "UnknownOperationException",
                format!("local-aws has no service {}", caller.service),
            )
        })?;
        if service.name == "iam" {
            iam::REGION.clone_into(&mut caller.region);
        }
        Ok((caller, service))
    }

    async fn perform(
        &self,
        service: &Service,
        mut call: Call,
        target: &Target,
        carried: Option<Effect>,
    ) -> Response<Bytes> {
        let mut effects = faults::strike(&mut lock(&self.0.faults), &call, &target.resource);
        effects.extend(carried);
        for effect in &effects {
            if let Effect::Delay { ms } = effect {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                call.now = self.now();
            }
        }
        call.stale = effects.contains(&Effect::Stale);
        let stopped = effects
            .iter()
            .find_map(|effect| refusal::of(effect, &call, target))
            .or_else(|| self.forbidden(&call, target));
        let result = match stopped {
            Some(error) => Err(error),
            None => self.apply(service, &call),
        };
        let lost = effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoseReply | Effect::LoseRequest));
        self.record(&call, target, &result, lost);
        let mut response = service
            .protocol
            .respond(&call.operation, &call.request_id, result);
        if lost {
            response.extensions_mut().insert(ReplyLost);
        }
        response
    }

    /// IAM's refusal, if the caller has a policy and it does not allow the call. "No permissions are required" to ask who one is.
    fn forbidden(&self, call: &Call, target: &Target) -> Option<AwsError> {
        let policies = lock(&self.0.policies);
        let policy = policies.get(&call.caller.access_key)?;
        if call.operation == "GetCallerIdentity" {
            return None;
        }
        let entry = json!(Entry::new(call, target, 0, None));
        let missing = policy::missing(policy, &entry).into_iter().next()?;
        Some(refusal::denied(call, &missing.action, &missing.resource))
    }

    fn apply(&self, service: &Service, call: &Call) -> Result<Reply, AwsError> {
        if self.config().quotas {
            lock(&self.0.quotas).take(call)?;
        }
        let reads = ["Get", "List", "Describe"]
            .iter()
            .any(|verb| call.operation.starts_with(verb));
        let lag = &self.config().lag;
        if reads {
            let answer = |place: &mut Regional| (service.handle)(call, place);
            let late = lock(&self.0.history).answer(lag, call, answer);
            return late.unwrap_or_else(|| self.with_place(call, answer));
        }
        let result = self.with_place(call, |place| {
            let result = (service.handle)(call, place);
            lock(&self.0.history).keep(lag, call, place);
            result
        });
        self.changed();
        result
    }

    fn with_place<T>(&self, call: &Call, act: impl FnOnce(&mut Regional) -> T) -> T {
        let mut world = lock(&self.0.world);
        let elsewhere = Some(call)
            .filter(|call| call.service == "sts")
            .and_then(sts::place_of);
        let place = match &elsewhere {
            Some((account, region)) => world.regional(account, region, call.now),
            None => world.regional(call.account(), call.region(), call.now),
        };
        act(place)
    }

    fn record(&self, call: &Call, target: &Target, result: &Result<Reply, AwsError>, lost: bool) {
        let (status, error) = match result {
            Ok(reply) => (reply.status, None),
            Err(error) => (error.status, Some(error.code.clone())),
        };
        let entry = Entry {
            lost,
            ..Entry::new(call, target, status, error)
        };
        self.with_calls(|calls| calls.record(entry));
    }
}

fn is_data_plane(request: &Request<Bytes>) -> bool {
    let host = request
        .headers()
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().host()).unwrap_or("");
    request.uri().path().starts_with("/_aws/execute-api/") || host.contains(".execute-api.")
}
