use std::fmt;

use zeroize::Zeroizing;

use super::Failure;

/// What is known of a thing.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Seen<T> {
    /// Nobody looked. The planner asks for a read when it matters.
    #[default]
    Unread,
    /// A read failed. Nothing is created or deleted on account of it.
    Unknown(Failure),
    /// AWS or the API server says that it is not there.
    Absent,
    /// It is there.
    Present(T),
}

impl<T> Seen<T> {
    /// The thing, when it is there.
    pub const fn present(&self) -> Option<&T> {
        match self {
            Self::Present(thing) => Some(thing),
            _ => None,
        }
    }

    /// The same of what `change` makes of the thing.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Unread => Seen::Unread,
            Self::Unknown(failure) => Seen::Unknown(failure),
            Self::Absent => Seen::Absent,
            Self::Present(thing) => Seen::Present(change(thing)),
        }
    }
}

impl<T> Seen<Vec<T>> {
    /// Whether the list was seen and has none such.
    pub fn is_without(&self, such: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Present(list) => !list.iter().any(such),
            Self::Absent => true,
            Self::Unread | Self::Unknown(_) => false,
        }
    }
}

/// A text that is shown to nobody: no Debug, no Display, erased on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive(Zeroizing<String>);

impl Sensitive {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one call that has to carry it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
