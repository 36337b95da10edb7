//! An IAM policy against calls of the local AWS's log, as IAM would decide.

use serde_json::Value;

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

/// What `call` needs, each with the part of `policy` that allows it, if one does: its own action and what IAM asks for beside it.
///
/// Actions and resources are compared by wildcard, conditions on tags by value. What the log does not tell (the principal of a Lambda
/// statement, the service of a service-linked role) is taken to hold.
#[must_use]
pub fn needs(policy: &Value, call: &Value) -> Vec<(String, Option<Grant>)> {
    let beside = call["beside"].as_array().into_iter().flatten();
    let needs = std::iter::once(call).chain(beside);
    let named = |need: &Value| format!("{} on {}", text(&need["action"]), text(&need["resource"]));
    needs
        .map(|need| (named(need), grant(policy, need, &call["requestTags"])))
        .collect()
}

/// What `call` needs and `policy` does not allow.
#[must_use]
pub fn missing(policy: &Value, call: &Value) -> Vec<String> {
    let refused = needs(policy, call)
        .into_iter()
        .filter(|(_, grant)| grant.is_none());
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

fn grant(policy: &Value, need: &Value, request_tags: &Value) -> Option<Grant> {
    let statements = items(&policy["Statement"]);
    grants(policy).into_iter().find(|grant| {
        matches(&grant.action, text(&need["action"]))
            && matches(&grant.resource, text(&need["resource"]))
            && statements
                .clone()
                .nth(grant.statement)
                .is_some_and(|statement| holds(statement, &need["resourceTags"], request_tags))
    })
}

fn holds(statement: &Value, resource_tags: &Value, request_tags: &Value) -> bool {
    let conditions = ["StringEquals", "StringLike"].map(|kind| &statement["Condition"][kind]);
    let mut wanted = conditions
        .into_iter()
        .filter_map(Value::as_object)
        .flatten();
    wanted.all(|(key, value)| match key.split_once('/') {
        Some(("aws:RequestTag", tag)) => is_one_of(value, &request_tags[tag]),
        Some(("aws:ResourceTag", tag)) => is_one_of(value, &resource_tags[tag]),
        _ => true,
    })
}

/// Whether a tag has one of the `wanted` values, in which a list may stand for several, and `*` for any text.
fn is_one_of(wanted: &Value, tag: &Value) -> bool {
    let one = std::slice::from_ref(wanted);
    let wanted = wanted.as_array().map_or(one, Vec::as_slice);
    tag.as_str()
        .is_some_and(|tag| wanted.iter().any(|wanted| matches(text(wanted), tag)))
}

/// Whether `text` is as `pattern` has it, in which `*` stands for any text and `?` for any character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            matches(&pattern[1..], text)
                || rest.next().is_some_and(|_| matches(pattern, rest.as_str()))
        }
        Some(one) => rest.next().is_some_and(|other| {
            (one == '?' || one == other) && matches(&pattern[one.len_utf8()..], rest.as_str())
        }),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> + Clone {
    list.as_array().into_iter().flatten()
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
        ] {
            assert_eq!(missing(&policy(), &call).is_empty(), allowed, "{reason}");
        }
    }

    #[test]
    fn what_is_asked_for_beside_the_action_counts_as_well() {
        let call = json!({"action": "s:GetIt", "resource": "arn:s:here:thing/1", "beside": [{"action": "s:Tag", "resource": "arn:t"}]});
        assert_eq!(missing(&policy(), &call), ["s:Tag on arn:t"]);
    }
}
