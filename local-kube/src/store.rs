//! The history of all objects, and the objects that follow from it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `plural.group`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One change. A deleted object is as it was last, with the version of its deletion.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) key: Key,
    pub(crate) object: Value,
}

pub(crate) type Objects = BTreeMap<Key, Value>;

/// The objects, and how they came to be since the history was cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    version: u64,
    objects: Objects,
    cut_at: u64,
    when_cut: Objects,
    history: Vec<Change>,
}

impl Store {
    /// Version of the last change.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Version before which there is no history.
    pub(crate) const fn oldest(&self) -> u64 {
        self.cut_at
    }

    /// All objects as they are.
    pub(crate) const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// All objects as they were at `version`; as they are, if it is a later one.
    pub(crate) fn as_of(&self, version: u64) -> Objects {
        if version >= self.version {
            return self.objects.clone();
        }
        let mut objects = self.when_cut.clone();
        for change in self
            .history
            .iter()
            .take_while(|change| change.version <= version)
        {
            match change.kind {
                ChangeKind::Deleted => objects.remove(&change.key),
                _ => objects.insert(change.key.clone(), change.object.clone()),
            };
        }
        objects
    }

    /// The version that one has who does not know the last `behind` changes of what `concerns` picks.
    pub(crate) fn behind(&self, behind: usize, concerns: impl Fn(&Key) -> bool) -> u64 {
        let mut unknown = self
            .history
            .iter()
            .rev()
            .filter(|change| concerns(&change.key));
        match behind.checked_sub(1).map(|index| unknown.nth(index)) {
            None => self.version,
            Some(Some(change)) => change.version - 1,
            Some(None) => self.cut_at,
        }
    }

    /// The changes after `version`, oldest first.
    pub(crate) fn since(&self, version: u64) -> &[Change] {
        let start = self
            .history
            .partition_point(|change| change.version <= version);
        self.history.get(start..).unwrap_or_default()
    }

    /// Writes `object`, and returns it with its version.
    pub(crate) fn put(&mut self, key: Key, object: Value) -> Value {
        let kind = if self.objects.contains_key(&key) {
            ChangeKind::Modified
        } else {
            ChangeKind::Added
        };
        let object = self.record(kind, key.clone(), object);
        self.objects.insert(key, object.clone());
        object
    }

    /// Deletes an object that was `last`, and returns it with the version of its deletion.
    pub(crate) fn remove(&mut self, key: &Key, last: Value) -> Value {
        self.objects.remove(key);
        self.record(ChangeKind::Deleted, key.clone(), last)
    }

    /// Forgets how the objects came to be.
    pub(crate) fn cut(&mut self) {
        self.cut_at = self.version;
        self.when_cut = self.objects.clone();
        self.history.clear();
    }

    /// Is again what it was at `backup`. The history is gone. `bump`: versions go on from where they are, as etcd's restore has it when it is asked to bump
    /// revisions; else they go back, and come again for other changes.
    pub(crate) fn restore(&mut self, backup: &Objects, version: u64, bump: bool) {
        self.version = if bump { self.version + 1 } else { version };
        self.objects = backup.clone();
        self.cut();
    }

    fn record(&mut self, kind: ChangeKind, key: Key, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.history.push(Change {
            version: self.version,
            kind,
            key,
            object: object.clone(),
        });
        object
    }
}
