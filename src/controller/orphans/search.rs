use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::aws::Aws;
use crate::cluster::Cluster;
use crate::plan::Failure;
use crate::plan::orphans::{Evidence, History, Policy, Verdict, judge};

/// Things that are looked at at a time; the governor paces them.
const LOOKS_AT_A_TIME: usize = 8;

/// Where to search.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Id of the cluster.
    pub cluster: String,
    /// Namespaces whose objects are seen; all, if it is empty.
    pub namespaces: Vec<String>,
    /// AWS Regions besides those that objects name.
    pub regions: BTreeSet<String>,
}

/// What a search saw, and what it came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was seen.
    pub evidence: Evidence,
    /// What it came to.
    pub verdict: Verdict,
}

/// Compares what carries the cluster's tag in AWS with all objects. `None` when there is no Region to look in. Nothing is written.
///
/// The objects are listed twice: first for their Regions, and once more when AWS has told what it has. What was made in between has its object in the second
/// list, and the judgement goes by that one.
pub async fn search(
    (cluster, aws): (&Cluster, &Aws),
    scope: &Scope,
    history: &History,
    policy: Policy,
    now: Timestamp,
) -> Result<Option<Found>, Failure> {
    let named = cluster.roster(&scope.namespaces).await?.regions;
    let regions: BTreeSet<String> = scope.regions.iter().cloned().chain(named).collect();
    let Some(any) = regions.first() else {
        return Ok(None);
    };
    let account = aws.ask_identity(any).await?.account;
    let mut listed = BTreeMap::new();
    for region in &regions {
        let things = aws.list_tagged(region, &scope.cluster).await;
        listed.insert(region.clone(), things);
    }
    let mut evidence = Evidence {
        cluster: scope.cluster.clone(),
        account,
        listed,
        roster: cluster.roster(&scope.namespaces).await?,
        looks: BTreeMap::new(),
    };
    loop {
        match judge(&evidence, history, policy, now) {
            Verdict::Look(things) => look(aws, things, &mut evidence).await,
            verdict => return Ok(Some(Found { evidence, verdict })),
        }
    }
}

async fn look(aws: &Aws, things: BTreeSet<(String, String)>, evidence: &mut Evidence) {
    let looks = stream::iter(things).map(|(region, arn)| async move {
        let look = aws.look(&region, &arn).await;
        (arn, look)
    });
    let looks: Vec<_> = looks.buffer_unordered(LOOKS_AT_A_TIME).collect().await;
    evidence.looks.extend(looks);
}
