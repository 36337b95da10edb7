//! What people read in events.

use crate::api::{Condition, ConditionStatus, ConditionType, Reason};
use crate::cluster::Note;
use crate::plan::{Action, Aspect, CacheAction, ClusterAction, Purpose};

/// Conditions whose changes are worth an event. The others follow from them.
const TOLD: [ConditionType; 6] = [
    ConditionType::Ready,
    ConditionType::Stalled,
    ConditionType::ApiReady,
    ConditionType::CacheReady,
    ConditionType::CredentialsReady,
    ConditionType::BindingsReady,
];

/// Reasons for which somebody should look.
const ALARMING: [Reason; 21] = [
    Reason::InvalidSpec,
    Reason::ChangeRefused,
    Reason::NameTaken,
    Reason::AdoptionRefused,
    Reason::AccessDenied,
    Reason::CredentialsRefused,
    Reason::PlaceMismatch,
    Reason::AccountUnusable,
    Reason::ProgressDeadlineExceeded,
    Reason::QuotaExceeded,
    Reason::Rejected,
    Reason::ReferenceNotFound,
    Reason::InsufficientCapacity,
    Reason::SecretUnusable,
    Reason::RolloutHeld,
    Reason::CacheUnreachable,
    Reason::CacheOpen,
    Reason::ForeignRotation,
    Reason::RotationFailed,
    Reason::Failed,
    Reason::InternalError,
];

/// Whether somebody should look.
#[must_use]
pub fn is_alarming(reason: Reason) -> bool {
    ALARMING.contains(&reason)
}

/// An event for a write that succeeded, unless it is bookkeeping of our own.
#[must_use]
pub fn written(aspect: Aspect, action: &Action) -> Option<Note> {
    if matches!(action, Action::Cluster(ClusterAction::RecordIntent { .. })) {
        return None;
    }
    let operation = action.operation();
    if let Action::Cache(
        CacheAction::SetPasswords { id, purpose, .. }
        | CacheAction::SetAuthToken { id, purpose, .. },
    ) = action
        && *purpose == Purpose::RetireUnfinished
    {
        return Some(Note {
            warning: true,
            reason: "OldPasswordRetired".into(),
            action: aspect.as_str(),
            text: format!(
                "{operation} {id}: the password before the current one is taken out after twice the grace, though a consumer may still use it; see status.bindings"
            ),
        });
    }
    let mut text = format!("{operation} {}", action.target());
    match action {
        Action::Release(_) => text += ": it was there before this object, and is nobody's again",
        Action::Adopt(_) => text += ": it is this object's from now on",
        Action::Cache(CacheAction::RotateAuthToken { .. }) => {
            text += ": an AUTH token comes in, and the one before works as well";
        }
        Action::Cache(CacheAction::SetAuthToken { .. }) => text += ": the AUTH token before goes",
        Action::Cache(CacheAction::DeleteUser { .. }) => {
            text += ", which closes the connections that this user has opened";
        }
        _ => {}
    }
    if let Action::Cache(CacheAction::ModifyUserGroup { remove, .. }) = action
        && !remove.is_empty()
    {
        let users: Vec<&str> = remove.iter().map(String::as_str).collect();
        let users = users.join(", ");
        text = format!("{text}: {users} leaves the cache, which closes its connections");
    }
    Some(Note {
        warning: false,
        reason: operation.into(),
        action: aspect.as_str(),
        text,
    })
}

/// Events for what changed from the conditions `before` to those `after`: a status that changed, or a reason that became alarming.
#[must_use]
pub fn transitions(before: &[Condition], after: &[Condition]) -> Vec<Note> {
    TOLD.into_iter()
        .filter_map(|type_| transition(type_, find(before, type_), find(after, type_)?))
        .collect()
}

fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

fn transition(type_: ConditionType, before: Option<&Condition>, after: &Condition) -> Option<Note> {
    let alarming = ALARMING
        .iter()
        .any(|reason| reason.as_str() == after.reason);
    let told = match before {
        // Everything starts unready and not stalled; only a bad start is news.
        None => alarming,
        Some(before) => {
            before.status != after.status || (alarming && before.reason != after.reason)
        }
    };
    let text = format!(
        "{} is {}: {}",
        type_.as_str(),
        status(after.status),
        after.message
    );
    told.then(|| Note {
        warning: alarming,
        reason: after.reason.clone(),
        action: type_.as_str(),
        text,
    })
}

const fn status(status: ConditionStatus) -> &'static str {
    match status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn ready(status: ConditionStatus, reason: Reason) -> Condition {
        Condition {
            type_: "Ready".into(),
            status,
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
            reason: reason.as_str().into(),
            message: "so it is".into(),
        }
    }

    #[test]
    fn events_tell_transitions_and_new_alarms_and_nothing_else() {
        use ConditionStatus::{False, True};
        let waiting = || Some(ready(False, Reason::Provisioning));
        for (case, before, after, told) in [
            (
                "a usual start",
                None,
                ready(False, Reason::Progressing),
                None,
            ),
            (
                "a bad start",
                None,
                ready(False, Reason::AccessDenied),
                Some(true),
            ),
            (
                "no change",
                waiting(),
                ready(False, Reason::Provisioning),
                None,
            ),
            (
                "another wait",
                waiting(),
                ready(False, Reason::Modifying),
                None,
            ),
            (
                "success",
                waiting(),
                ready(True, Reason::Available),
                Some(false),
            ),
            (
                "an alarm",
                waiting(),
                ready(False, Reason::QuotaExceeded),
                Some(true),
            ),
            (
                "the same alarm",
                Some(ready(False, Reason::QuotaExceeded)),
                ready(False, Reason::QuotaExceeded),
                None,
            ),
        ] {
            let before: Vec<Condition> = before.into_iter().collect();
            let notes = transitions(&before, &[after]);
            assert_eq!(notes.first().map(|note| note.warning), told, "{case}");
        }
    }

    #[test]
    fn that_a_user_leaves_the_cache_is_told_with_what_it_means() {
        let remove = CacheAction::ModifyUserGroup {
            id: "capi".into(),
            add: [].into(),
            remove: ["leaked".to_owned()].into(),
        };
        let delete = CacheAction::DeleteUser {
            id: "leaked".into(),
        };
        for (action, text) in [
            (
                remove,
                "ModifyUserGroup capi: leaked leaves the cache, which closes its connections",
            ),
            (
                delete,
                "DeleteUser leaked, which closes the connections that this user has opened",
            ),
        ] {
            let note = written(Aspect::Credentials, &Action::Cache(action)).unwrap();
            assert_eq!(note.text, text);
        }
    }

    #[test]
    fn bookkeeping_of_our_own_is_no_event() {
        assert_eq!(
            written(
                Aspect::Api,
                &Action::Cluster(ClusterAction::RecordIntent { kind: "RestApi" })
            ),
            None
        );
        let delete = Action::Cluster(ClusterAction::DeleteSecret {
            name: "old".into(),
            resource_version: "1".into(),
        });
        assert_eq!(
            written(Aspect::Bindings, &delete).unwrap().text,
            "DeleteBoundSecret old"
        );
    }
}
