//! How often an operator looks at an object until what was asked for has come about.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Event, Metadata, Subscriber};

use crate::wire::Wire;

const RECONCILE: &str = "cachedapi_operator::controller::reconcile";

/// Counts reconciles since the last fault.
///
/// A reconcile is one turn of an object, with as many rounds of looking and acting as it takes. It counts when it wrote anything, be it only a status. One
/// that wrote nothing has only seen that something is still in progress, or that it is too early to try again. The one in which the last fault happens
/// counts, unless it ends with its operator, and so does the one that is under way in the end.
pub struct Looks {
    wire: Arc<Wire>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Faults that had happened when a reconcile ended last.
    faults: usize,
    /// Writes by then.
    writes: usize,
    counted: usize,
}

impl Looks {
    /// Counts what this thread's operators over `wire` do, for as long as the guard is there.
    pub fn over(wire: &Arc<Wire>) -> (Arc<Self>, DefaultGuard) {
        let looks = Arc::new(Self {
            wire: wire.clone(),
            seen: Mutex::default(),
        });
        (looks.clone(), set_default(looks))
    }

    /// The number of those that count.
    pub fn since_the_last_fault(&self) -> usize {
        self.take_in()
    }

    /// A reconcile ends.
    fn take_in(&self) -> usize {
        let (faults, writes) = (self.wire.met(), self.wire.writes().len());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if faults > seen.faults {
            seen.counted = 0;
        }
        seen.counted += usize::from(writes > seen.writes);
        (seen.faults, seen.writes) = (faults, writes);
        seen.counted
    }
}

impl Visit for &Looks {
    fn record_debug(&mut self, field: &Field, _: &dyn Debug) {
        if field.name() == "verdict" {
            self.take_in();
        }
    }
}

impl Subscriber for Looks {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == RECONCILE
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
