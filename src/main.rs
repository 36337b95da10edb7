//! The operator's command line.

mod cli;
mod orphans;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use cachedapi_operator::aws::{self, Accounts, Aws, Call, CallObserver, PolicyScope};
use cachedapi_operator::cluster::Cluster;
use cachedapi_operator::controller::orphans::Orphans;
use cachedapi_operator::controller::{self, Clock, Election, Operator, Settings};
use cachedapi_operator::fence::Fence;
use cachedapi_operator::login;
use cachedapi_operator::plan::orphans::Policy;
use cachedapi_operator::telemetry::{self, AwsCall, Endpoints, Health, Metrics};
use cachedapi_operator::{api, model};
use clap::Parser;
use cli::{Cli, Command, IamPolicy, Resource, Run};
use rustls::RootCertStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A look at an object makes and drops nearly four thousand values, most of them small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cachedapi-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(options) => run(&options)?,
        Command::Crd(options) => print_crd(options.resource)?,
        Command::IamPolicy(scope) => print_iam_policy(scope)?,
        Command::Orphans(options) => return orphans::print_orphans(&options),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_crd(resource: Resource) -> Result<()> {
    let definition = match resource {
        Resource::Cachedapis => api::custom_resource_definition(),
        Resource::Awsaccounts => api::aws_account_definition(),
    };
    let definition = serde_saphyr::to_string(&definition).context("the CRD has no YAML form")?;
    print(&format!(
        "# Generated from src/api by `make crd`. Do not edit.\n{}",
        definition.trim_end()
    ))
}

fn print_iam_policy(scope: IamPolicy) -> Result<()> {
    let adoption = scope.adoption;
    let scope = PolicyScope {
        partition: scope.partition,
        region: scope.region,
        account: scope.account,
        cluster_id: scope.cluster_id,
        consumer_policies: scope.manage_consumer_policies,
    };
    let policy = if adoption {
        aws::adoption_policy(&scope)
    } else {
        aws::policy(&scope)
    };
    print(&serde_json::to_string_pretty(&policy)?)
}

/// Prints a line or more. A reader that has seen enough, such as `head`, ends it quietly.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot write to standard output"),
    }
}

/// On one thread: the operator waits nearly all the time. docs/decisions has what that was measured to save.
#[tokio::main(flavor = "current_thread")]
async fn run(options: &Run) -> Result<()> {
    telemetry::init(options.log_format.into(), &options.log_level)?;
    let authorities = provide_tls()?;
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    let health = Health::default();
    serve(options, &metrics, &health).await?;
    let stop = stop_on_signal()?;
    let operator = assemble(options, metrics, health, authorities).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = operator.settings.identity.id,
        "started"
    );
    controller::run(&operator, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Sets the provider of TLS, and tells whom to trust.
fn provide_tls() -> Result<RootCertStore> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok()
        .context("the TLS provider is set already")?;
    Ok(login::authorities()?)
}

/// A connection to the API server.
async fn connect() -> Result<kube::Client> {
    kube::Client::try_default()
        .await
        .context("cannot reach a Kubernetes API server")
}

/// The id that is given, or that of the cluster.
async fn identify(cluster: &Cluster, given: Option<&String>) -> Result<String> {
    match given {
        Some(id) => Ok(id.clone()),
        None => cluster.id().await.context("cannot tell the cluster by the UID of the namespace kube-system; --cluster-id names it"),
    }
}

/// Without the empty ones, which an environment variable without a value has.
fn named(texts: &[String]) -> impl Iterator<Item = String> {
    texts.iter().filter(|text| !text.is_empty()).cloned()
}

async fn serve(options: &Run, metrics: &Metrics, health: &Health) -> Result<()> {
    for (address, endpoints) in [
        (options.health_address, Endpoints::Health(health.clone())),
        (options.metrics_address, Endpoints::Metrics(metrics.clone())),
    ] {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        tokio::spawn(telemetry::serve(listener, endpoints));
    }
    Ok(())
}

/// Becomes true at the first SIGTERM or SIGINT.
fn stop_on_signal() -> Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(true);
        // Kept until the end: receivers take a sender that is gone for a stop, too.
        stop.closed().await;
    });
    Ok(stopped)
}

async fn assemble(
    options: &Run,
    metrics: Metrics,
    health: Health,
    authorities: RootCertStore,
) -> Result<Operator> {
    let client = connect().await?;
    let namespace = options
        .pod_namespace
        .clone()
        .unwrap_or_else(|| client.default_namespace().to_owned());
    let name = options
        .pod_name
        .clone()
        .unwrap_or_else(|| format!("cachedapi-operator-{}", std::process::id()));
    let fence = Fence::open();
    let cluster = Cluster::new(client, name.clone(), fence.clone());
    let id = identify(&cluster, options.scope.cluster_id.as_ref()).await?;
    let election = options.leader_election.then(|| Election {
        namespace,
        name: options.lease_name.clone(),
        identity: name,
    });
    Ok(Operator {
        accounts: Accounts::new(Aws::new(
            &aws::sdk_config().await,
            options.quota_share,
            Arc::new(Counted(metrics.clone())),
            fence,
        )),
        login: Arc::new(login::Tls::trusting(authorities)?),
        cluster,
        clock: Clock::system(),
        metrics,
        health,
        settings: Settings {
            namespaces: named(&options.scope.watch_namespaces).collect(),
            poll: options.poll_interval,
            request_lifetime: options.request_lifetime,
            consumer_policies: options.manage_consumer_policies,
            concurrency: options.max_concurrent_reconciles,
            identity: model::Cluster {
                id,
                operator_version: env!("CARGO_PKG_VERSION").into(),
            },
            orphans: Orphans {
                interval: options.orphan_sweep_interval,
                policy: Policy {
                    delete: options.delete_orphans,
                    grace: options.orphan_grace,
                },
                regions: named(&options.orphan_regions).collect(),
            },
            election,
        },
    })
}

/// Counts calls to AWS.
#[derive(Debug)]
struct Counted(Metrics);

impl CallObserver for Counted {
    fn called(&self, call: &Call<'_>) {
        let (service, operation) = call
            .operation
            .split_once(':')
            .unwrap_or(("", call.operation));
        self.0.aws_called(&AwsCall {
            service,
            operation,
            result: call.result,
        });
        self.0.governor_waited(service, call.waited);
        tracing::debug!(operation = call.operation, region = call.region, result = call.result, took = ?call.took, waited = ?call.waited, "AWS was called");
    }
}
