//! Versions of the secret and their labels.

/// A version of the secret, and the password in it. A trigger's attempts follow each other; the last ones are of other people.
pub type Version = u8;

pub const ATTEMPTS: u8 = 8;
pub const FOREIGN: Version = 60;
pub const BY_HAND: Version = 61;
pub const WITHOUT_PASSWORD: Version = 62;
pub const STRANGE: Version = 63;

/// A set of versions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Set(u64);

impl Set {
    pub fn of(versions: impl IntoIterator<Item = Version>) -> Self {
        Self(versions.into_iter().fold(0, |set, v| set | 1 << v))
    }

    pub fn has(self, version: Version) -> bool {
        self.0 & 1 << version != 0
    }

    pub fn extend(&mut self, versions: impl IntoIterator<Item = Version>) {
        self.0 |= Self::of(versions).0;
    }

    pub fn add(&mut self, version: Version) {
        self.0 |= 1 << version;
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Version> {
        (0..64).filter(move |version| self.has(*version))
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Staging labels, and the versions that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    /// `AWSCURRENT`.
    pub current: Option<Version>,
    /// `AWSPREVIOUS`.
    pub previous: Option<Version>,
    /// `AWSPENDING`.
    pub pending: Option<Version>,
    /// Labelled or not.
    pub made: Set,
}
