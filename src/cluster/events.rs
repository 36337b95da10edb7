use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tokio::time::Instant;

use crate::api::MANAGER;

use super::failure::lacks_a_right;
use super::{Cluster, within_deadline};

/// Longest text of an event, in bytes, that the API server takes.
const LONGEST_NOTE: usize = 1024;

/// Something worth an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// How long kube counts an event that comes again instead of repeating it.
const COUNTED: Duration = Duration::from_mins(6);
/// Most recorders that are kept: each holds an event, and a thousand objects that are created write twenty each. One that was dropped
/// early repeats its event instead of counting it.
const MOST: usize = 256;

/// A recorder for each text. One recorder would count events of the same reason and action as one, whatever they say, and only the first
/// text would be read.
#[derive(Clone)]
pub(super) struct Recorders {
    client: Client,
    reporter: Reporter,
    /// With when each was used last.
    by_note: Arc<Mutex<HashMap<Note, (Recorder, Instant)>>>,
}

impl Recorders {
    pub(super) fn new(client: Client, instance: String) -> Self {
        let reporter = Reporter {
            controller: MANAGER.into(),
            instance: Some(instance),
        };
        Self {
            client,
            reporter,
            by_note: Arc::default(),
        }
    }

    fn of(&self, note: &Note) -> Recorder {
        let now = Instant::now();
        let mut recorders = self.by_note.lock().unwrap_or_else(PoisonError::into_inner);
        recorders.retain(|_, (_, used)| now.duration_since(*used) < COUNTED);
        if recorders.len() >= MOST && !recorders.contains_key(note) {
            drop_longest_unused(&mut recorders);
        }
        let recorder = || Recorder::new(self.client.clone(), self.reporter.clone());
        let (recorder, used) = recorders
            .entry(note.clone())
            .or_insert_with(|| (recorder(), now));
        *used = now;
        recorder.clone()
    }
}

fn drop_longest_unused(recorders: &mut HashMap<Note, (Recorder, Instant)>) {
    let oldest = recorders.iter().min_by_key(|(_, (_, used))| *used);
    if let Some(note) = oldest.map(|(note, _)| note.clone()) {
        recorders.remove(&note);
    }
}

impl Cluster {
    /// Publishes `note` about `object`. Events are for people: one that gets lost, as all do in a namespace that is being deleted,
    /// fails nothing. The same one again within minutes is counted, not repeated.
    pub async fn publish(&self, object: &impl Resource<DynamicType = ()>, note: Note) {
        self.publish_about(&object.object_ref(&()), note).await;
    }

    /// The same about what `reference` names, whether or not that is there. Says whether the API server took it: it takes none in a namespace that is gone.
    pub async fn publish_about(&self, reference: &ObjectReference, note: Note) -> bool {
        let recorder = self.recorders.of(&note);
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
        let published = within_deadline(recorder.publish(&event, reference)).await;
        if let Err(error) = &published {
            if lacks_a_right(error) {
                tracing::warn!(%error, reason = event.reason, "an event was not published: the operator's role has to let it create and patch events");
            } else {
                tracing::debug!(%error, reason = event.reason, "an event was not published");
            }
        }
        published.is_ok()
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
    use local_kube::LocalKube;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_many_texts_the_last_are_remembered() {
        let kube = LocalKube::new(0, jiff::Timestamp::default);
        let recorders = Recorders::new(Client::new(kube, "default"), "test".into());
        let note = |n: usize| Note {
            warning: false,
            reason: "CreateUser".into(),
            action: "Cache",
            text: format!("CreateUser {n}"),
        };
        for n in 0..=MOST {
            let _ = recorders.of(&note(n));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let kept = recorders.by_note.lock().unwrap();
        assert_eq!(kept.len(), MOST);
        assert!(!kept.contains_key(&note(0)) && kept.contains_key(&note(1)));
    }

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
