use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::plan::{AssumedRole, Failure};

use super::{Kind, Owner, Part, Tagged};

/// A thing without its object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// ARN.
    pub arn: String,
    /// What it is.
    pub kind: Kind,
    /// Number of the AWS account.
    pub account: String,
    /// AWS Region.
    pub region: String,
    /// Whose it was; none when its tags do not tell.
    pub owner: Option<Owner>,
    /// When this process saw first that the object is missing.
    pub since: Timestamp,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of an orphan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nobody asked for deletions.
    Reported,
    /// It may be deleted from this time on, if it is seen again then.
    NotBefore(Timestamp),
    /// It is deleted now.
    Due,
    /// Its tags do not tell whose it is: ownership is lost, and it is left alone.
    OwnershipLost,
    /// Objects live in namespaces that the operator does not see.
    NamespacesUnseen,
    /// No `AwsAccount` is for objects of that namespace in that Region of that account.
    NotPermitted,
    /// A Region of the account could not be listed.
    RegionUnlisted,
    /// Something of the same object could not be looked at.
    SiblingUnread,
}

/// What an object that is gone has left and may be deleted, in one Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The object that is gone.
    pub owner: Owner,
    /// AWS Region.
    pub region: String,
    /// The role that leads into another account than that of the operator's own identity.
    pub role: Option<AssumedRole>,
    /// Parts that a deletion policy keeps.
    pub retained: BTreeSet<Part>,
}

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Things without an object, in the order of their ARNs.
    pub orphans: Vec<Orphan>,
    /// Things without an object that a deletion policy keeps.
    pub retained: Vec<Tagged>,
    /// What may be deleted.
    pub removals: Vec<Removal>,
    /// Regions that could not be listed and things that could not be looked at, with what kept us from it.
    pub unread: BTreeMap<String, Failure>,
}

/// Why nothing is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no object at all.
    NoObjects,
    /// None of the things belongs to an object that is there.
    NoneMatches {
        /// How many objects there are.
        objects: usize,
    },
    /// AWS answers for another account than before, or than the objects name.
    AnotherAccount {
        /// That of the answers.
        account: String,
        /// The other one.
        expected: String,
    },
    /// The API server's store is older than it was.
    WentBack {
        /// Its version before.
        from: u64,
        /// Its version now.
        to: u64,
    },
}

impl Refusal {
    /// As a constant, for events.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoObjects => "NoObjects",
            Self::NoneMatches { .. } => "NoneMatches",
            Self::AnotherAccount { .. } => "AnotherAccount",
            Self::WentBack { .. } => "StoreWentBack",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObjects => f.write_str(
                "there is no CachedApi object at all: the list may be wrong, or the last object was removed by force; compare with `kubectl get cachedapi -A`",
            ),
            Self::NoneMatches { objects } => write!(
                f,
                "none of them belongs to one of the {objects} CachedApi objects that there are: this may be another cluster's id, or a cluster that was restored; compare --cluster-id with the tags"
            ),
            Self::AnotherAccount { account, expected } => write!(
                f,
                "AWS answers for the account {account}, and until now it was {expected}: check the operator's credentials"
            ),
            Self::WentBack { from, to } => write!(
                f,
                "the API server's store went back from version {from} to {to}, as it does when etcd is restored from a backup: objects that were made since then are missing; what was seen before is forgotten"
            ),
        }
    }
}

impl fmt::Display for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, arn) = (self.kind.name(), &self.arn);
        let (region, account) = (&self.region, &self.account);
        write!(f, "the {kind} {arn} in {region} of account {account} ")?;
        match &self.owner {
            Some(Owner {
                uid,
                namespace,
                name,
            }) => {
                write!(
                    f,
                    "belonged to the CachedApi {namespace}/{name} with UID {uid}, which is gone; "
                )?;
            }
            None => f.write_str("carries this cluster's id and does not tell its object; ")?,
        }
        write!(f, "seen so since {}; {}", self.since, self.fate)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported => f.write_str("delete it, or let the operator do so (--delete-orphans)"),
            Self::NotBefore(at) => write!(f, "the operator deletes it when it is seen so from {at} on"),
            Self::Due => f.write_str("the operator deletes it"),
            Self::OwnershipLost => f.write_str(
                "its tags cachedapi.dev/owner-uid and cachedapi.dev/owner are not complete, so the operator never touches it: put them back, or delete it",
            ),
            Self::NamespacesUnseen => f.write_str(
                "the operator sees some namespaces only and deletes nothing (--watch-namespaces): delete it",
            ),
            Self::NotPermitted => f.write_str(
                "no AwsAccount lets objects of that namespace be there, so the operator deletes nothing: delete it, or let one do so",
            ),
            Self::RegionUnlisted => f.write_str(
                "a Region of the account could not be listed, so that the operator waits",
            ),
            Self::SiblingUnread => f.write_str(
                "something else of the same object could not be looked at, so that the operator waits",
            ),
        }
    }
}
