//! Functions that exist because someone says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::function::Function;
use crate::LocalAws;
use crate::sigv4::DEFAULT_ACCOUNT;

/// Body of `PUT /_local/lambda/{functionName}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Seed {
    #[serde(default = "default_account")]
    account: String,
    region: String,
    /// What the data plane posts proxy events to.
    url: Option<String>,
    #[serde(default)]
    qualifiers: BTreeSet<String>,
    /// Fields of `FunctionConfiguration`, in the API's spelling.
    #[serde(default)]
    configuration: Map<String, Value>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

fn default_account() -> String {
    DEFAULT_ACCOUNT.to_owned()
}

/// Makes or replaces a function; an existing one keeps its policies. Returns its ARN.
pub(crate) fn seed(local: &LocalAws, name: &str, seed: Seed) -> String {
    let arn = format!(
        "arn:aws:lambda:{}:{}:function:{name}",
        seed.region, seed.account
    );
    local.with_world(|world, now| {
        let place = world.regional(&seed.account, &seed.region, now);
        let policies = place
            .lambda
            .functions
            .remove(name)
            .map(|function| function.policies);
        let function = Function {
            name: name.to_owned(),
            arn: arn.clone(),
            url: seed.url,
            qualifiers: seed.qualifiers,
            configuration: seed.configuration,
            revision: place.ids.uuid(),
            updated: None,
            policies: policies.unwrap_or_default(),
        };
        place.lambda.functions.insert(name.to_owned(), function);
        place.tags.forget(&arn);
        place.tags.add(&arn, seed.tags);
    });
    local.changed();
    arn
}
