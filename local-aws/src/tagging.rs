//! Resource Groups Tagging API: `GetResources`.
//!
//! Follows its API reference. The index has every resource of this crate that can be tagged, but IAM's roles, which `GetResources` does not support. It is
//! late only when that is asked for ([`crate::Lag`]), while AWS's always is; as AWS's it shows secrets that wait for their deletion.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::elasticache;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;
const MOST_FILTERS: usize = 50;
const MOST_VALUES: usize = 20;
const MOST_TYPES: usize = 100;
/// "`PaginationTokenExpiredException`: [..] valid for a maximum of 15 minutes".
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetResources {
    #[serde(default)]
    pagination_token: String,
    #[serde(default)]
    tag_filters: Vec<TagFilter>,
    resources_per_page: Option<usize>,
    #[serde(default)]
    resource_type_filters: Vec<String>,
}

/// A key and any of the values; any value at all when there are none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagFilter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetResources" => get_resources(call, place).map(Reply::ok),
        _ => Err(AwsError::unknown_operation(call)),
    }
}

fn get_resources(call: &Call, place: &Regional) -> Result<Value, AwsError> {
    let input: GetResources = call.input()?;
    input.check()?;
    let after = match input.pagination_token.as_str() {
        "" => String::new(),
        token => position(token, call.now)?,
    };
    let size = input.resources_per_page.unwrap_or(PAGE);
    let index = index(place);
    let mut rest = index
        .iter()
        .filter(|(arn, tags)| **arn > after && input.accepts(arn, tags))
        .peekable();
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let token = match (page.last(), rest.peek()) {
        (Some((last, _)), Some(_)) => token(last, call.now),
        _ => String::new(),
    };
    let mappings: Vec<Value> = page
        .into_iter()
        .map(|(arn, tags)| {
            let tags = tags
                .iter()
                .map(|(key, value)| json!({"Key": key, "Value": value}));
            json!({"ResourceARN": arn, "Tags": tags.collect::<Vec<_>>()})
        })
        .collect();
    Ok(json!({"PaginationToken": token, "ResourceTagMappingList": mappings}))
}

/// Everything that is tagged, with the nodes of caches, which have the tags of their group ("Tagging your ElastiCache resources").
fn index(place: &Regional) -> BTreeMap<String, Tags> {
    let tagged = place.tags.all();
    let tagged = tagged.filter(|(arn, _)| !arn.starts_with("arn:aws:iam:"));
    let tagged = tagged.map(|(arn, tags)| (arn.to_owned(), tags.clone()));
    let nodes = elasticache::nodes_of_groups(&place.elasticache);
    let nodes = nodes.map(|(node, group)| (node, place.tags.of(group)));
    tagged.chain(nodes).collect()
}

impl GetResources {
    fn check(&self) -> Result<(), AwsError> {
        let page = self.resources_per_page.unwrap_or(PAGE);
        ensure(
            (1..=LARGEST_PAGE).contains(&page),
            "ResourcesPerPage must be between 1 and 100",
        )?;
        ensure(
            self.tag_filters.len() <= MOST_FILTERS,
            "There can be at most 50 TagFilters",
        )?;
        ensure(
            self.resource_type_filters.len() <= MOST_TYPES,
            "There can be at most 100 ResourceTypeFilters",
        )?;
        let keys: BTreeSet<&str> = self.tag_filters.iter().map(|filter| &*filter.key).collect();
        ensure(
            keys.len() == self.tag_filters.len(),
            "Each key can be in one TagFilter only",
        )?;
        for filter in &self.tag_filters {
            let fits = (1..=128).contains(&filter.key.chars().count())
                && filter.values.len() <= MOST_VALUES
                && filter
                    .values
                    .iter()
                    .all(|value| value.chars().count() <= 256);
            ensure(
                fits,
                "A TagFilter has a key of 1 to 128 characters and at most 20 values of at most 256",
            )?;
        }
        let is_type = |text: &String| {
            (1..=256).contains(&text.len()) && !text.starts_with(':') && !text.ends_with(':')
        };
        ensure(
            self.resource_type_filters.iter().all(is_type),
            "A ResourceTypeFilter has the form service[:resourceType]",
        )
    }

    /// All tag filters and one of the types, if there are some.
    fn accepts(&self, arn: &str, tags: &Tags) -> bool {
        let has = |filter: &TagFilter| {
            tags.get(&filter.key)
                .is_some_and(|value| filter.values.is_empty() || filter.values.contains(value))
        };
        let types = &self.resource_type_filters;
        self.tag_filters.iter().all(has)
            && (types.is_empty() || types.iter().any(|type_| is_of_type(arn, type_)))
    }
}

/// The strings are those that are embedded in the ARN.
fn is_of_type(arn: &str, type_: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (
        parts.next().unwrap_or_default(),
        parts.nth(2).unwrap_or_default(),
    );
    let resource = resource.trim_start_matches('/');
    let embedded = resource.split([':', '/']).next();
    match type_.split_once(':') {
        None => service == type_,
        Some((wanted, type_)) => service == wanted && embedded == Some(type_),
    }
}

fn token(after: &str, now: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {after}", now.as_second()))
}

fn position(token: &str, now: Timestamp) -> Result<String, AwsError> {
    let text = URL_SAFE_NO_PAD.decode(token).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(' '));
    let at = parts.and_then(|(at, _)| Timestamp::from_second(at.parse().ok()?).ok());
    match (parts, at) {
        (Some((_, after)), Some(at)) if now.duration_since(at) <= TOKEN_LIFETIME => {
            Ok(after.to_owned())
        }
        (Some(_), Some(_)) => Err(AwsError::bad_request(
            "PaginationTokenExpiredException",
            "The PaginationToken is valid for 15 minutes.",
        )),
        _ => Err(invalid("The PaginationToken is not valid.")),
    }
}

fn ensure(holds: bool, message: &str) -> Result<(), AwsError> {
    if holds { Ok(()) } else { Err(invalid(message)) }
}

fn invalid(message: &str) -> AwsError {
    AwsError::bad_request("InvalidParameterException", message)
}
