//! A policy of an identity, as IAM decides by it: what it allows of a call in the log's form.
//!
//! Actions and resources are compared by wildcard, conditions by value: tags, and the keys that a service tells of a call. A policy only
//! allows; what it would take to deny is refused when it is attached ([`check`]).

use serde_json::Value;

use crate::lambda::is_like;

/// The part of a policy that allows a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Place of the statement in the policy.
    pub statement: usize,
    /// The action, as the statement has it.
    pub action: String,
    /// The resource, as the statement has it.
    pub resource: String,
}

/// An action on a resource that a call asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The IAM action.
    pub action: String,
    /// ARN; empty where the call names nothing.
    pub resource: String,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

/// What `call` needs, each with the parts of `policy` that allow it: its own action and what IAM asks for beside it.
#[must_use]
pub fn needs(policy: &Value, call: &Value) -> Vec<(Asked, Vec<Grant>)> {
    let beside = call["beside"].as_array().into_iter().flatten();
    let needs = std::iter::once(call).chain(beside);
    let asked = |need: &Value| Asked {
        action: text(&need["action"]).to_owned(),
        resource: text(&need["resource"]).to_owned(),
    };
    needs
        .map(|need| (asked(need), allowing(policy, need, &call["requestTags"])))
        .collect()
}

/// What `call` needs and `policy` does not allow.
#[must_use]
pub fn missing(policy: &Value, call: &Value) -> Vec<Asked> {
    let refused = needs(policy, call)
        .into_iter()
        .filter(|(_, grants)| grants.is_empty());
    refused.map(|(need, _)| need).collect()
}

/// Every part of `policy`.
#[must_use]
pub fn grants(policy: &Value) -> Vec<Grant> {
    let statements = items(&policy["Statement"]).enumerate();
    statements
        .flat_map(|(statement, content)| {
            items(&content["Action"]).flat_map(move |action| {
                items(&content["Resource"]).map(move |resource| Grant {
                    statement,
                    action: text(action).to_owned(),
                    resource: text(resource).to_owned(),
                })
            })
        })
        .collect()
}

/// Whether all of `policy` is understood; the error names what is not.
pub fn check(policy: &Value) -> Result<(), String> {
    if !policy["Statement"].is_array() {
        return Err("a policy has a list of statements".to_owned());
    }
    for statement in items(&policy["Statement"]) {
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let strange = members(statement).find(|(key, _)| !known.contains(&key.as_str()));
        if let Some((key, _)) = strange {
            return Err(format!("{key} is not evaluated"));
        }
        if statement["Effect"] != "Allow" {
            return Err(format!(
                "the effect {} is not evaluated",
                statement["Effect"]
            ));
        }
        let kinds = members(&statement["Condition"]);
        if let Some((kind, _)) = kinds
            .into_iter()
            .find(|(kind, _)| !CONDITIONS.contains(&kind.as_str()))
        {
            return Err(format!("the condition {kind} is not evaluated"));
        }
    }
    Ok(())
}

/// The kinds of conditions that are evaluated.
const CONDITIONS: [&str; 2] = ["StringEquals", "StringLike"];

fn allowing(policy: &Value, need: &Value, request_tags: &Value) -> Vec<Grant> {
    let statements: Vec<&Value> = items(&policy["Statement"]).collect();
    let allows = |grant: &Grant| {
        is_like(text(&need["action"]), &grant.action)
            && is_like(text(&need["resource"]), &grant.resource)
            && holds(statements[grant.statement], need, request_tags)
    };
    let mut grants = grants(policy);
    grants.retain(allows);
    grants
}

fn holds(statement: &Value, need: &Value, request_tags: &Value) -> bool {
    let kinds = CONDITIONS.map(|kind| (kind, &statement["Condition"][kind]));
    kinds.into_iter().all(|(kind, wanted)| {
        members(wanted).all(|(key, wanted)| {
            let value = match key.split_once('/') {
                Some(("aws:RequestTag", tag)) => &request_tags[tag],
                Some(("aws:ResourceTag", tag)) => &need["resourceTags"][tag],
                _ => &need["conditionKeys"][key],
            };
            let is = |wanted: &Value| match (kind, value.as_str()) {
                (_, None) => false,
                ("StringLike", Some(value)) => is_like(value, text(wanted)),
                (_, Some(value)) => value == text(wanted),
            };
            items(wanted).any(is)
        })
    })
}

/// What is in a list, or the one thing that stands in its place.
fn items(list: &Value) -> impl Iterator<Item = &Value> + Clone {
    let one = Some(list).filter(|list| !list.is_array() && !list.is_null());
    list.as_array().into_iter().flatten().chain(one)
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Value {
        json!({"Statement": [
            {"Action": ["s:Get*"], "Resource": ["arn:s:*:thing/*"]},
            {"Action": ["s:Create"], "Resource": ["arn:s:*:thing/*"], "Condition": {"StringEquals": {"aws:RequestTag/owner": "me"}}},
            {"Action": ["s:Delete"], "Resource": ["arn:s:*:thing/*"], "Condition": {"StringEquals": {"aws:ResourceTag/owner": "me"}}},
            {"Action": "s:Let", "Resource": "*", "Condition": {"StringLike": {"s:Whom": ["a", "me*"]}}},
        ]})
    }

    #[test]
    fn a_call_is_allowed_by_action_resource_and_tags_together() {
        let thing = "arn:s:here:thing/1";
        let (me, you) = (json!({"owner": "me"}), json!({"owner": "you"}));
        for (reason, call, allowed) in [
            (
                "a read",
                json!({"action": "s:GetIt", "resource": thing}),
                true,
            ),
            (
                "elsewhere",
                json!({"action": "s:GetIt", "resource": "arn:s:here:other/1"}),
                false,
            ),
            (
                "a new one",
                json!({"action": "s:Create", "resource": thing, "requestTags": me}),
                true,
            ),
            (
                "another's new one",
                json!({"action": "s:Create", "resource": thing, "requestTags": you}),
                false,
            ),
            (
                "our own",
                json!({"action": "s:Delete", "resource": thing, "resourceTags": me}),
                true,
            ),
            (
                "another's",
                json!({"action": "s:Delete", "resource": thing, "resourceTags": you, "requestTags": me}),
                false,
            ),
            (
                "one without tags",
                json!({"action": "s:Delete", "resource": thing}),
                false,
            ),
            (
                "whom it names",
                json!({"action": "s:Let", "resource": thing, "conditionKeys": {"s:Whom": "me-1"}}),
                true,
            ),
            (
                "whom it does not name",
                json!({"action": "s:Let", "resource": thing, "conditionKeys": {"s:Whom": "you"}}),
                false,
            ),
            (
                "nobody",
                json!({"action": "s:Let", "resource": thing}),
                false,
            ),
        ] {
            assert_eq!(missing(&policy(), &call).is_empty(), allowed, "{reason}");
        }
    }

    #[test]
    fn what_is_asked_for_beside_the_action_counts_as_well() {
        let call = json!({"action": "s:GetIt", "resource": "arn:s:here:thing/1", "beside": [{"action": "s:Tag", "resource": "arn:t"}]});
        let missing = missing(&policy(), &call);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].to_string(), "s:Tag on arn:t");
    }

    #[test]
    fn what_is_not_evaluated_is_refused_by_name() {
        let statement = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "s:Get", "Resource": "*"});
            let all = statement.as_object_mut().unwrap();
            all.extend(more.as_object().unwrap().clone());
            json!({"Statement": [statement]})
        };
        assert_eq!(check(&statement(json!({}))), Ok(()));
        for (more, named) in [
            (json!({"Effect": "Deny"}), "Deny"),
            (json!({"NotAction": "s:Put"}), "NotAction"),
            (json!({"Condition": {"Null": {"s:Whom": "true"}}}), "Null"),
        ] {
            let error = check(&statement(more)).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
        assert!(check(&json!({})).is_err());
    }
}
