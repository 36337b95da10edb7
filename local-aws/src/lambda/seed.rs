//! Functions that exist because someone says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::function::Function;
use crate::sigv4::DEFAULT_ACCOUNT;
use crate::{LocalAws, iam};

/// Body of `PUT /_local/lambda/{functionName}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Seed {
    #[serde(default = "default_account")]
    account: String,
    region: String,
    /// What the data plane posts proxy events to.
    url: Option<String>,
    /// Numbers are versions, other names are aliases of the newest version, which is 1 if there is none.
    #[serde(default)]
    qualifiers: BTreeSet<String>,
    /// Fields of `FunctionConfiguration`, in the API's spelling. Its `Role` is there from then on.
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
    if let Some(role) = seed.configuration.get("Role").and_then(Value::as_str) {
        iam::seed_arn(local, role);
    }
    local.with_world(|world, now| {
        let place = world.regional(&seed.account, &seed.region, now);
        let policies = place
            .lambda
            .functions
            .remove(name)
            .map(|function| function.policies);
        let mut function = Function {
            name: name.to_owned(),
            arn: arn.clone(),
            url: seed.url,
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            configuration: seed.configuration,
            revision: place.ids.uuid(),
            updated: None,
            policies: policies.unwrap_or_default(),
        };
        function.qualify(&seed.qualifiers, &mut place.ids);
        place.lambda.functions.insert(name.to_owned(), function);
        place.tags.forget(&arn);
        place.tags.add(&arn, seed.tags);
    });
    local.changed();
    arn
}
