//! The command `orphans`.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use cachedapi_operator::aws::{self, Aws, QuotaShare};
use cachedapi_operator::cluster::Cluster;
use cachedapi_operator::controller::Clock;
use cachedapi_operator::controller::orphans::{Found, Scope, search};
use cachedapi_operator::fence::Fence;
use cachedapi_operator::plan::orphans::{Fate, History, Orphan, Policy, Report, Tagged, Verdict};
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
    Ok(exit_code(&found.verdict))
}

async fn find(options: &Orphans) -> Result<Found> {
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
    };
    let (history, now) = (History::default(), Clock::system().now());
    let found = search((&cluster, &aws), &scope, &history, REPORT_ONLY, now);
    match Box::pin(found).await? {
        Some(found) => Ok(found),
        None => bail!(
            "there is no object that names an AWS Region, and none is set: name one with --region"
        ),
    }
}

fn exit_code(verdict: &Verdict) -> ExitCode {
    match verdict {
        Verdict::Judged(report) if !report.unread.is_empty() => ExitCode::FAILURE,
        Verdict::Judged(report) if report.orphans.is_empty() => ExitCode::SUCCESS,
        Verdict::Judged(_) => ExitCode::from(FOUND),
        Verdict::Refused(..) | Verdict::Look(_) => ExitCode::FAILURE,
    }
}

fn text(found: &Found) -> Result<String> {
    let mut text = String::new();
    let regions: Vec<&str> = found.evidence.listed.keys().map(String::as_str).collect();
    let (cluster, account) = (&found.evidence.cluster, &found.evidence.account);
    writeln!(
        text,
        "Cluster {cluster}, account {account}, {}:",
        regions.join(", ")
    )?;
    match &found.verdict {
        Verdict::Judged(report) => write_report(&mut text, report)?,
        Verdict::Refused(refusal, things) => {
            writeln!(
                text,
                "Nothing is said of {} things: {refusal}",
                things.len()
            )?;
            write_list(&mut text, things.iter().map(|thing| thing.arn.clone()))?;
        }
        Verdict::Look(_) => {}
    }
    Ok(text)
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

fn json(found: &Found) -> Value {
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
