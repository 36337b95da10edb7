//! What can be said on the command line.

use std::net::SocketAddr;
use std::time::Duration;

use cachedapi_operator::aws::QuotaShare;
use cachedapi_operator::telemetry::Format;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Kubernetes operator: one object for an API Gateway API, its `ElastiCache` cache and the credential between them.
#[derive(Debug, Parser)]
#[command(name = "cachedapi-operator", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator until it is told to stop (SIGTERM or SIGINT).
    ///
    /// AWS is reached as the AWS SDKs are told by `AWS_REGION`, `AWS_ENDPOINT_URL`, web identity, Pod Identity and so on; the Kubernetes API server
    /// as KUBECONFIG or the pod's service account say.
    Run(Box<Run>),
    /// Print a `CustomResourceDefinition` as YAML.
    Crd(Crd),
    /// Print the IAM policy that the operator needs, as JSON.
    IamPolicy(IamPolicy),
    /// Print what is in AWS with this cluster's id and belongs to no `CachedApi` that there is. Deletes nothing.
    ///
    /// Reads AWS and the API server as `run` does, with the identities of whoever calls it. The exit status is 0 when there is nothing of the kind, 3 when there is, and 1 when
    /// that cannot be told, or not of everything.
    Orphans(Orphans),
}

/// Whose objects these are.
#[derive(Args, Debug)]
pub struct Scope {
    /// Namespaces to watch, separated by commas; all if there are none
    #[arg(
        long,
        env = "CACHEDAPI_WATCH_NAMESPACES",
        value_delimiter = ',',
        value_name = "NAMESPACES"
    )]
    pub watch_namespaces: Vec<String>,
    /// Id of the cluster, for tags: what an operator in another cluster made is left alone [default: UID of the namespace kube-system]
    #[arg(long, env = "CACHEDAPI_CLUSTER_ID", value_name = "ID")]
    pub cluster_id: Option<String>,
}

/// How to run.
#[derive(Args, Debug)]
pub struct Run {
    #[command(flatten)]
    pub scope: Scope,
    /// How often an object that is as desired is compared with AWS, at least a minute, give or take a tenth
    #[arg(long, env = "CACHEDAPI_POLL_INTERVAL", default_value = "10m", value_parser = poll_interval, value_name = "DURATION")]
    pub poll_interval: Duration,
    /// How long a delayed request to AWS may still be carried out: the lifetime of a signature, with clocks that differ. Only a local AWS has a shorter one
    #[arg(long, env = "CACHEDAPI_REQUEST_LIFETIME", default_value = "15m", value_parser = duration, value_name = "DURATION", hide = true)]
    pub request_lifetime: Duration,
    /// How many objects are worked on at a time
    #[arg(long, env = "CACHEDAPI_MAX_CONCURRENT_RECONCILES", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..), value_name = "NUMBER")]
    pub max_concurrent_reconciles: u16,
    /// Part of the AWS account's request quotas to use at most, above 0 and at most 1
    #[arg(long, env = "CACHEDAPI_QUOTA_SHARE", default_value = "0.6", value_parser = quota_share, value_name = "SHARE")]
    pub quota_share: QuotaShare,
    /// Whether to write the policy that a bound Lambda function needs onto its role: the role must carry the cluster's tag, and the operator's identity needs the
    /// policy that `iam-policy --manage-consumer-policies` prints
    #[arg(long, env = "CACHEDAPI_MANAGE_CONSUMER_POLICIES", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub manage_consumer_policies: bool,
    /// How often things in AWS are looked for whose object is gone; 0s: never
    #[arg(long, env = "CACHEDAPI_ORPHAN_SWEEP_INTERVAL", default_value = "1h", value_parser = sweep_interval, value_name = "DURATION")]
    pub orphan_sweep_interval: Duration,
    /// Whether these are deleted, when sweeps have seen them for the grace: not with --watch-namespaces
    #[arg(long, env = "CACHEDAPI_DELETE_ORPHANS", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub delete_orphans: bool,
    /// How long a process must have seen a thing without its object before it deletes it, at least an hour
    #[arg(long, env = "CACHEDAPI_ORPHAN_GRACE", default_value = "24h", value_parser = orphan_grace, value_name = "DURATION")]
    pub orphan_grace: Duration,
    /// AWS Regions to look in, separated by commas, besides those that objects name and the identity's own: the last object of a Region may be gone
    #[arg(
        long,
        env = "CACHEDAPI_ORPHAN_REGIONS",
        value_delimiter = ',',
        value_name = "REGIONS"
    )]
    pub orphan_regions: Vec<String>,
    /// Address of /metrics
    #[arg(
        long,
        env = "CACHEDAPI_METRICS_ADDRESS",
        default_value = "0.0.0.0:8080",
        value_name = "ADDRESS"
    )]
    pub metrics_address: SocketAddr,
    /// Address of /healthz and /readyz
    #[arg(
        long,
        env = "CACHEDAPI_HEALTH_ADDRESS",
        default_value = "0.0.0.0:8081",
        value_name = "ADDRESS"
    )]
    pub health_address: SocketAddr,
    /// Shape of log lines
    #[arg(
        long,
        env = "CACHEDAPI_LOG_FORMAT",
        default_value = "json",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// What to log: error, warn, info, debug or trace, or a list such as `info,cachedapi_operator=debug`
    #[arg(
        long,
        env = "CACHEDAPI_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub log_level: String,
    /// Whether to work only while holding a Lease, so that several replicas can run
    #[arg(long, env = "CACHEDAPI_LEADER_ELECTION", default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub leader_election: bool,
    /// Name of the Lease
    #[arg(
        long,
        env = "CACHEDAPI_LEASE_NAME",
        default_value = "cachedapi-operator",
        value_name = "NAME"
    )]
    pub lease_name: String,
    /// Name of the pod, unique among the replicas [default: made of the process's id]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub pod_name: Option<String>,
    /// Namespace of the Lease [default: that of the kubeconfig's context or of the pod]
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAMESPACE")]
    pub pod_namespace: Option<String>,
}

/// What to compare.
#[derive(Args, Debug)]
pub struct Orphans {
    /// AWS Region to look in, besides those that objects name and the identity's own; may be given several times
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    #[command(flatten)]
    pub scope: Scope,
    /// Shape of what is printed
    #[arg(long, default_value = "text", value_name = "SHAPE")]
    pub output: Shape,
}

/// Shape of what is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shape {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// Which definition is printed.
#[derive(Args, Debug)]
pub struct Crd {
    /// What it defines
    #[arg(default_value = "cachedapis")]
    pub resource: Resource,
}

/// A resource that the operator knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Resource {
    /// `CachedApi` objects
    Cachedapis,
    /// `AwsAccount` objects
    Awsaccounts,
}

/// Where the policy counts.
#[derive(Args, Debug)]
pub struct IamPolicy {
    /// Id of the cluster, as the operator is told it; by default that is `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`
    #[arg(long, env = "CACHEDAPI_CLUSTER_ID", value_name = "ID")]
    pub cluster_id: String,
    /// AWS account
    #[arg(long, default_value = "*", value_name = "NUMBER")]
    pub account: String,
    /// AWS Region
    #[arg(long, default_value = "*", value_name = "REGION")]
    pub region: String,
    /// For an operator with this setting
    #[arg(long, env = "CACHEDAPI_MANAGE_CONSUMER_POLICIES", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub manage_consumer_policies: bool,
    /// Print instead what it needs besides, to take over replication groups and secrets that exist (spec.adopt)
    #[arg(long)]
    pub adoption: bool,
    /// AWS partition
    #[arg(long, default_value = "aws", value_name = "PARTITION")]
    pub partition: String,
}

/// Shape of log lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

impl From<LogFormat> for Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Json => Self::Json,
            LogFormat::Text => Self::Text,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "it is no duration such as 10m or 1h".to_owned())?;
    Ok(Duration::try_from(duration).unwrap_or_default())
}

fn poll_interval(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < Duration::from_mins(1) {
        Err("it is less than a minute".into())
    } else {
        Ok(duration)
    }
}

fn sweep_interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval.is_zero() || interval >= Duration::from_mins(1) {
        Ok(interval)
    } else {
        Err("it is less than a minute, and not 0s".into())
    }
}

fn orphan_grace(text: &str) -> Result<Duration, String> {
    let grace = duration(text)?;
    if grace < Duration::from_hours(1) {
        Err("it is less than an hour".into())
    } else {
        Ok(grace)
    }
}

fn quota_share(text: &str) -> Result<QuotaShare, String> {
    text.parse()
        .ok()
        .and_then(QuotaShare::new)
        .ok_or_else(|| "it is no number above 0 and at most 1".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Box<Run>, String> {
        let arguments = ["cachedapi-operator", "run"].iter().chain(arguments);
        match Cli::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Run(run) => Ok(run),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let run = run(&[]).unwrap();
        assert_eq!(
            (
                run.poll_interval,
                run.max_concurrent_reconciles,
                run.leader_election
            ),
            (Duration::from_mins(10), 8, true)
        );
        assert!(run.scope.watch_namespaces.is_empty());
        assert_eq!(
            (
                run.orphan_sweep_interval,
                run.delete_orphans,
                run.orphan_grace
            ),
            (Duration::from_hours(1), false, Duration::from_hours(24))
        );
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_reason() {
        for (argument, reason) in [
            ("--poll-interval=10", "it is no duration such as 10m or 1h"),
            ("--poll-interval=5s", "it is less than a minute"),
            (
                "--orphan-sweep-interval=30s",
                "it is less than a minute, and not 0s",
            ),
            ("--orphan-grace=59m", "it is less than an hour"),
            ("--quota-share=0", "it is no number above 0 and at most 1"),
            ("--quota-share=1.5", "it is no number above 0 and at most 1"),
            ("--max-concurrent-reconciles=0", "0 is not in 1..=65535"),
            ("--health-address=8081", "invalid socket address syntax"),
        ] {
            let refused = run(&[argument]).unwrap_err();
            assert!(refused.contains(reason), "{argument}: {refused}");
        }
    }
}
