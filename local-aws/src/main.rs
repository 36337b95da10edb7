//! `local-aws`: the local AWS as a process.

mod serve;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use local_aws::{Config, Delay, Delays, KnownKey, Lag, LocalAws, elasticache};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// A local AWS: API Gateway, ElastiCache, Secrets Manager, Lambda configuration, roles and STS on one port.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one, the first line printed names it
    #[arg(long, default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// Folder that keeps the world over restarts
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// valkey-server or redis-server to run cache nodes with; without it they are states only
    #[arg(long)]
    valkey_server: Option<PathBuf>,
    /// How long timed states last: zero, fast or aws
    #[arg(long, default_value = "fast")]
    delays: Delays,
    /// One delay, e.g. creating=2s; repeatable
    #[arg(long, value_name = "NAME=DURATION", value_parser = parse_delay)]
    delay: Vec<(Delay, SignedDuration)>,
    /// How late reads know of a write: describes, lists and tags, e.g. lists=2m,tags=30s
    #[arg(long, value_name = "NAME=DURATION,..", default_value = "")]
    lag: Lag,
    /// Do not enforce request quotas
    #[arg(long)]
    no_quotas: bool,
    /// An access key whose signatures are verified on IAM routes; repeatable
    #[arg(long, value_name = "ACCESS_KEY:SECRET[:ACCOUNT]")]
    key: Vec<KnownKey>,
    /// How long the connection of a cache's IAM user stays unless it logs in again
    #[arg(long, default_value = "12h")]
    iam_session: SignedDuration,
}

fn parse_delay(text: &str) -> Result<(Delay, SignedDuration), String> {
    let (name, duration) = text.split_once('=').ok_or("expected NAME=DURATION")?;
    Ok((
        name.parse()?,
        duration.parse().map_err(|e: jiff::Error| e.to_string())?,
    ))
}

impl Arguments {
    fn config(self) -> Config {
        // Whoever reaches the APIs reaches the nodes.
        let node_address = match self.listen.ip() {
            IpAddr::V4(address) if !address.is_unspecified() => address,
            _ => Ipv4Addr::LOCALHOST,
        };
        let seed = Timestamp::now().as_nanosecond();
        Config {
            start: None,
            seed: u64::try_from(seed & i128::from(u64::MAX)).unwrap_or(0),
            delays: self
                .delay
                .into_iter()
                .fold(self.delays, |delays, (delay, lasts)| {
                    delays.with(delay, lasts)
                }),
            lag: self.lag,
            quotas: !self.no_quotas,
            keys: self.key,
            iam_session: self.iam_session,
            state_dir: self.state_dir,
            valkey_server: self.valkey_server,
            node_address,
            ..Config::default()
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("local-aws listens on http://{}", listener.local_addr()?);
    let local = LocalAws::new(arguments.config())?;
    tokio::select! {
        () = serve::serve(listener, local.clone()) => {}
        () = elasticache::supervise(local) => {}
        signal = serve::stop_signal() => signal?,
    }
    Ok(())
}
