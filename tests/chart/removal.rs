//! Each right of the operator is taken away in turn, on a real API server: what needs it is refused then, and the operator names the right that it lacks.

use std::time::Duration;

use cachedapi_hack::Result;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::operator::{NAMESPACE as RELEASE_NAMESPACE, Operator, RELEASE};
use cachedapi_hack::resource::Resource;
use cachedapi_hack::wait::{self, Seen};
use serde_json::{Value, json};

use super::rights::{asked, audit_log, disturb, rights_of, workload};

const NAMESPACE: &str = "removal";
const DEADLINE: Duration = Duration::from_secs(40);
/// How long after one sweep the next may end.
const NEXT_SWEEP: Duration = Duration::from_secs(90);
/// What it uses when it starts, and what it lives on from then on: it is started again without these.
const TO_START: [&str; 3] = [
    "get /namespaces",
    "list cachedapi.dev/cachedapis",
    "watch cachedapi.dev/cachedapis",
];

#[test]
fn without_any_right_of_the_operator_something_is_refused_and_the_right_is_named() {
    miss_each("removal", &[]);
}

#[test]
fn without_any_right_in_the_namespaces_that_it_watches_something_is_refused_and_the_right_is_named()
{
    miss_each("removal-namespaced", &["watchNamespaces={removal}"]);
}

/// Takes each right away that the chart gives with these values.
fn miss_each(name: &str, values: &[&str]) {
    let behaviour = Behaviour {
        delays: "zero",
        quotas: false,
        nodes: false,
        log: "info",
    };
    let target = env!("CARGO_TARGET_TMPDIR").as_ref();
    let environment = Environment::for_tests(target, name, &behaviour).unwrap();
    let mut case = Case::prepare(&environment, values).unwrap();
    let grants = grants(environment.kubectl()).unwrap();
    assert!(grants.len() > 15, "{grants:?}");
    let (to_sweep, others): (Vec<_>, Vec<_>) = grants.iter().partition(|grant| grant.is_to_sweep());
    let (to_start, at_work): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|grant| grant.is_to_start());
    // It sweeps once a minute, so that it is without these while the others are taken away.
    let taken: Vec<_> = to_sweep.into_iter().map(|grant| case.take(grant)).collect();
    for grant in at_work {
        let taken = case.take(grant);
        case.give_back(taken, DEADLINE);
    }
    for grant in to_start {
        let taken = case.take(grant);
        case.operator.restart().unwrap();
        case.give_back(taken, DEADLINE);
    }
    // With these given back it works as before.
    case.operator.crash().unwrap();
    case.object.delete().unwrap();
    case.forget_the_others().unwrap();
    for taken in taken {
        case.give_back(taken, NEXT_SWEEP);
    }
}

/// A right that one of the operator's roles gives.
#[derive(Debug)]
struct Grant {
    /// `role/name` or `clusterrole/name`.
    role: String,
    /// That of a Role.
    namespace: Option<String>,
    /// As in the rights that are asked for: `verb group/resource`.
    right: String,
}

impl Grant {
    fn is_to_start(&self) -> bool {
        TO_START.contains(&&*self.right)
    }

    /// What it looks for in sweeps, and what it says of those that could not judge.
    fn is_to_sweep(&self) -> bool {
        let of_lease = self.role.ends_with("-leader");
        self.right == "list cachedapi.dev/awsaccounts"
            || of_lease && self.right == "create events.k8s.io/events"
    }

    /// How the API server names the right when it refuses what needs it.
    fn name(&self) -> String {
        let (verb, resource) = self.right.split_once(' ').unwrap();
        let (group, resource) = resource.split_once('/').unwrap();
        let right = format!("cannot {verb} resource \"{resource}\" in API group \"{group}\"");
        match &self.namespace {
            Some(namespace) => format!("{right} in the namespace \"{namespace}\""),
            None => right,
        }
    }
}

/// A right that was taken away.
struct Taken<'a> {
    grant: &'a Grant,
    /// The role's rules with it.
    rules: Value,
    /// What the API server and the operator had logged until then, in bytes.
    logged: [usize; 2],
}

/// What the chart gives the operator: the rights of each role that is bound, and not those that users get.
fn grants(kubectl: &Kubectl) -> Result<Vec<Grant>> {
    let selector = format!("--selector=app.kubernetes.io/instance={RELEASE}");
    let kinds = "rolebindings,clusterrolebindings";
    let bindings = kubectl.json(["get", kinds, "--all-namespaces", &selector])?;
    let mut grants = Vec::new();
    for binding in bindings["items"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let role = &binding["roleRef"];
        let role = format!("{}/{}", text(&role["kind"]), text(&role["name"])).to_lowercase();
        let namespace = binding["metadata"]["namespace"].as_str().map(str::to_owned);
        let rules = rules(kubectl, &role, namespace.as_deref())?;
        let rights = rights_of(rules.as_array().unwrap()).into_iter();
        grants.extend(rights.map(|right| Grant {
            role: role.clone(),
            namespace: namespace.clone(),
            right,
        }));
    }
    Ok(grants)
}

fn rules(kubectl: &Kubectl, role: &str, namespace: Option<&str>) -> Result<Value> {
    let namespace = namespace.map(|namespace| format!("--namespace={namespace}"));
    let role = ["get", role].into_iter().chain(namespace.as_deref());
    Ok(kubectl.json(role)?["rules"].take())
}

/// `rules` without `right`.
fn without(rules: &Value, right: &str) -> Value {
    let mut left = Vec::new();
    for rule in rules.as_array().unwrap() {
        for resource in rule["resources"].as_array().unwrap() {
            for verb in rule["verbs"].as_array().unwrap() {
                let mut rule = rule.clone();
                (rule["resources"], rule["verbs"]) = (json!([resource]), json!([verb]));
                left.push(rule);
            }
        }
    }
    left.retain(|rule| !rights_of(std::slice::from_ref(rule)).contains(right));
    left.into()
}

struct Case<'a> {
    environment: &'a Environment,
    operator: Operator,
    /// It has a binding of every kind.
    object: Resource<'a>,
    /// It names an account that is not there.
    elsewhere: Resource<'a>,
    /// An object without bindings.
    manifest: Value,
}

impl<'a> Case<'a> {
    fn prepare(environment: &'a Environment, values: &[&str]) -> Result<Self> {
        let kubectl = environment.kubectl();
        kubectl.run(["create", "namespace", NAMESPACE])?;
        let common = ["quotaShare=1", "orphans.sweepInterval=1m"];
        let values: Vec<_> = common
            .iter()
            .chain(values)
            .map(ToString::to_string)
            .collect();
        let operator = environment.start_operator(&values)?;
        let mut manifest = environment.example("examples/orders.yaml".as_ref())?;
        manifest["metadata"]["namespace"] = NAMESPACE.into();
        let mut bound = manifest.clone();
        let bindings = bound["spec"]["bindings"].as_array_mut().unwrap();
        bindings.push(json!({"secret": {"name": "spare"}}));
        for (kind, key) in [("Deployment", "deployment"), ("StatefulSet", "statefulSet")] {
            kubectl.apply(&workload(kind, NAMESPACE).to_string())?;
            bindings.push(json!({key: {"name": "orders"}}));
        }
        manifest["spec"]["bindings"] = json!([]);
        let mut other = manifest.clone();
        other["metadata"]["name"] = "elsewhere".into();
        other["spec"]["accountRef"] = json!({"name": "theirs"});
        let case = Self {
            object: Resource::apply(environment, &bound)?,
            elsewhere: Resource::apply(environment, &other)?,
            environment,
            operator,
            manifest,
        };
        // Nothing makes pods here, so that it goes no further.
        let object = &case.object;
        object.wait_until_said("BindingsReady", "RollingOut", DEADLINE)?;
        Ok(case)
    }

    /// Takes the right away.
    fn take<'b>(&mut self, grant: &'b Grant) -> Taken<'b> {
        let namespace = grant.namespace.as_deref();
        let rules = rules(self.environment.kubectl(), &grant.role, namespace).unwrap();
        let logged = [audit_log(self.environment), self.log()].map(|log| log.len());
        let left = without(&rules, &grant.right);
        self.set_rules(grant, &left).unwrap();
        Taken {
            grant,
            rules,
            logged,
        }
    }

    /// Gives the right back, which was missed within `deadline`.
    fn give_back(&mut self, taken: Taken, deadline: Duration) {
        let Taken {
            grant,
            rules,
            logged,
        } = taken;
        let missed = self.until_missed(grant, logged, deadline);
        let error = missed.err().map(|error| error.to_string());
        assert_eq!(error, None, "{grant:?}");
        self.set_rules(grant, &rules).unwrap();
    }

    /// Waits until the API server has refused what needs the right, and the operator names it: in what they have logged after the first `noted` and `logged` bytes.
    fn until_missed(
        &mut self,
        grant: &Grant,
        [noted, logged]: [usize; 2],
        deadline: Duration,
    ) -> Result<()> {
        let name = grant.name();
        let mut turn = 0;
        wait::until(&format!("the operator to say: {name}"), deadline, || {
            let (_, refused) = asked(&audit_log(self.environment)[noted..]);
            if refused.contains(&grant.right) && self.told(logged)?.contains(&name) {
                return Ok(Seen::Done(()));
            }
            if !grant.is_to_start() && !grant.is_to_sweep() {
                self.provoke(&grant.right, turn)?;
            }
            turn += 1;
            Ok(Seen::NotYet(format!("what was refused is {refused:?}")))
        })
    }

    fn set_rules(&self, grant: &Grant, rules: &Value) -> Result<()> {
        let patch = json!([{"op": "replace", "path": "/rules", "value": rules}]).to_string();
        let namespace = grant.namespace.as_ref();
        let namespace = namespace.map(|namespace| format!("--namespace={namespace}"));
        let patch = ["patch", &grant.role, "--type=json", "--patch", &patch];
        let patch = patch.into_iter().chain(namespace.as_deref());
        self.environment.kubectl().run(patch).map(drop)
    }

    /// Without the operator, the other objects go and leave behind what they have in AWS: of things without any object a sweep tells nothing but that.
    fn forget_the_others(&mut self) -> Result<()> {
        self.operator.process().kill()?;
        let kubectl = self.environment.kubectl();
        let all = [
            "get",
            "cachedapis",
            "--namespace",
            NAMESPACE,
            "--output=name",
        ];
        for object in kubectl.run(all)?.lines() {
            let without = r#"{"metadata":{"finalizers":null}}"#;
            let args = ["--namespace", NAMESPACE, object];
            let patch = ["patch", "--type=merge", "--patch", without];
            kubectl.run(patch.into_iter().chain(args))?;
            kubectl.run(["delete"].into_iter().chain(args))?;
        }
        self.operator.restart()
    }

    /// What the operator says: in its log after the first `logged` bytes, and in the objects.
    fn told(&mut self, logged: usize) -> Result<String> {
        let objects = ["get", "cachedapis", "--namespace", NAMESPACE];
        let objects = self.environment.kubectl().json(objects)?;
        let log = &self.log()[logged..];
        Ok(format!("{log}\n{objects}").replace("\\\"", "\""))
    }

    fn log(&mut self) -> String {
        std::fs::read_to_string(self.operator.process().log()).unwrap()
    }

    /// Does what makes the operator use `right`, and asks it to look; for the `turn`th time.
    fn provoke(&self, right: &str, turn: usize) -> Result<()> {
        let kubectl = self.environment.kubectl();
        let run = |args: &str| {
            let namespace = ["--namespace", NAMESPACE];
            kubectl.run(args.split(' ').chain(namespace)).map(drop)
        };
        match right {
            "create /secrets" => run("delete secret orders-cache --ignore-not-found")?,
            "patch /secrets" => {
                run(r#"patch secret orders-cache --patch {"data":{"host":"ZWxzZXdoZXJl"}}"#)?;
            }
            "delete /secrets" if turn == 0 => {
                let spare = json!([{"op": "remove", "path": "/spec/bindings/1"}]);
                self.object.patch(&spare)?;
            }
            "patch apps/deployments" => run(&format!("patch deployment orders --patch {SPOILT}"))?,
            "patch apps/statefulsets" => {
                run(&format!("patch statefulset orders --patch {SPOILT}"))?;
            }
            "patch cachedapi.dev/cachedapis" | "create events.k8s.io/events" if turn == 0 => {
                let mut fresh = self.manifest.clone();
                fresh["metadata"]["name"] = format!("fresh-{}", right.len()).into();
                kubectl.apply(&fresh.to_string())?;
            }
            "get cachedapi.dev/cachedapis"
            | "patch cachedapi.dev/cachedapis/status"
            | "patch events.k8s.io/events" => disturb(self.environment, &self.object, turn)?,
            "create coordination.k8s.io/leases" => {
                let lease = ["delete", "lease", "--all", "--namespace", RELEASE_NAMESPACE];
                kubectl.run(lease)?;
            }
            _ => {}
        }
        self.object.request_reconcile()?;
        self.elsewhere.request_reconcile()
    }
}

/// Somebody changes what the operator has written on a workload.
const SPOILT: &str = r#"{"spec":{"template":{"metadata":{"annotations":{"secret-version.cachedapi.dev/orders":"x"}}}}}"#;
