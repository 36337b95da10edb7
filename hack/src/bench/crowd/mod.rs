//! Many objects on a real node: what they cost, and whether one of them waits for what happens to others.

mod changes;
mod pod;
mod requests;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{behaviour, object};
use crate::cache::Cache;
use crate::environment::{Environment, Programs};
use crate::kubectl::Kubectl;
use crate::node::{self, Node};
use crate::operator::Pods;
use crate::process::{Lifetime, Place};
use crate::progress::step;
use crate::resource::is_ready;
use crate::tools::NodeTools;
use crate::wait::{self, Seen};
use crate::{Error, Result, image};
use changes::{CHANGES, Changes, change_on_and_on};
use requests::Requests;

/// How many go at once.
const DELETED: usize = 50;
/// How long objects are changed before the API server restarts, and after that.
const LOAD: Duration = Duration::from_secs(10);
/// All objects in one answer cost the API server something: it is asked seldom.
const PAUSE: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_mins(30);
/// What an object has one of each of, by a part of its ARN.
const ONE_EACH: [&str; 4] = [
    ":/restapis/",
    ":replicationgroup:",
    ":usergroup:",
    ":secret:",
];
/// A Region that answers nothing, and one that only fails.
const POISONED: [&str; 2] = ["af-south-1", "il-central-1"];

/// A node with the operator in a pod, and its objects.
struct Crowd {
    environment: Environment,
    manifests: Vec<Value>,
    changes: Changes,
}

/// Measures with so many objects, on a node in `folder`, whose image is the released one.
pub(super) fn measure(folder: &Path, objects: usize) -> Result<Value> {
    if objects < DELETED + CHANGES {
        let least = DELETED + CHANGES;
        return Err(Error::Unexpected(format!(
            "{objects} objects are not enough: {DELETED} are deleted and {CHANGES} others changed, so {least} are needed"
        )));
    }
    let mut crowd = Crowd::start(folder, objects)?;
    let creation = crowd.create()?;
    let start = crowd.start_again()?;
    let restart = crowd.restart_the_api_server()?;
    let deletion = crowd.delete_many()?;
    let poison = crowd.poison()?;
    Ok(json!({
        "objects": objects,
        "regions": object::REGIONS,
        "creation": creation,
        "startOfTheOperator": start,
        "apiServerRestartedUnderLoad": restart,
        "deletedAtOnce": deletion,
        "poisonedObjects": poison,
        "memoryAtTheEnd": crowd.memory()?,
    }))
}

impl Crowd {
    fn start(folder: &Path, objects: usize) -> Result<Self> {
        node::check_machine()?;
        let place = Place {
            folder: folder.to_owned(),
            lifetime: Lifetime::WithParent,
        };
        let archive = folder.join("operator.tar");
        step("build the operator's image", || {
            image::build_operator("release", &archive)
        })?;
        let tools = NodeTools::prepare(&Cache::from_env()?)?;
        // Of these, only the local AWS works here, and is not measured.
        let programs = Programs::prepare("dev")?;
        let environment =
            Environment::on_node(programs, &tools, &archive, place, &behaviour(false))?;
        let values = ["quotaShare=1", "maxConcurrentReconciles=64"].map(str::to_owned);
        Pods::install(&environment, &values)?;
        Ok(Self {
            manifests: object::many(&environment, objects)?,
            changes: Changes::default(),
            environment,
        })
    }

    fn create(&self) -> Result<Value> {
        let began = Instant::now();
        step("create the objects", || self.apply(&self.manifests))?;
        let applied = began.elapsed();
        self.until_all_are_ready()?;
        Ok(json!({
            "secondsUntilAllAreApplied": applied.as_secs_f64(),
            "secondsUntilAllAreReady": began.elapsed().as_secs_f64(),
            "memory": self.memory()?,
        }))
    }

    /// The operator's process is killed, and the kubelet starts it again.
    fn start_again(&self) -> Result<Value> {
        let (requests, container) = (self.requests()?, self.container()?);
        self.environment.aws.clear_calls()?;
        let killed = Instant::now();
        self.node()?.signal_container(&container, "SIGKILL")?;
        self.until_another_runs(&container)?;
        let calls = self.until_aws_is_called()?;
        let to_first_call = self.first_call_after_start(&calls)?;
        let looks = self.until_looked_at(self.manifests.len())?;
        Ok(json!({
            "secondsFromStartOfTheProcessToFirstCallToAws": to_first_call,
            "secondsFromKillToAsManyLooksAsObjects": (looks - killed).as_secs_f64(),
            "requestsForObjects": self.requests()?.since(&requests),
            "memory": self.memory()?,
        }))
    }

    /// While objects are changed, etcd forgets all that was, and the API server is killed and starts again.
    fn restart_the_api_server(&mut self) -> Result<Value> {
        let (before, requests) = (self.environment.aws.owned()?, self.requests()?);
        let (kubectl, objects) = (self.kubectl().clone(), self.manifests.len());
        let done = AtomicBool::new(false);
        let (restarted, load) = thread::scope(|scope| {
            let load = scope.spawn(|| change_on_and_on(&kubectl, objects, &done));
            let restarted = step("restart the API server under load", || {
                thread::sleep(LOAD);
                let node = self.environment.node_mut().ok_or_else(no_node)?;
                let began = Instant::now();
                node.restart_api_server_compacted()?;
                let away = began.elapsed();
                thread::sleep(LOAD);
                Ok(away)
            });
            done.store(true, Ordering::Relaxed);
            (restarted, load.join())
        });
        let load = load.map_err(|_| Error::Unexpected("the load has panicked".to_owned()))?;
        let away = restarted?;
        let ended = Instant::now();
        self.until_all_are_ready()?;
        Ok(json!({
            "secondsWithoutApiServer": away.as_secs_f64(),
            "changes": load.made,
            "changesRefusedMeanwhile": load.refused,
            "secondsOfTheLongestChange": load.longest.as_secs_f64(),
            "secondsFromLastChangeToAllReady": ended.elapsed().as_secs_f64(),
            "requestsForObjects": self.requests()?.since(&requests),
            "thingsInAwsBefore": before.len(),
            "thingsInAwsAfter": self.environment.aws.owned()?.len(),
            "thingsThereTwice": self.there_twice()?,
            "containersStarted": self.containers_started()?,
            "memory": self.memory()?,
        }))
    }

    /// Some go at once while others are changed.
    fn delete_many(&mut self) -> Result<Value> {
        let undisturbed = self.time_changes("changes, undisturbed")?;
        let gone: Vec<String> = self.manifests[..DELETED].iter().map(object::name).collect();
        let all = |verb: &[&'static str]| {
            let names = gone.iter().map(String::as_str);
            let args = verb.iter().copied().chain(["cachedapis"]).chain(names);
            self.environment
                .kubectl()
                .run(args.collect::<Vec<_>>())
                .map(drop)
        };
        let began = Instant::now();
        all(&["delete", "--wait=false"])?;
        let others = self.changes.time(
            "changes of others meanwhile",
            &self.environment,
            &self.manifests[DELETED..],
        )?;
        step("until they are gone", || {
            all(&["wait", "--for=delete", "--timeout=30m"])
        })?;
        Ok(json!({
            "objects": DELETED,
            "secondsUntilAllAreGone": began.elapsed().as_secs_f64(),
            "secondsFromChangeToReadyBefore": undisturbed,
            "secondsFromChangeToReadyMeanwhile": others,
        }))
    }

    /// One object whose AWS answers nothing, one whose AWS only fails, and one whose spec cannot work.
    fn poison(&mut self) -> Result<Value> {
        let before = self.time_changes("changes beside healthy objects")?;
        let effects = [
            json!({"delay": {"ms": 25_000}}),
            json!({"fail": {"code": "InternalFailure"}}),
        ];
        for (region, effect) in POISONED.into_iter().zip(effects) {
            let fault = json!([{"operation": "*", "region": region, "count": 0, "effect": effect}]);
            self.environment.aws.add_faults(&fault)?;
        }
        let poisoned = self.poisoned();
        self.apply(&poisoned)?;
        let beside = self.time_changes("changes beside poisoned objects")?;
        let said: Vec<Value> = poisoned
            .iter()
            .map(|object| self.said(object))
            .collect::<Result<_>>()?;
        self.environment.aws.drop_faults()?;
        Ok(json!({
            "secondsFromChangeToReadyBefore": before,
            "secondsFromChangeToReadyBesidePoisonedOnes": beside,
            "poisonedOnesSay": said,
        }))
    }

    fn poisoned(&self) -> Vec<Value> {
        let copy = |name: &str, region: &str| object::copy(&self.manifests[0], name, region);
        let mut nonsense = copy("nonsense", "us-east-1");
        // In another Region, which no schema finds.
        let function = "arn:aws:lambda:eu-west-1:000000000000:function:orders";
        nonsense["spec"]["routes"][0]["backend"] = json!({"lambda": {"functionArn": function}});
        let [silent, failing] = POISONED;
        vec![copy("silent", silent), copy("failing", failing), nonsense]
    }

    /// What `object` says of whether it is Ready.
    fn said(&self, object: &Value) -> Result<Value> {
        let name = object::name(object);
        let get = ["get", "cachedapi", &name, "--namespace", object::NAMESPACE];
        let object = self.kubectl().json(get)?;
        let mut conditions = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        let ready = conditions.find(|condition| condition["type"] == "Ready");
        let ready = ready.cloned().unwrap_or_default();
        Ok(json!({"name": name, "ready": ready["status"], "reason": ready["reason"]}))
    }

    /// Changes some of the objects that stay.
    fn time_changes(&mut self, what: &str) -> Result<Value> {
        self.changes
            .time(what, &self.environment, &self.manifests[DELETED..])
    }

    fn apply(&self, items: &[Value]) -> Result<()> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        self.kubectl().apply(&list.to_string()).map(drop)
    }

    fn until_all_are_ready(&self) -> Result<()> {
        let all = ["get", "cachedapis", "--namespace", object::NAMESPACE];
        step("until all are Ready", || {
            wait::until("all objects to be Ready", DEADLINE, || {
                let objects = self.kubectl().json(all)?;
                let objects = objects["items"].as_array().into_iter().flatten();
                let left = objects.filter(|object| !is_ready(object)).count();
                if left == 0 {
                    return Ok(Seen::Done(()));
                }
                thread::sleep(PAUSE);
                Ok(Seen::NotYet(format!("{left} are not")))
            })
        })
    }

    /// The things of which an object has one and has more.
    fn there_twice(&self) -> Result<Vec<(String, String)>> {
        let mut owned = self.environment.aws.owned()?;
        owned.retain(|(_, arn)| !arn.contains("/stages/"));
        let twice = ONE_EACH.iter().flat_map(|kind| {
            let of_kind = owned.iter().filter(|(_, arn)| arn.contains(kind));
            let mut owners: Vec<&String> = of_kind.map(|(owner, _)| owner).collect();
            owners.sort();
            let twice = owners.windows(2).filter(|pair| pair[0] == pair[1]);
            let twice = twice.map(|pair| (pair[0].clone(), (*kind).to_owned()));
            twice.collect::<Vec<_>>()
        });
        Ok(twice.collect())
    }

    fn requests(&self) -> Result<Requests> {
        Requests::so_far(self.environment.folder())
    }

    fn kubectl(&self) -> &Kubectl {
        self.environment.kubectl()
    }

    fn node(&self) -> Result<&Node> {
        self.environment.node().ok_or_else(no_node)
    }
}

fn no_node() -> Error {
    Error::Unexpected("there is no node".to_owned())
}
