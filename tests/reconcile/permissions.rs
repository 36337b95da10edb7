//! Without any action, and without any resource, of a statement of the policies that the operator prints, something that it has to do does not come about, and it says which permission it lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cachedapi_operator::aws::{PolicyScope, adoption_policy, policy};
use local_aws::policy::{Grant, grants, missing, needs};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::kept::Kept;
use crate::lives::{Life, OPERATOR, Step};
use crate::log::Log;
use crate::world::{ACCOUNT, World};

const LONG: Duration = Duration::from_hours(12);

fn scope() -> PolicyScope {
    PolicyScope {
        partition: "aws".into(),
        region: "*".into(),
        account: ACCOUNT.into(),
        cluster_id: "test".into(),
        consumer_policies: true,
    }
}

/// What the operator needs, and what it needs besides for adoptions, as one policy; and how many of its statements are of the first.
fn both() -> (Value, usize) {
    let mut both = policy(&scope());
    let more = adoption_policy(&scope())["Statement"].clone();
    let statements = both["Statement"].as_array_mut().unwrap();
    let first = statements.len();
    statements.extend(more.as_array().unwrap().clone());
    (both, first)
}

/// The list of a statement out of which something is taken.
#[derive(Clone, Copy, Debug)]
enum List {
    Action,
    Resource,
}

/// An action or a resource of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// Place of the statement in the policy.
    statement: usize,
    text: String,
}

impl List {
    /// What of this list is in `grant`.
    fn part_of(self, grant: &Grant) -> Part {
        let text = match self {
            Self::Action => &grant.action,
            Self::Resource => &grant.resource,
        };
        Part {
            statement: grant.statement,
            text: text.clone(),
        }
    }

    /// All of the parts of `grants`.
    fn parts_of(self, grants: &[Grant]) -> BTreeSet<Part> {
        grants.iter().map(|grant| self.part_of(grant)).collect()
    }

    /// `policy` without `part`.
    fn without(self, policy: &Value, part: &Part) -> Value {
        let list = match self {
            Self::Action => "Action",
            Self::Resource => "Resource",
        };
        let mut policy = policy.clone();
        let items = policy["Statement"][part.statement][list].as_array_mut();
        items.unwrap().retain(|item| *item != part.text);
        policy
    }
}

/// A step of a life that came about with the whole policy.
struct Moment {
    life: Life,
    step: Step,
    before: Kept,
    took: Duration,
    calls: Vec<Value>,
}

/// Does `step` from where `kept` was, with `policy`. How long it took, if it came about within `patience`.
async fn attempt(
    life: Life,
    step: &Step,
    kept: &Kept,
    policy: &Value,
    patience: Duration,
) -> (World, Option<Duration>) {
    let world = life.prepare(kept.go_on());
    let path = format!("/_local/policies/{OPERATOR}");
    world.admin("PUT", &path, policy).await;
    let before = world.object();
    let _operator = world.operator();
    let start = Instant::now();
    step.ask(&world).await;
    let came = timeout(
        patience,
        world.reaches(|world| step.is_done(world, &before)),
    );
    let came = came.await.is_ok().then(|| start.elapsed());
    // What comes right after it is part of it.
    sleep(Duration::from_mins(1)).await;
    (world, came)
}

async fn calls(world: &World) -> Vec<Value> {
    let calls = world.admin("GET", "/_local/calls", &Value::Null).await;
    let log = calls["log"].as_array().unwrap().iter();
    let operators = log.filter(|call| call["accessKey"] == OPERATOR);
    operators.cloned().collect()
}

fn is_refused(call: &Value) -> bool {
    let code = call["error"].as_str();
    code.is_some_and(|code| code.starts_with("AccessDenied"))
}

/// The steps of `life`, each of which comes about with `policy`, and nothing is refused.
async fn live(life: Life, policy: &Value) -> Vec<Moment> {
    let (world, steps) = life.begin().await;
    let mut kept = Kept::from(world);
    let mut moments = Vec::new();
    for step in steps {
        let (world, took) = attempt(life, &step, &kept, policy, LONG).await;
        let calls = calls(&world).await;
        let refused: Vec<_> = calls.iter().filter(|call| is_refused(call)).collect();
        assert!(refused.is_empty(), "{life:?} {}: {refused:#?}", step.name);
        let status = &world.object()["status"];
        let took = took.unwrap_or_else(|| panic!("{life:?} {}: {status:#}", step.name));
        println!("{life:?} {}: {took:?}", step.name);
        let before = std::mem::replace(&mut kept, Kept::from(world));
        moments.push(Moment {
            life,
            step,
            before,
            took,
            calls,
        });
    }
    moments
}

/// What people are told: in conditions, and of sweeps in the log.
fn told(world: &World, log: &Log) -> String {
    let objects = world.kube.objects("cachedapis");
    let conditions = objects.iter().map(|object| &object["status"]["conditions"]);
    let conditions = json!(conditions.collect::<Vec<_>>()).to_string();
    let log = log.text();
    let sweeps = log.lines().filter(|line| line.contains("orphan"));
    [conditions]
        .into_iter()
        .chain(sweeps.map(str::to_owned))
        .collect()
}

/// What of `list` alone allows, in `policy`, something that the calls of `moment` need.
fn indispensable(moment: &Moment, policy: &Value, list: List) -> BTreeSet<Part> {
    let needs = moment.calls.iter().flat_map(|call| needs(policy, call));
    let sole = needs.filter_map(|(_, grants)| {
        let mut parts = list.parts_of(&grants).into_iter();
        parts.next().filter(|_| parts.next().is_none())
    });
    sole.collect()
}

/// Takes `taken` of `list` away from `policy`, at a moment at which it is needed. What is wrong with what comes of that, if anything.
async fn take(moment: &Moment, policy: &Value, list: List, taken: &Part) -> Option<String> {
    let reduced = list.without(policy, taken);
    let log = Log::default();
    let _guard = log.keep("warn");
    let patience = moment.took * 2 + Duration::from_mins(30);
    let (world, came) = attempt(
        moment.life,
        &moment.step,
        &moment.before,
        &reduced,
        patience,
    )
    .await;
    let which = format!("{taken:?} {:?} {}", moment.life, moment.step.name);
    let calls = calls(&world).await;
    let refused = calls.iter().filter(|call| is_refused(call));
    let lacked = refused.flat_map(|call| missing(&reduced, call)).next();
    let Some(lacked) = lacked else {
        return Some(format!("{which}: nothing was refused"));
    };
    if came.is_some() {
        return Some(format!("{which}: came about without {lacked}"));
    }
    let told = told(&world, &log);
    let named = told.contains(&lacked.action);
    (!named).then(|| format!("{which}: {lacked} is not in {told}"))
}

/// Takes everything of `list` away in turn, of the statements that `picked` picks. What is wrong with what comes of that.
async fn take_each(
    lives: &[Life],
    policy: &Value,
    list: List,
    picked: impl Fn(usize) -> bool,
) -> Vec<String> {
    let mut moments = Vec::new();
    for life in lives {
        moments.extend(live(*life, policy).await);
    }
    let mut needed: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for (number, moment) in moments.iter().enumerate() {
        for taken in indispensable(moment, policy, list) {
            needed.entry(taken).or_default().insert(number);
        }
    }
    let mut wrong = Vec::new();
    let mut all = list.parts_of(&grants(policy));
    all.retain(|part| picked(part.statement));
    for taken in &all {
        let mut answer = Some(format!("{taken:?} is needed by nothing"));
        for number in needed.get(taken).into_iter().flatten() {
            answer = take(&moments[*number], policy, list, taken).await;
            if answer.is_none() {
                break;
            }
        }
        wrong.extend(answer);
    }
    println!("{} times", all.len());
    wrong
}

const LIVES: [Life; 3] = [Life::Whole, Life::Abandoned, Life::HeirOfApi];
const LIVES_OF_HEIRS: [Life; 2] = [Life::HeirOfCache, Life::LastHeirOfCache];

#[tokio::test(start_paused = true)]
async fn without_any_action_of_the_policy_something_does_not_come_about_and_the_action_is_named() {
    let wrong = take_each(&LIVES, &policy(&scope()), List::Action, |_| true).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_any_resource_of_the_policy_something_does_not_come_about_and_its_action_is_named()
{
    let wrong = take_each(&LIVES, &policy(&scope()), List::Resource, |_| true).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Tags of what was taken over are written by one of two statements: while the owner's consent is on it, as in these lives, by either.
#[tokio::test(start_paused = true)]
async fn without_any_action_of_the_policy_for_adoptions_something_does_not_come_about() {
    let (both, first) = both();
    let picked = |statement| statement >= first;
    let wrong = take_each(&LIVES_OF_HEIRS, &both, List::Action, picked).await;
    let either = [
        "elasticache:AddTagsToResource",
        "secretsmanager:TagResource",
    ];
    let tagging = |told: &&String| either.iter().any(|action| told.contains(action));
    assert_eq!(wrong.iter().filter(tagging).count(), 2, "{wrong:#?}");
    assert_eq!(wrong.len(), 2, "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_any_resource_of_the_policy_for_adoptions_something_does_not_come_about() {
    let (both, first) = both();
    let picked = |statement| statement >= first;
    let wrong = take_each(&LIVES_OF_HEIRS, &both, List::Resource, picked).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
