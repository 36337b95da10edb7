//! What the planner asks for is read.

use futures::stream::{self, StreamExt};

use crate::login;
use crate::plan::{Attempt, Fact, Plan, Read, Seen, Sensitive};

use super::Rounds;

/// Reads of one object that are under way at a time; the governor paces them over all objects.
const READS_AT_A_TIME: usize = 8;

impl Rounds<'_> {
    /// What the plan asks for, once each, without the aspects that are left alone.
    pub(super) fn wanted(&self, plan: &Plan) -> Vec<Read> {
        let mut reads: Vec<Read> = self
            .active(plan)
            .flat_map(|(_, plan)| plan.reads.iter().cloned())
            .collect();
        reads.sort();
        reads.dedup();
        reads
    }

    pub(super) async fn read(&mut self, reads: Vec<Read>) {
        let this = &*self;
        let facts: Vec<Fact> = stream::iter(reads)
            .map(|read| this.read_one(read))
            .buffer_unordered(READS_AT_A_TIME)
            .collect()
            .await;
        for fact in facts {
            self.count_sighting(&fact);
            self.observed.record(fact);
        }
    }

    async fn read_one(&self, read: Read) -> Fact {
        if let Read::Login(attempt) = &read {
            return Box::pin(self.log_in(attempt)).await;
        }
        if let Read::BoundSecret { name } = read {
            let secret = match self.subject() {
                Ok(subject) => {
                    let subject = subject.lock().await;
                    let cluster = &self.context.cluster;
                    Box::pin(cluster.read_secret(subject.object(), &name)).await
                }
                Err(failure) => Seen::Unknown(failure),
            };
            return Fact::BoundSecret { name, secret };
        }
        if let Read::Workload(workload) = read {
            let observed = match self.subject() {
                Ok(subject) => {
                    let subject = subject.lock().await;
                    let cluster = &self.context.cluster;
                    Box::pin(cluster.read_workload(subject.object(), &workload)).await
                }
                Err(failure) => Seen::Unknown(failure),
            };
            return Fact::Workload { workload, observed };
        }
        self.aws.read(self.goal.region(), &read).await
    }

    /// The planner asks for logins only with versions that were read; without a password nobody knows.
    async fn log_in(&self, attempt: &Attempt) -> Fact {
        let value = self.observed.secret.value(&attempt.version).present();
        let no_password = Sensitive::new("");
        let password = value.map_or(&no_password, |value| &value.password);
        Fact::Login {
            version: attempt.version.clone(),
            login: login::log_in(&*self.context.login, attempt, password).await,
        }
    }

    /// Two sightings of an available group in a row are two reads of it; the reply to a write is none.
    fn count_sighting(&mut self, fact: &Fact) {
        if let Fact::ReplicationGroup(seen) = fact {
            let available = seen
                .present()
                .is_some_and(|group| group.status == "available");
            let sightings = &mut self.observed.cache.available_sightings;
            *sightings = if available {
                sightings.saturating_add(1)
            } else {
                0
            };
        }
    }
}
