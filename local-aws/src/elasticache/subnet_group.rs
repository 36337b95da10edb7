//! Subnet groups: no states, just names for subnets. All subnets of a place are in its one VPC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use super::names::{identifier, is_ec2_id};
use super::page::{Paging, page};
use super::refusal::{ensure, no_modification, value};
use super::tagging::{self, Tag};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const MOST_GROUPS: usize = 300;
const MOST_SUBNETS: usize = 20;

/// A named set of subnets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubnetGroup {
    pub(super) name: String,
    description: String,
    subnets: Vec<String>,
    arn: String,
}

impl SubnetGroup {
    fn render(&self, region: &str) -> Value {
        let subnets: Vec<_> = self
            .subnets
            .iter()
            .map(|id| render_subnet(id, region))
            .collect();
        json!({
            "CacheSubnetGroupName": self.name,
            "CacheSubnetGroupDescription": self.description,
            "VpcId": "vpc-0local",
            "Subnets": {"Subnet": subnets},
            "ARN": self.arn,
            "SupportedNetworkTypes": {"member": ["ipv4"]},
        })
    }

    /// The Availability Zones of its subnets, at least one.
    pub(super) fn zones(&self, region: &str) -> Vec<String> {
        self.subnets.iter().map(|id| zone(id, region)).collect()
    }
}

fn render_subnet(id: &str, region: &str) -> Value {
    json!({
        "SubnetIdentifier": id,
        "SubnetAvailabilityZone": {"Name": zone(id, region)},
        "SupportedNetworkTypes": {"member": ["ipv4"]},
    })
}

/// A subnet's zone, always the same one of three.
fn zone(subnet: &str, region: &str) -> String {
    let sum: u32 = subnet.bytes().map(u32::from).sum();
    format!("{region}{}", ["a", "b", "c"][sum as usize % 3])
}

fn check_subnets(ids: Vec<String>) -> Result<Vec<String>, AwsError> {
    ensure(!ids.is_empty(), || {
        value("At least one subnet id must be given.")
    })?;
    ensure(ids.len() <= MOST_SUBNETS, || {
        AwsError::bad_request(
            "CacheSubnetQuotaExceededFault",
            format!("A subnet group has at most {MOST_SUBNETS} subnets."),
        )
    })?;
    match ids.iter().find(|id| !is_ec2_id("subnet", id)) {
        Some(id) => Err(AwsError::bad_request(
            "InvalidSubnet",
            format!("The subnet ID '{id}' does not exist"),
        )),
        None => Ok(ids),
    }
}

impl State {
    /// The subnet group, or the refusal that there is none (with status 400: that is what the model says).
    pub(super) fn subnet_group(&self, name: &str) -> Result<&SubnetGroup, AwsError> {
        self.subnet_groups
            .get(&name.to_ascii_lowercase())
            .ok_or_else(|| {
                AwsError::bad_request(
                    "CacheSubnetGroupNotFoundFault",
                    format!("Cache Subnet Group {name} does not exist."),
                )
            })
    }

    fn uses_subnet_group(&self, name: &str) -> bool {
        self.replication_groups
            .values()
            .any(|group| group.subnet_group == name)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    cache_subnet_group_name: String,
    cache_subnet_group_description: String,
    #[serde(default)]
    subnet_ids: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Create = call.input()?;
    let name = identifier("CacheSubnetGroupName", &input.cache_subnet_group_name, 255)?;
    let state = &mut place.elasticache;
    ensure(!state.subnet_groups.contains_key(&name), || {
        AwsError::bad_request(
            "CacheSubnetGroupAlreadyExists",
            format!("Cache subnet group {name} already exists."),
        )
    })?;
    let room = !call.config.quotas || state.subnet_groups.len() < MOST_GROUPS;
    ensure(room, || {
        AwsError::bad_request(
            "CacheSubnetGroupQuotaExceeded",
            format!("There can be at most {MOST_GROUPS} subnet groups."),
        )
    })?;
    let (subnets, tags) = (
        check_subnets(input.subnet_ids)?,
        tagging::check(input.tags)?,
    );
    let arn = call.arn("elasticache", &format!("subnetgroup:{name}"));
    let group = SubnetGroup {
        name: name.clone(),
        description: input.cache_subnet_group_description,
        subnets,
        arn,
    };
    place.tags.add(&group.arn, tags);
    let rendered = group.render(call.region());
    state.subnet_groups.insert(name, group);
    Ok(Reply::ok(json!({"CacheSubnetGroup": rendered})))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    cache_subnet_group_name: Option<String>,
    max_records: Option<u32>,
    marker: Option<String>,
}

pub(super) fn describe(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Describe = call.input()?;
    let state = &place.elasticache;
    let (groups, marker) = match input.cache_subnet_group_name {
        Some(name) => (vec![state.subnet_group(&name)?], None),
        None => page(
            &state.subnet_groups,
            &Paging {
                max_records: input.max_records,
                marker: input.marker,
            },
        )?,
    };
    let groups: Vec<_> = groups
        .into_iter()
        .map(|group| group.render(call.region()))
        .collect();
    Ok(Reply::ok(
        json!({"CacheSubnetGroups": {"CacheSubnetGroup": groups}, "Marker": marker}),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    cache_subnet_group_name: String,
    cache_subnet_group_description: Option<String>,
    #[serde(default)]
    subnet_ids: Vec<String>,
}

/// Changes description and subnets at once. A subnet that nodes may stand in cannot leave a group in use.
pub(super) fn modify(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Modify = call.input()?;
    let state = &mut place.elasticache;
    let mut group = state.subnet_group(&input.cache_subnet_group_name)?.clone();
    let before = (group.description.clone(), group.subnets.clone());
    if !input.subnet_ids.is_empty() {
        let subnets = check_subnets(input.subnet_ids)?;
        let leaves = group
            .subnets
            .iter()
            .find(|id| !subnets.contains(id))
            .cloned();
        if let Some(id) = leaves.filter(|_| state.uses_subnet_group(&group.name)) {
            return Err(AwsError::bad_request(
                "SubnetInUse",
                format!("The subnet {id} is currently in use."),
            ));
        }
        group.subnets = subnets;
    }
    if let Some(description) = input.cache_subnet_group_description {
        group.description = description;
    }
    ensure(
        before != (group.description.clone(), group.subnets.clone()),
        no_modification,
    )?;
    let rendered = group.render(call.region());
    state.subnet_groups.insert(group.name.clone(), group);
    Ok(Reply::ok(json!({"CacheSubnetGroup": rendered})))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    cache_subnet_group_name: String,
}

pub(super) fn delete(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Delete = call.input()?;
    let state = &mut place.elasticache;
    let (name, arn) = state
        .subnet_group(&input.cache_subnet_group_name)
        .map(|group| (group.name.clone(), group.arn.clone()))?;
    ensure(!state.uses_subnet_group(&name), || {
        AwsError::bad_request(
            "CacheSubnetGroupInUse",
            format!("Cache Subnet Group {name} is currently in use by a cache cluster."),
        )
    })?;
    state.subnet_groups.remove(&name);
    place.tags.forget(&arn);
    Ok(Reply::ok(Value::Null))
}

/// The zones that nodes are spread over: those of the subnet group, else three of the Region.
pub(super) fn zones(
    groups: &BTreeMap<String, SubnetGroup>,
    name: &str,
    region: &str,
) -> Vec<String> {
    let default = || {
        ["a", "b", "c"]
            .map(|letter| format!("{region}{letter}"))
            .to_vec()
    };
    groups
        .get(name)
        .map_or_else(default, |group| group.zones(region))
}
