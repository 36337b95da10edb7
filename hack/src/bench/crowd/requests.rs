//! What the operator asks of the API server.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::control_plane::AUDIT_LOG;
use crate::{Error, Result};

/// Requests for objects that the operator made of the API server and that were answered.
pub(super) struct Requests {
    lists: usize,
    watches: usize,
}

impl Requests {
    /// Those in the audit log of the control plane in `folder`.
    pub(super) fn so_far(folder: &Path) -> Result<Self> {
        let log = folder.join("state").join(AUDIT_LOG);
        let log =
            fs::read_to_string(&log).map_err(Error::io(|| format!("read {}", log.display())))?;
        Ok(Self::of(&log))
    }

    fn of(audit_log: &str) -> Self {
        let events = audit_log
            .lines()
            .filter(|line| line.contains(r#""resource":"cachedapis""#));
        let answered: Vec<Value> = events
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|event: &Value| event["responseStatus"]["code"] == 200)
            .collect();
        let count = |verb: &str, stage: &str| {
            let ours = |event: &&Value| event["verb"] == verb && event["stage"] == stage;
            answered.iter().filter(ours).count()
        };
        Self {
            // A page of a list is one.
            lists: count("list", "ResponseComplete"),
            watches: count("watch", "ResponseStarted"),
        }
    }

    pub(super) fn since(&self, before: &Self) -> Value {
        json!({"lists": self.lists - before.lists, "watches": self.watches - before.watches})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_watches_are_counted_that_were_answered_and_are_for_objects() {
        let event = |verb: &str, stage: &str, resource: &str, code: u16| json!({"verb": verb, "stage": stage, "objectRef": {"resource": resource}, "responseStatus": {"code": code}});
        let log: Vec<String> = [
            event("list", "ResponseComplete", "cachedapis", 200),
            event("watch", "ResponseStarted", "cachedapis", 200),
            event("watch", "ResponseComplete", "cachedapis", 200),
            event("watch", "ResponseStarted", "cachedapis", 410),
            event("list", "ResponseComplete", "secrets", 200),
        ]
        .iter()
        .map(Value::to_string)
        .collect();
        let none = Requests::of("");
        let counted = Requests::of(&log.join("\n")).since(&none);
        assert_eq!(counted, json!({"lists": 1, "watches": 1}));
    }
}
