use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::{ANNOTATION_REVOKE, ANNOTATION_ROTATE, CredentialsSpec, Probe, RotationSpec};

use super::{Identity, Violation, duration};

/// Shortest time that the old password works after a promotion: three times as long as AWS takes a signed request for fresh, so that a delayed copy of one
/// cannot meet the next rotation.
const SHORTEST_GRACE: Duration = Duration::from_mins(15);
/// Rotation tokens that one moment gives, should a version be lost.
const ATTEMPTS: u32 = 8;

/// When the password is rotated, and how long the old one works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRotation {
    /// Time between two rotations.
    pub every: Duration,
    /// Time that the old password works after a promotion.
    pub grace: Duration,
    /// Whether passwords are proven by a login.
    pub probe: bool,
    /// The object's own moment within the interval.
    offset: Duration,
    /// What a person asked for.
    pub requests: Requests,
}

/// What a person asked for by annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Requests {
    /// A rotation, as of a time.
    pub rotate: Option<Timestamp>,
    /// Another user instead of those made before a time.
    pub revoke: Option<Timestamp>,
}

impl Requests {
    /// What the annotations of an object ask for, or everything that is wrong with them.
    pub fn read(annotations: &BTreeMap<String, String>) -> Result<Self, Vec<Violation>> {
        let times = [ANNOTATION_ROTATE, ANNOTATION_REVOKE].map(|name| time(annotations, name));
        match times {
            [Ok(rotate), Ok(revoke)] => Ok(Self { rotate, revoke }),
            times => Err(times.into_iter().filter_map(Result::err).collect()),
        }
    }
}

fn time(
    annotations: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<Timestamp>, Violation> {
    let Some(text) = annotations.get(name) else {
        return Ok(None);
    };
    let problem = || {
        format!(
            "{text:?} is no time; write one as RFC 3339 has it, e.g. 2026-11-25T12:00:00Z, for now $(date -u +%Y-%m-%dT%H:%M:%SZ)"
        )
    };
    text.parse()
        .map(Some)
        .map_err(|_| Violation::new(format!("metadata.annotations[{name}]"), problem()))
}

impl DesiredRotation {
    /// `None` when a duration is none, which the CRD does not let through.
    pub(super) fn build(identity: &Identity, spec: &CredentialsSpec) -> Option<Self> {
        let RotationSpec {
            rotate_every,
            client_cache_ttl,
            grace,
        } = &spec.rotated().cloned().unwrap_or_default();
        let every = duration::parse(rotate_every).filter(|every| !every.is_zero())?;
        let ttl = duration::parse(client_cache_ttl)?;
        let grace = match grace {
            Some(grace) => duration::parse(grace)?,
            None => 2 * ttl,
        };
        let offset = identity.uid.as_u128() % every.as_millis();
        Some(Self {
            every,
            grace: grace.max(SHORTEST_GRACE),
            // Nothing but a login tells which tokens a cache has.
            probe: spec.probe == Probe::Login || spec.auth_token.is_some(),
            offset: Duration::from_millis(u64::try_from(offset).ok()?),
            requests: Requests::default(),
        })
    }

    /// The last moment, up to `now`, that asks for a password made after it: the schedule's or a person's.
    #[must_use]
    pub fn last_moment(&self, now: Timestamp) -> Timestamp {
        let scheduled = self.scheduled(now);
        let requested = self.requests.rotate.filter(|at| *at <= now);
        requested.map_or(scheduled, |at| at.max(scheduled))
    }

    /// The first moment after `now`.
    #[must_use]
    pub fn next_moment(&self, now: Timestamp) -> Timestamp {
        let scheduled = self.scheduled(now) + self.every;
        let requests = [self.requests.rotate, self.requests.revoke];
        let requested = requests.into_iter().flatten().filter(|at| *at > now);
        requested.chain([scheduled]).min().unwrap_or(scheduled)
    }

    /// The moment, up to `now`, that asks for a user made after it.
    #[must_use]
    pub fn revoked_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.requests.revoke.filter(|at| *at <= now)
    }

    /// The schedule counts from the Unix epoch, so that it needs no memory.
    fn scheduled(&self, now: Timestamp) -> Timestamp {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (every, offset) = (millis(self.every), millis(self.offset));
        let at = now.as_millisecond();
        Timestamp::from_millisecond(at - (at - offset).rem_euclid(every))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Identity {
    /// The Secrets Manager request tokens of a rotation for `moment`, which are the ids of the versions that it makes: the first one, and others for when
    /// that version was lost. Every process gives the same.
    pub fn rotation_tokens(&self, moment: Timestamp) -> impl Iterator<Item = Uuid> {
        (0..ATTEMPTS).map(move |attempt| self.token(&format!("rotation:{moment}:{attempt}")))
    }

    /// The same for a revocation.
    pub fn revocation_tokens(&self, moment: Timestamp) -> impl Iterator<Item = Uuid> {
        (0..ATTEMPTS).map(move |attempt| self.token(&format!("revocation:{moment}:{attempt}")))
    }
}
