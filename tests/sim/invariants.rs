//! What holds after every write, and what holds when all is done. The numbers are those of docs/testing.md.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use local_aws::elasticache::{LoginOutcome, login, members};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::look::is_ready;
use crate::wire::Call;
use crate::world::{Process, World};

use super::canaries::Canaries;
use super::clients::Clients;
use super::facts::{
    CLUSTER, Credential, OWNER, bound, client_cache, current_versions, deployed_edits, foreign,
    has_password, is_waiting_for_deletion, missing, orphans_told, owned,
};
use super::scenario::REVOKE;

/// Watches a world.
pub struct Monitor {
    world: Weak<World>,
    /// Whether nothing may be there twice even for a moment. Not so where a request arrives twice.
    strict: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    violations: Vec<String>,
    clients: Clients,
    /// The versions that were current, one after the other.
    current: BTreeMap<String, Vec<String>>,
    /// The highest edit that was deployed, by API.
    deployed: BTreeMap<String, u64>,
    /// What is not ours, as it was.
    foreign: BTreeMap<String, Value>,
    /// Every secret value there was.
    canaries: Canaries,
}

/// By then, what was asked of ElastiCache has reached every node.
const SHOWS: Duration = Duration::from_mins(1);

/// Kinds of things of which an object has at most this many.
const AT_MOST: [(&str, usize); 6] = [
    ("restapi", 1),
    ("stage", 1),
    ("replicationgroup", 1),
    ("subnetgroup", 1),
    ("secret", 1),
    ("usageplan", 1),
];

impl Monitor {
    /// Watches `world` from now on.
    pub fn of(world: &Arc<World>, strict: bool) -> Arc<Self> {
        let monitor = Arc::new(Self {
            world: Arc::downgrade(world),
            strict,
            state: Mutex::default(),
        });
        let foreign = foreign(&world.place());
        monitor.with(|state| state.foreign = foreign);
        monitor.clients_get_in(world, "to begin with");
        let looks = monitor.clone();
        world.wire.show(move |call| looks.look_twice(call));
        monitor
    }

    /// Whether no request arrives twice.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// What was violated so far.
    pub fn violations(&self) -> Vec<String> {
        self.with(|state| state.violations.clone())
    }

    /// Something else that must not be.
    pub fn violation(&self, what: String) {
        self.with(|state| state.violations.push(what));
    }

    /// How many secret values there were.
    pub fn secrets(&self) -> usize {
        self.with(|state| state.canaries.count())
    }

    /// After a write. What ElastiCache was asked for shows later, and the operator may have nothing more to write by then, so clients connect once more.
    pub fn look_twice(self: &Arc<Self>, call: &Call) {
        self.look(call);
        if !call.operation.starts_with("elasticache:") {
            return;
        }
        let (monitor, what) = (self.clone(), format!("a minute after {}", call.operation));
        tokio::spawn(async move {
            sleep(SHOWS).await;
            if let Some(world) = monitor.world.upgrade() {
                monitor.clients_get_in(&world, &what);
            }
        });
    }

    /// What holds at every moment.
    pub fn look(&self, call: &Call) {
        let Some(world) = self.world.upgrade() else {
            return;
        };
        let place = world.place();
        let what = format!("after {} {}", call.operation, call.object);
        self.with(|state| state.canaries.collect(&world, &place));
        if self.strict {
            self.nothing_twice(&place, &what);
        }
        self.clients_get_in(&world, &what);
        self.nothing_goes_back(&place, &what);
        self.others_untouched(&place, &what);
        if call.operation == "cachedapis/status:patch" {
            self.status_is_true(&world, &place, &what);
        }
    }

    /// When nothing is under way any more.
    pub fn at_rest(&self) {
        let Some(world) = self.world.upgrade() else {
            return;
        };
        let place = world.place();
        self.nothing_twice(&place, "at rest");
        self.as_many_keys_as_named(&world, &place);
        self.nothing_without_owner(&world, &place);
        self.no_secret_outside(&world);
    }

    /// I2.
    fn nothing_twice(&self, place: &Value, when: &str) {
        for ((uid, kind), arns) in owned(place) {
            let most = AT_MOST.iter().find(|(name, _)| *name == kind);
            if let Some((_, most)) = most
                && arns.len() > *most
            {
                self.violation(format!("I2 {when}: {uid} has {arns:?}"));
            }
        }
    }

    /// I2, of what an object may have several: as many as its spec names. Without any it has no usage plan.
    fn as_many_keys_as_named(&self, world: &World, place: &Value) {
        let owned = owned(place);
        for object in world.kube.objects("cachedapis") {
            let uid = object["metadata"]["uid"].as_str().unwrap();
            let count = |kind: &str| owned.get(&(uid.into(), kind.into())).map_or(0, Vec::len);
            let (keys, plans) = (count("apikey"), count("usageplan"));
            let named = object["spec"]["api"]["apiKeys"].as_array();
            let named = named.map_or(0, Vec::len);
            if keys > named || plans > named {
                self.violation(format!(
                    "I2 at rest: {keys} API keys and {plans} usage plans for {named} keys"
                ));
            }
        }
    }

    /// I1 and I8: what is there has an object, or is told to be an orphan. A secret in its recovery window waits for one.
    fn nothing_without_owner(&self, world: &World, place: &Value) {
        let told = orphans_told(world);
        let objects = world.kube.objects("cachedapis");
        let alive: BTreeSet<&str> = objects
            .iter()
            .filter_map(|object| object["metadata"]["uid"].as_str())
            .collect();
        for ((uid, kind), arns) in owned(place) {
            let left: Vec<_> = arns
                .iter()
                .filter(|arn| !(kind == "secret" && is_waiting_for_deletion(place, arn)))
                .filter(|arn| !told.iter().any(|told| arn.starts_with(told.as_str())))
                .collect();
            if !alive.contains(uid.as_str()) && !left.is_empty() {
                self.violation(format!("I1 nobody has {left:?}"));
            }
        }
    }

    /// I3 and I4: from the first time that something is bound until the object is to go, whoever read it no longer ago than clients keep it gets in. A password
    /// that was said to have leaked is to lock out whoever has it: then only what is bound counts.
    fn clients_get_in(&self, world: &World, when: &str) {
        let now = world.aws.now();
        let (mut open, mut leaked) = (Vec::new(), BTreeMap::new());
        for object in world.kube.objects("cachedapis") {
            let metadata = &object["metadata"];
            if metadata["deletionTimestamp"].is_null() {
                let keeps = client_cache(&object);
                open.extend(bound(world, &object).map(|bound| (bound, keeps)));
            }
            let revoked = metadata["annotations"][REVOKE].as_str();
            let revoked = revoked.and_then(|at| at.parse().ok());
            leaked.extend(metadata["uid"].as_str().map(str::to_owned).zip(revoked));
        }
        let clients = self.with(|state| {
            state.clients.read(now, &open);
            state.clients.leave(now, &leaked);
            state.clients.all()
        });
        for (credential, read) in clients {
            if !is_let_in(world, &credential) {
                let user = &credential.user;
                self.violation(format!(
                    "I4 {when} at {now}: {user} with what was bound at {read} is locked out"
                ));
            }
        }
    }

    /// I12.
    fn nothing_goes_back(&self, place: &Value, when: &str) {
        for (arn, current) in current_versions(place) {
            let back = self.with(|state| {
                let seen = state.current.entry(arn.clone()).or_default();
                if seen.last() == Some(&current) {
                    return false;
                }
                let back = seen.contains(&current);
                seen.push(current.clone());
                back
            });
            if back {
                self.violation(format!("I12 {when}: {arn} is back at version {current}"));
            }
        }
        for (api, edit) in deployed_edits(place) {
            let before = self.with(|state| {
                let highest = state.deployed.entry(api.clone()).or_default();
                let before = *highest;
                *highest = before.max(edit);
                before
            });
            if edit < before {
                self.violation(format!(
                    "I12 {when}: API {api} is back at edit {edit} after {before}"
                ));
            }
        }
    }

    /// I9.
    fn others_untouched(&self, place: &Value, when: &str) {
        let now = foreign(place);
        let before = self.with(|state| state.foreign.clone());
        let ids: BTreeSet<_> = now.keys().chain(before.keys()).collect();
        let differ: Vec<_> = ids
            .into_iter()
            .filter(|id| now.get(*id) != before.get(*id))
            .collect();
        if !differ.is_empty() {
            self.violation(format!("I9 {when}: {differ:?} are not ours"));
        }
    }

    /// I6: an object that says Ready for its generation has what its spec says.
    fn status_is_true(&self, world: &World, place: &Value, when: &str) {
        for object in world.kube.objects("cachedapis") {
            if !is_ready(&object) || !object["metadata"]["deletionTimestamp"].is_null() {
                continue;
            }
            let mut missing = missing(place, &object);
            match bound(world, &object) {
                Some(credential) if !is_let_in(world, &credential) => {
                    missing.push("a bound credential that opens the cache".into());
                }
                None if has_password(&object) => missing.push("a bound Secret".into()),
                _ => {}
            }
            if !missing.is_empty() {
                self.violation(format!("I6 {when}: Ready without {missing:?}"));
            }
        }
    }

    /// I5: in no object, and of a Secret in nothing but its data.
    fn no_secret_outside(&self, world: &World) {
        for kind in [
            "cachedapis",
            "events",
            "leases",
            "namespaces",
            "deployments",
            "statefulsets",
            "secrets",
        ] {
            for mut object in world.kube.objects(kind) {
                if kind == "secrets" {
                    object["data"].take();
                }
                self.no_secret_in(kind, &object.to_string());
            }
        }
        self.no_secret_in("a URL", &world.wire.log().join("\n"));
    }

    /// I5, for something that an operator put out.
    pub fn no_secret_in(&self, what: &str, text: &str) {
        if self.with(|state| state.canaries.is_in(text)) {
            self.violation(format!("I5: a secret value stands in {what}"));
        }
    }

    /// I5, for what an operator counts; and I14.
    pub fn at_the_end_of(&self, operator: &Process) {
        self.no_secret_in("the metrics", &operator.metrics.encode());
        if operator.has_ended() {
            self.violation("I14: the operator has ended".into());
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether every node lets its bearer in.
fn is_let_in(world: &World, credential: &Credential) -> bool {
    let Credential {
        host,
        user,
        password,
        ..
    } = credential;
    let nodes = members(&world.aws, host).into_iter().map(|(host, _)| host);
    let mut hosts = nodes.chain([host.clone()]);
    hosts.all(|host| login(&world.aws, &host, user, password) == LoginOutcome::Accepted)
}

/// Others have things in the account that look like the example's: by their names, by their tags but for one.
pub async fn others_come(world: &World) {
    let tags = json!({OWNER: "00000000-0000-0000-0000-000000000001", CLUSTER: "theirs"});
    for tags in [json!({}), tags.clone(), json!({CLUSTER: "theirs"})] {
        let api = json!({"name": "shop-orders", "tags": tags});
        world.gateway("POST", "/restapis", &api).await;
        // One in so many seconds is what an account may create.
        sleep(Duration::from_mins(1)).await;
    }
    let key = json!({"name": "shop-orders-partner", "enabled": true, "tags": tags});
    world.gateway("POST", "/apikeys", &key).await;
    let user =
        "UserId=capi-theirs&UserName=theirs&Engine=valkey&AccessString=on&NoPasswordRequired=true";
    assert!(world.elasticache("CreateUser", user).await);
    sleep(Duration::from_mins(1)).await;
    let secret = json!({
        "Name": "cachedapi/shop/orders", "SecretString": "{}", "ClientRequestToken": "00000000-0000-0000-0000-00000000cafe",
        "Tags": [{"Key": CLUSTER, "Value": "theirs"}],
    });
    world.secrets_manager("CreateSecret", &secret).await;
}
