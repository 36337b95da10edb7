use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as desired.
    Settled,
    /// Something is awaited.
    Waiting,
    /// Somebody else has to act.
    Blocked,
    /// A call failed.
    Failed,
    /// The spec has to change.
    Stalled,
    /// The object is paused.
    Paused,
    /// The object is gone, or not ours to look after.
    Gone,
    /// The object does not have the shape of a `CachedApi`.
    Unreadable,
}

impl Outcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Stalled => "stalled",
            Self::Paused => "paused",
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A call to AWS that was answered, or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AwsCall {
    /// Service as its endpoints name it, e.g. `apigateway`.
    pub service: &'static str,
    /// Operation, e.g. `PutRestApi`.
    pub operation: &'static str,
    /// `ok`, or the class of the failure.
    pub result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceLabel {
    service: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabel {
    condition: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabel {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OrphanLabel {
    kind: &'static str,
    account: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The operator's metrics. Every label takes its value from a closed set, or is the number of an AWS account; none names an object. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Family<OutcomeLabel, Counter>,
    reconcile_seconds: Histogram,
    objects: Family<ConditionLabel, Gauge>,
    aws_calls: Family<AwsCall, Counter>,
    governor_wait: Family<ServiceLabel, Counter<f64, AtomicU64>>,
    rotating: Family<PhaseLabel, Gauge>,
    oldest_password: Gauge,
    rotation_failures: Family<ReasonLabel, Counter>,
    orphans: Family<OrphanLabel, Gauge>,
    orphan_sweeps: Family<OutcomeLabel, Counter>,
    leader: Gauge,
}

impl Metrics {
    /// Metrics at zero. `version` is the operator's.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let mut registry = Registry::with_prefix("cachedapi");
        let metrics = Self {
            reconciles: Family::default(),
            reconcile_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 9)),
            objects: Family::default(),
            aws_calls: Family::default(),
            governor_wait: Family::default(),
            rotating: Family::default(),
            oldest_password: Gauge::default(),
            rotation_failures: Family::default(),
            orphans: Family::default(),
            orphan_sweeps: Family::default(),
            leader: Gauge::default(),
            registry: Arc::default(),
        };
        metrics.register(&mut registry);
        registry.register(
            "build",
            "Version of the operator",
            Info::new([("version", version.to_owned())]),
        );
        Self {
            registry: Arc::new(registry),
            ..metrics
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "reconciles",
            "Reconciles by how they ended",
            self.reconciles.clone(),
        );
        registry.register_with_unit(
            "reconcile_duration",
            "Time that a reconcile took",
            Unit::Seconds,
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "objects",
            "CachedApi objects by the status of each condition",
            self.objects.clone(),
        );
        registry.register(
            "aws_calls",
            "Calls to AWS by result",
            self.aws_calls.clone(),
        );
        registry.register_with_unit(
            "governor_wait",
            "Time that calls waited so that AWS need not throttle them",
            Unit::Seconds,
            self.governor_wait.clone(),
        );
        self.register_rotations(registry);
        registry.register(
            "orphans",
            "Things in AWS whose CachedApi is gone, by kind and account, as the last sweep that could judge found them",
            self.orphans.clone(),
        );
        registry.register(
            "orphan_sweeps",
            "Sweeps for orphans by how they ended",
            self.orphan_sweeps.clone(),
        );
        registry.register(
            "leader",
            "1 while this process holds the lease",
            self.leader.clone(),
        );
    }

    fn register_rotations(&self, registry: &mut Registry) {
        registry.register(
            "rotation_objects",
            "CachedApi objects whose password is being rotated, by phase",
            self.rotating.clone(),
        );
        registry.register_with_unit(
            "rotation_oldest_password_timestamp",
            "Unix time from which the oldest current password is; 0 while there is none",
            Unit::Seconds,
            self.oldest_password.clone(),
        );
        registry.register(
            "rotation_failures",
            "Reconciles that could not make, prove or rotate a password, by reason",
            self.rotation_failures.clone(),
        );
    }

    /// Counts a reconcile.
    pub fn reconciled(&self, outcome: Outcome, took: Duration) {
        self.reconciles
            .get_or_create(&OutcomeLabel {
                result: outcome.label(),
            })
            .inc();
        self.reconcile_seconds.observe(took.as_secs_f64());
    }

    /// One object more (`by` 1) or less (-1) has `condition` in `status`.
    pub fn objects_changed(&self, condition: &'static str, status: &'static str, by: i64) {
        self.objects
            .get_or_create(&ConditionLabel { condition, status })
            .inc_by(by);
    }

    /// Counts a call to AWS.
    pub fn aws_called(&self, call: &AwsCall) {
        self.aws_calls.get_or_create(call).inc();
    }

    /// Adds to the time that calls to `service` waited for the governor.
    pub fn governor_waited(&self, service: &'static str, waited: Duration) {
        self.governor_wait
            .get_or_create(&ServiceLabel { service })
            .inc_by(waited.as_secs_f64());
    }

    /// The rotation of one object more (`by` 1) or less (-1) is in `phase`.
    pub fn rotating_changed(&self, phase: &'static str, by: i64) {
        self.rotating
            .get_or_create(&PhaseLabel { phase })
            .inc_by(by);
    }

    /// The oldest current password is from `since`, as Unix time in seconds; 0 if there is none.
    pub fn oldest_password(&self, since: i64) {
        self.oldest_password.set(since);
    }

    /// Counts a reconcile that could not do for a password what there was to do.
    pub fn rotation_failed(&self, reason: &'static str) {
        self.rotation_failures
            .get_or_create(&ReasonLabel { reason })
            .inc();
    }

    /// There are `count` orphans of `kind` in the AWS account of this number.
    pub fn orphans(&self, kind: &'static str, account: &str, count: i64) {
        let account = account.to_owned();
        let label = OrphanLabel { kind, account };
        self.orphans.get_or_create(&label).set(count);
    }

    /// Counts a sweep for orphans.
    pub fn orphans_swept(&self, result: &'static str) {
        self.orphan_sweeps
            .get_or_create(&OutcomeLabel { result })
            .inc();
    }

    /// Says whether this process holds the lease.
    pub fn leads(&self, leader: bool) {
        self.leader.set(leader.into());
    }

    /// All metrics in the Prometheus text format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::new();
        // Writing to a String cannot fail.
        let _ = text::encode(&mut page, &self.registry);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_counted_under_closed_labels() {
        let metrics = Metrics::new("1.2.3");
        metrics.reconciled(Outcome::Settled, Duration::from_millis(3));
        metrics.objects_changed("Ready", "True", 1);
        metrics.aws_called(&AwsCall {
            service: "apigateway",
            operation: "PutRestApi",
            result: "ok",
        });
        metrics.governor_waited("apigateway", Duration::from_millis(1500));
        metrics.rotating_changed("Grace", 1);
        metrics.oldest_password(1_764_000_000);
        metrics.rotation_failed("CacheUnreachable");
        metrics.orphans("rest_api", "111122223333", 2);
        metrics.orphans_swept("complete");
        metrics.leads(true);
        let page = metrics.encode();
        for line in [
            r#"cachedapi_build_info{version="1.2.3"} 1"#,
            r#"cachedapi_reconciles_total{result="settled"} 1"#,
            r#"cachedapi_objects{condition="Ready",status="True"} 1"#,
            r#"cachedapi_aws_calls_total{service="apigateway",operation="PutRestApi",result="ok"} 1"#,
            r#"cachedapi_governor_wait_seconds_total{service="apigateway"} 1.5"#,
            r#"cachedapi_rotation_objects{phase="Grace"} 1"#,
            "cachedapi_rotation_oldest_password_timestamp_seconds 1764000000",
            r#"cachedapi_rotation_failures_total{reason="CacheUnreachable"} 1"#,
            r#"cachedapi_orphans{kind="rest_api",account="111122223333"} 2"#,
            r#"cachedapi_orphan_sweeps_total{result="complete"} 1"#,
            "cachedapi_leader 1",
        ] {
            assert!(
                page.lines().any(|seen| seen == line),
                "{line} is missing in\n{page}"
            );
        }
    }
}
