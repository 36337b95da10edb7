//! A small model of AWS and the API server, as much of it as the planners meet: what they ask for is answered, what they decide is applied as the real
//! services would, and what the real services would refuse is a failed test. Every plan is audited.

mod answers;
mod cluster;
mod elasticache;
mod failing;
mod functions;
mod group;
mod journal;
mod logins;
mod marks;
mod memory;
mod secrets;
mod tokens;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::fixtures;
use crate::model::{Desired, Document, Estate, Tags};
use crate::plan::audit::{Basis, Purpose, audit};
use crate::plan::gateway::tests::service::Service;
use crate::plan::{
    Action, Class, Context, Depth, INTENT_REST_API, KnownTokens, KnownUser, Observed, Plan,
    PublishedVersion, SecretValue, Seen, Spelling, have_left, leaving_intent, plan, plan_teardown,
    policy_roles,
};

pub use cluster::Cluster;
pub use elasticache::ElastiCache;
pub use failing::KINDS;
pub use functions::Functions;
pub use journal::Journal;
pub use secrets::SecretsManager;
pub use truth::Truth;

/// The account of the model.
pub const ACCOUNT: &str = "123456789012";

/// Everything outside the operator, and what the operator remembers.
#[derive(Clone)]
pub struct World {
    pub gateway: Service,
    pub cache: ElastiCache,
    pub secrets: SecretsManager,
    pub cluster: Cluster,
    pub functions: Functions,
    pub now: Timestamp,
    /// Rounds in a row that have seen the replication group available.
    sightings: u32,
    /// What the operator learned of access strings.
    spellings: BTreeMap<String, Spelling>,
    /// The users that were there when the operator looked last.
    known_users: BTreeMap<String, KnownUser>,
    /// The values that the operator has read, and the tags that it read in full looks.
    values: BTreeMap<String, Seen<SecretValue>>,
    tags: BTreeMap<String, Seen<Tags>>,
    /// The versions whose passwords the operator gave the user.
    brought_in: BTreeSet<String>,
    /// What the operator knows of AUTH tokens.
    tokens: KnownTokens,
    /// Since when a version has been pending, as status has it.
    pending_since: Option<(String, Timestamp)>,
    /// Request tokens that were found taken in this reconcile.
    taken: BTreeSet<String>,
    /// The versions of functions that the reconcile has published: rounds that act follow each other in one.
    published: BTreeMap<String, PublishedVersion>,
    /// Since when a version has been current, as status has it.
    promoted: Option<(String, Timestamp)>,
    /// When the operator acted last.
    acted: Option<Timestamp>,
    /// Status no longer names the user that shows tokens.
    status_lost: bool,
    /// What was announced, by kind, as status has it.
    intents: BTreeMap<&'static str, Timestamp>,
    /// The actions that were applied, and the calls that reads cost.
    pub actions: Vec<Action>,
    pub aws_reads: usize,
    pub logins: usize,
    pub journal: Journal,
    /// Id of the replication group and ARN of the secret, as status has them.
    names: (Option<String>, Option<String>),
    /// The process dies after the first write of every round, and another one takes over.
    pub mortal: bool,
    /// Kinds of reads that fail, and how.
    pub unreadable: BTreeMap<String, Class>,
}

/// What one call of [`World::round`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Actions were applied.
    Acted,
    /// Nothing to do now.
    Idle(Box<Plan>),
}

impl Default for World {
    fn default() -> Self {
        Self {
            gateway: Service::default(),
            cache: ElastiCache::default(),
            secrets: SecretsManager::default(),
            cluster: Cluster::default(),
            functions: Functions::default(),
            now: fixtures::now(),
            sightings: 0,
            spellings: BTreeMap::new(),
            known_users: BTreeMap::new(),
            values: BTreeMap::new(),
            tags: BTreeMap::new(),
            brought_in: BTreeSet::new(),
            tokens: KnownTokens::default(),
            taken: BTreeSet::new(),
            published: BTreeMap::new(),
            promoted: None,
            pending_since: None,
            acted: None,
            status_lost: false,
            intents: BTreeMap::new(),
            actions: Vec::new(),
            aws_reads: 0,
            logins: 0,
            journal: Journal::default(),
            mortal: false,
            unreadable: BTreeMap::new(),
            names: (None, None),
        }
    }
}

type Planner<'a> = dyn Fn(&Observed, Context) -> Plan + 'a;

/// What a round decides: the plan for what is observed, and what it is for.
struct Decide<'a> {
    plan: Box<Planner<'a>>,
    purpose: Purpose,
    document: Option<&'a Document>,
    desired: Option<&'a Desired>,
}

fn converge(desired: &Desired) -> Decide<'_> {
    Decide {
        plan: Box::new(|observed, context| plan(desired, observed, context)),
        purpose: Purpose::from(desired),
        document: Some(&desired.gateway.document),
        desired: Some(desired),
    }
}

fn teardown(estate: &Estate) -> Decide<'_> {
    Decide {
        plan: Box::new(|observed, context| plan_teardown(estate, observed, context)),
        purpose: Purpose::from(estate),
        document: None,
        desired: None,
    }
}

impl World {
    /// Runs rounds until one finds nothing to do and nothing to wait for, or only what needs somebody else; gives that round's plan.
    pub fn settle(&mut self, desired: &Desired) -> Plan {
        let decide = converge(desired);
        self.run(&decide)
    }

    /// Runs enough rounds for anything that can still happen; gives the plan of the last one that had nothing to do.
    pub fn stall(&mut self, desired: &Desired) -> Plan {
        let decide = converge(desired);
        let steps: Vec<Step> = (0..60).map(|_| self.turn(&decide)).collect();
        match steps.into_iter().next_back() {
            Some(Step::Idle(plan)) => *plan,
            other => panic!("acts without end: {other:?}"),
        }
    }

    /// Runs rounds until everything of the object is taken down.
    pub fn tear_down(&mut self, estate: &Estate) -> Plan {
        self.run(&teardown(estate))
    }

    /// One round of a teardown; gives what it decided when it had nothing to do.
    pub fn tear_down_once(&mut self, estate: &Estate) -> Step {
        self.turn(&teardown(estate))
    }

    /// One round towards what is desired.
    pub fn round(&mut self, desired: &Desired) -> Step {
        self.turn(&converge(desired))
    }

    /// The group was not available when it was last looked at.
    pub fn lose_sight(&mut self) {
        self.sightings = 0;
    }

    /// Whether the operator has seen in the group what it gave it last.
    pub fn sees_its_token(&self) -> bool {
        self.tokens.is_seen()
    }

    /// Another process takes over: it remembers what is in status, and nothing else.
    pub fn restart(&mut self) {
        (self.sightings, self.acted) = (0, None);
        self.spellings.clear();
        self.known_users.clear();
        self.values.clear();
        self.tags.clear();
        self.brought_in.clear();
        self.tokens = KnownTokens::default();
    }

    /// One look at what is awaited; gives its plan.
    pub fn glance(&mut self, desired: &Desired) -> Plan {
        let decide = converge(desired);
        let tags = self.tags.clone();
        self.observe(&decide, Depth::Glance, tags).1
    }

    /// One look of the poll `n`; gives its plan.
    pub fn poll(&mut self, desired: &Desired, n: u64) -> Plan {
        let decide = converge(desired);
        self.aws_reads = 0;
        let tags = self.tags.clone();
        self.observe(&decide, Depth::Poll(n), tags).1
    }

    fn run(&mut self, decide: &Decide) -> Plan {
        let mut last = Plan::default();
        for _ in 0..400 {
            match self.turn(decide) {
                Step::Acted => {}
                // Users that leave the cache are seen off.
                Step::Idle(plan) if plan.wake_up().or(plan.cache.scheduled).is_none() => {
                    return *plan;
                }
                Step::Idle(plan) => last = *plan,
            }
        }
        panic!("does not settle; last: {last:#?}");
    }

    /// One round. After an action the next one follows at once; after a wait, time passes and AWS gets on with its work.
    fn turn(&mut self, decide: &Decide) -> Step {
        let (mut observed, plan) = self.observe(decide, Depth::Full, BTreeMap::new());
        self.remember(&observed);
        if let Some(desired) = decide.desired {
            self.functions.policy_roles = policy_roles(desired, &observed);
            let left = have_left(desired, &observed);
            let leaving = leaving_intent(desired.mode).filter(|_| !left);
            self.intents
                .retain(|kind, _| *kind == INTENT_REST_API || leaving == Some(*kind));
        }
        self.journal.note(self.now, &plan);
        if !plan.acts() {
            let poll = Duration::from_mins(10);
            let scheduled = plan.scheduled().map_or(poll, |at| at.min(poll));
            let waited = plan.wake_up().unwrap_or(scheduled);
            self.now += waited;
            self.cache.tick();
            self.cluster.tick();
            self.functions.tick();
            self.published.clear();
            self.taken.clear();
            return Step::Idle(Box::new(plan));
        }
        self.acted = Some(self.now);
        for action in plan
            .aspects()
            .flat_map(|(_, aspect)| aspect.actions.clone())
        {
            let reply = self.write(&action, decide.document);
            observed.learn(&action, reply);
            self.actions.push(action);
            if self.mortal {
                self.restart();
                return Step::Acted;
            }
        }
        self.published = observed.published;
        self.taken = observed.secret.taken;
        self.spellings = observed.cache.spellings;
        self.brought_in = observed.secret.brought_in;
        self.tokens = observed.secret.tokens;
        self.known_users = observed.cache.known_users;
        Step::Acted
    }

    fn observe(
        &mut self,
        decide: &Decide,
        depth: Depth,
        tags: BTreeMap<String, Seen<Tags>>,
    ) -> (Observed, Plan) {
        let context = Context {
            now: self.now,
            depth,
            acted: self.acted,
            request_lifetime: Duration::from_mins(15),
            consumer_policies: self.functions.managed,
        };
        let mut observed = self.remembered();
        observed.cache.tags = tags;
        for _ in 0..20 {
            observed.cache.available_sightings = self.sightings;
            let plan = (decide.plan)(&observed, context);
            let basis = Basis {
                identity: &fixtures::identity(),
                observed: &observed,
                context,
                purpose: decide.purpose,
            };
            assert_eq!(audit(basis, &plan), Vec::<String>::new(), "{plan:#?}");
            assert_eq!(
                (decide.plan)(&observed, context),
                plan,
                "planning again with the same input changes nothing"
            );
            if plan.reads().is_empty() {
                return (observed, plan);
            }
            for read in plan.reads().into_iter().cloned().collect::<Vec<_>>() {
                observed.record(self.read(&read));
            }
        }
        panic!("reads without end");
    }
}

/// Tags of somebody else.
pub fn foreign_tags() -> Tags {
    [("team".to_owned(), "billing".to_owned())].into()
}
