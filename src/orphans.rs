//! The command `orphans`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use cachedapi_operator::aws::{self, Accounts, Aws, QuotaShare};
use cachedapi_operator::cluster::Cluster;
use cachedapi_operator::controller::Clock;
use cachedapi_operator::controller::orphans::{Found, Scope, Search, search};
use cachedapi_operator::fence::Fence;
use cachedapi_operator::plan::orphans::{Fate, Orphan, Policy, Report, Tagged, Verdict};
use serde_json::{Value, json};

use crate::cli::{Orphans, Shape};
use crate::{connect, identify, named, print, provide_tls};

/// Something is orphaned. 2 is clap's.
const FOUND: u8 = 3;
/// Part of the account's request quotas that the command uses at most: the operator works meanwhile.
const SHARE: f64 = 0.2;
/// Whoever calls this decides for themselves.
const REPORT_ONLY: Policy = Policy {
    delete: false,
    grace: Duration::ZERO,
};

/// Searches, prints, and says by the exit status what was found.
#[tokio::main(flavor = "current_thread")]
pub async fn print_orphans(options: &Orphans) -> Result<ExitCode> {
    provide_tls()?;
    let found = find(options).await?;
    let text = match options.output {
        Shape::Text => text(&found)?,
        Shape::Json => serde_json::to_string_pretty(&json(&found))?,
    };
    print(text.trim_end())?;
    Ok(exit_code(&found))
}

async fn find(options: &Orphans) -> Result<Search> {
    let fence = Fence::open();
    let cluster = Cluster::new(connect().await?, "cachedapi-operator".into(), fence.clone());
    let Some(share) = QuotaShare::new(SHARE) else {
        bail!("the share of the quotas is none");
    };
    let aws = Aws::new(&aws::sdk_config().await, share, Arc::new(()), fence);
    let regions = named(&options.region).chain(aws.own_region().map(str::to_owned));
    let scope = Scope {
        cluster: identify(&cluster, options.scope.cluster_id.as_ref()).await?,
        namespaces: named(&options.scope.watch_namespaces).collect(),
        regions: regions.collect(),
        elsewhere: BTreeMap::new(),
    };
    let accounts = Accounts::new(aws);
    let (outside, now) = ((&cluster, &accounts), Clock::system().now());
    let histories = BTreeMap::new();
    let search = search(outside, &scope, &histories, REPORT_ONLY, now);
    let search = Box::pin(search).await?;
    if search.found.is_empty() && search.unknown.is_empty() {
        bail!(
            "there is no object that names an AWS Region, and none is set: name one with --region"
        );
    }
    Ok(search)
}

fn exit_code(search: &Search) -> ExitCode {
    let reports = search.found.iter().map(|found| match &found.verdict {
        Verdict::Judged(report) if report.unread.is_empty() => Some(report),
        Verdict::Judged(_) | Verdict::Refused(..) | Verdict::Look(_) => None,
    });
    let reports: Option<Vec<&Report>> = reports.collect();
    match reports.filter(|_| search.unknown.is_empty()) {
        None => ExitCode::FAILURE,
        Some(reports) if reports.iter().all(|report| report.orphans.is_empty()) => {
            ExitCode::SUCCESS
        }
        Some(_) => ExitCode::from(FOUND),
    }
}

fn text(search: &Search) -> Result<String> {
    let mut text = String::new();
    for found in &search.found {
        write_found(&mut text, found)?;
    }
    for (account, failure) in &search.unknown {
        writeln!(text, "Account {account} is not looked into: {failure}")?;
    }
    Ok(text)
}

fn write_found(text: &mut String, found: &Found) -> Result<()> {
    let regions: Vec<&str> = found.evidence.listed.keys().map(String::as_str).collect();
    let (cluster, account) = (&found.evidence.cluster, &found.evidence.account);
    writeln!(
        text,
        "Cluster {cluster}, account {account}, {}:",
        regions.join(", ")
    )?;
    match &found.verdict {
        Verdict::Judged(report) => write_report(text, report)?,
        Verdict::Refused(refusal, things) => {
            writeln!(
                text,
                "Nothing is said of {} things: {refusal}",
                things.len()
            )?;
            write_list(text, things.iter().map(|thing| thing.arn.clone()))?;
        }
        Verdict::Look(_) => {}
    }
    Ok(())
}

fn write_report(text: &mut String, report: &Report) -> Result<()> {
    match report.orphans.len() {
        0 => writeln!(text, "Nothing is orphaned.")?,
        count => writeln!(text, "{count} orphaned:")?,
    }
    write_list(text, report.orphans.iter().map(Orphan::to_string))?;
    if !report.retained.is_empty() {
        writeln!(text, "Kept by a deletion policy:")?;
        let kept = report.retained.iter();
        write_list(text, kept.map(|thing| thing.arn.clone()))?;
    }
    if !report.unread.is_empty() {
        writeln!(text, "Could not be read, so that it is not told:")?;
        let unread = report.unread.iter();
        write_list(
            text,
            unread.map(|(what, failure)| format!("{what}: {failure}")),
        )?;
    }
    Ok(())
}

fn write_list(text: &mut String, lines: impl Iterator<Item = String>) -> Result<()> {
    for line in lines {
        writeln!(text, "  {line}")?;
    }
    Ok(())
}

fn json(search: &Search) -> Value {
    let unknown = search.unknown.iter();
    let unknown = unknown.map(
        |(account, failure)| json!({"account": account, "unknown": {"message": failure.to_string()}}),
    );
    let found = search.found.iter().map(json_of);
    json!({"accounts": found.chain(unknown).collect::<Vec<_>>()})
}

fn json_of(found: &Found) -> Value {
    let evidence = &found.evidence;
    let regions: Vec<&String> = evidence.listed.keys().collect();
    let mut printed =
        json!({"cluster": evidence.cluster, "account": evidence.account, "regions": regions});
    match &found.verdict {
        Verdict::Judged(report) => {
            let unread = report.unread.iter();
            let unread =
                unread.map(|(what, failure)| json!({"what": what, "message": failure.to_string()}));
            printed["orphans"] = report.orphans.iter().map(orphan).collect();
            printed["retained"] = arns(&report.retained);
            printed["unread"] = unread.collect();
        }
        Verdict::Refused(refusal, things) => {
            printed["refused"] =
                json!({"reason": refusal.reason(), "message": refusal.to_string()});
            printed["unjudged"] = arns(things);
        }
        Verdict::Look(_) => {}
    }
    printed
}

fn arns(things: &[Tagged]) -> Value {
    things.iter().map(|thing| thing.arn.as_str()).collect()
}

fn orphan(orphan: &Orphan) -> Value {
    let owner = orphan.owner.as_ref().map(|owner| {
        json!({"namespace": owner.namespace, "name": owner.name, "uid": owner.uid.to_string()})
    });
    json!({
        "arn": orphan.arn, "kind": orphan.kind, "region": orphan.region, "owner": owner,
        "ownershipLost": orphan.fate == Fate::OwnershipLost, "message": orphan.to_string(),
    })
}
