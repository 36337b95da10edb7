use kube::Resource;
use kube::runtime::events::{Event, EventType};

use crate::api::CachedApi;

use super::{Cluster, within_deadline};

/// Longest text of an event, in bytes, that the API server takes.
const LONGEST_NOTE: usize = 1024;

/// Something worth an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether a person should look.
    pub warning: bool,
    /// Why, as a constant.
    pub reason: String,
    /// What was done or changed, as a constant.
    pub action: &'static str,
    /// What happened, in a sentence.
    pub text: String,
}

impl Cluster {
    /// Publishes `note` about `object`. Events are for people: one that gets lost, as all do in a namespace that is being deleted,
    /// fails nothing. The same one again within minutes is counted, not repeated.
    pub async fn publish(&self, object: &CachedApi, note: Note) {
        let event = Event {
            type_: if note.warning {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: note.reason,
            note: Some(shorten(note.text)),
            action: note.action.to_owned(),
            secondary: None,
        };
        let reference = object.object_ref(&());
        if let Err(error) = within_deadline(self.recorder.publish(&event, &reference)).await {
            tracing::debug!(%error, reason = event.reason, "an event was not published");
        }
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > LONGEST_NOTE {
        let end = (0..=LONGEST_NOTE - '…'.len_utf8())
            .rev()
            .find(|index| text.is_char_boundary(*index))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let short = shorten("ü".repeat(600));
        assert!(
            short.len() <= LONGEST_NOTE && short.ends_with("ü…"),
            "{}",
            short.len()
        );
        assert_eq!(shorten("short".into()), "short");
    }
}
