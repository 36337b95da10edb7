//! Tags by ARN. A replication group takes tags only while it is available, and is `modifying` for a moment afterwards
//! (`InvalidReplicationGroupState`, "Cluster not in available state to perform tagging operations").

use serde::Deserialize;
use serde_json::json;

use super::refusal::{ensure, not_found, value};
use super::replication_group;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const MOST_TAGS: usize = 50;

/// A tag as it comes over the wire; the value may be left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Checks tags against the rules that hold for every service.
pub(super) fn check(tags: Vec<Tag>) -> Result<Vec<(String, String)>, AwsError> {
    ensure(tags.len() <= MOST_TAGS, too_many)?;
    for tag in &tags {
        ensure((1..=128).contains(&tag.key.chars().count()), || {
            value("A tag key must have 1 to 128 characters.")
        })?;
        ensure(tag.value.chars().count() <= 256, || {
            value("A tag value must have at most 256 characters.")
        })?;
        ensure(!tag.key.starts_with("aws:"), || {
            value("Tag keys must not start with aws:")
        })?;
    }
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn too_many() -> AwsError {
    AwsError::bad_request(
        "TagQuotaPerResourceExceeded",
        format!("A resource can have at most {MOST_TAGS} tags."),
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddTags {
    resource_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn add(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: AddTags = call.input()?;
    check_resource(place, &input.resource_name)?;
    let tags = check(input.tags)?;
    let mut all = place.tags.of(&input.resource_name);
    all.extend(tags.iter().cloned());
    ensure(all.len() <= MOST_TAGS, too_many)?;
    place.tags.add(&input.resource_name, tags);
    replication_group::begin_tagging(call, place, &input.resource_name);
    Ok(reply(place, &input.resource_name))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveTags {
    resource_name: String,
    #[serde(default)]
    tag_keys: Vec<String>,
}

pub(super) fn remove(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: RemoveTags = call.input()?;
    check_resource(place, &input.resource_name)?;
    place.tags.remove(
        &input.resource_name,
        input.tag_keys.iter().map(String::as_str),
    );
    replication_group::begin_tagging(call, place, &input.resource_name);
    Ok(reply(place, &input.resource_name))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListTags {
    resource_name: String,
}

pub(super) fn list(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: ListTags = call.input()?;
    check_resource(place, &input.resource_name)?;
    Ok(reply(place, &input.resource_name))
}

fn reply(place: &Regional, arn: &str) -> Reply {
    let tags: Vec<_> = place
        .tags
        .of(arn)
        .into_iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Reply::ok(json!({"TagList": {"Tag": tags}}))
}

/// The resource must exist; a replication group must be available.
fn check_resource(place: &Regional, arn: &str) -> Result<(), AwsError> {
    let mut parts = arn
        .splitn(6, ':')
        .skip(5)
        .flat_map(|resource| resource.splitn(2, ':'));
    let (Some(kind), Some(id)) = (parts.next(), parts.next()) else {
        return Err(AwsError::bad_request(
            "InvalidARN",
            format!("{arn} is not a valid ARN."),
        ));
    };
    let state = &place.elasticache;
    let exists =
        |exists: bool, code: &str, what: &str| ensure(exists, || not_found(code, what, id));
    match kind {
        "user" => exists(state.users.contains_key(id), "UserNotFound", "User"),
        "usergroup" => exists(
            state.user_groups.contains_key(id),
            "UserGroupNotFound",
            "User group",
        ),
        "snapshot" => exists(
            state.snapshots.contains_key(id),
            "SnapshotNotFoundFault",
            "Snapshot",
        ),
        "subnetgroup" => state.subnet_group(id).map(|_| ()),
        "replicationgroup" => state.replication_group(id)?.check_taggable(),
        "cluster" => {
            let known = state
                .replication_groups
                .values()
                .any(|group| group.member_ids().any(|member| member == id));
            exists(known, "CacheClusterNotFound", "Cache cluster")
        }
        _ => Err(AwsError::bad_request(
            "InvalidARN",
            format!("{arn} is not an ARN of a taggable resource."),
        )),
    }
}
