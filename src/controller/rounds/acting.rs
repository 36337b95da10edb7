//! What was decided is carried out.

use futures::future::join_all;

use crate::cluster::Content;
use crate::controller::narrate;
use crate::plan::{Action, Aspect, AspectPlan, ClusterAction, Fact, Failure, Plan, Scope, Seen};

use super::Rounds;

impl Rounds<'_> {
    /// Carries out what the plan decided, the aspects side by side; says whether there was anything.
    pub(super) async fn act(&mut self, plan: &Plan) -> bool {
        let this = &*self;
        let ready = this
            .active(plan)
            .filter(|(_, plan)| plan.reads.is_empty())
            .map(|(aspect, plan)| (aspect, this.open(aspect, plan)))
            .filter(|(_, actions)| !actions.is_empty());
        let results: Vec<Acted> =
            join_all(ready.map(|(aspect, actions)| this.act_on(aspect, actions))).await;
        this.tell(&results).await;
        for acted in &results {
            self.take_in(acted);
        }
        !results.is_empty()
    }

    /// The actions of an aspect, without those on what is left alone.
    fn open<'p>(&self, aspect: Aspect, plan: &'p AspectPlan) -> Vec<&'p Action> {
        let actions = plan.actions.iter();
        actions
            .filter(|action| !self.failures.contains_key(&Scope::of(aspect, action)))
            .collect()
    }

    /// Carries out the actions up to the first that fails, but for those of other consumers.
    async fn act_on<'p>(&self, aspect: Aspect, actions: Vec<&'p Action>) -> Acted<'p> {
        let mut acted = Acted {
            aspect,
            done: Vec::new(),
            failed: Vec::new(),
        };
        for action in actions {
            let (operation, target) = (action.operation(), action.target());
            match self.execute(action).await {
                Ok(fact) => {
                    tracing::info!(aspect = aspect.as_str(), operation, target, "done");
                    acted.done.push((action, fact));
                }
                Err(failure) => {
                    tracing::warn!(aspect = aspect.as_str(), operation, target, reason = failure.reason.as_str(), %failure, "failed");
                    let scope = Scope::of(aspect, action);
                    let ends = scope == aspect.into();
                    acted.failed.push((action, scope, failure));
                    if ends {
                        break;
                    }
                }
            }
        }
        acted
    }

    /// Publishes what was done, all at once: an event takes as long as a write.
    async fn tell(&self, results: &[Acted<'_>]) {
        let Some(subject) = &self.subject else {
            return;
        };
        let object = subject.lock().await.object().clone();
        let notes = results.iter().flat_map(|acted| {
            let done = acted.done.iter();
            done.filter_map(|(action, _)| narrate::written(acted.aspect, action))
        });
        join_all(notes.map(|note| self.context.cluster.publish(&object, note))).await;
    }

    fn take_in(&mut self, acted: &Acted) {
        let now = self.context.clock.now();
        self.acted = Some(now);
        for (action, fact) in &acted.done {
            self.observed.written.add(action, now, fact.is_some());
            self.observed.learn(action, fact.clone());
        }
        for (action, scope, failure) in &acted.failed {
            self.observed.forget(action);
            self.failures.insert(scope.clone(), failure.clone());
        }
    }

    async fn execute(&self, action: &Action) -> Result<Option<Fact>, Failure> {
        match action {
            Action::Cluster(action) => self.execute_in_cluster(action).await,
            action => self.aws.execute(self.goal.region(), action).await,
        }
    }

    async fn execute_in_cluster(&self, action: &ClusterAction) -> Result<Option<Fact>, Failure> {
        let cluster = &self.context.cluster;
        let mut subject = self.subject()?.lock().await;
        match action {
            ClusterAction::RecordIntent { kind } => {
                let at = self.context.clock.now();
                subject.record_intent(kind, at).await?;
                let kind = (*kind).to_owned();
                Ok(Some(Fact::Announced { kind, at }))
            }
            ClusterAction::ApplySecret {
                name,
                data,
                version,
            } => {
                let content = Content {
                    data,
                    version: version.as_deref(),
                };
                let secret = cluster
                    .apply_secret(subject.object(), name, &content)
                    .await?;
                Ok(Some(Fact::BoundSecret {
                    name: name.clone(),
                    secret: Seen::Present(secret),
                }))
            }
            ClusterAction::RollWorkload {
                workload,
                uid,
                version,
            } => {
                let rolled = cluster
                    .roll_workload(subject.object(), (workload, uid), version)
                    .await?;
                Ok(Some(Fact::Workload {
                    workload: workload.clone(),
                    observed: Seen::Present(rolled),
                }))
            }
            ClusterAction::DeleteSecret {
                name,
                resource_version,
            } => cluster
                .delete_secret(subject.object(), name, resource_version)
                .await
                .map(|()| None),
        }
    }
}

/// What became of the actions of an aspect.
struct Acted<'p> {
    aspect: Aspect,
    done: Vec<(&'p Action, Option<Fact>)>,
    failed: Vec<(&'p Action, Scope, Failure)>,
}
