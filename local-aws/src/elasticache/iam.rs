//! Tokens with which IAM users log in ("Authenticating with IAM"): a presigned request that is never sent, with the name of
//! the cache as its host. Who signed it is verified; what IAM allows them is not asked.

use std::collections::BTreeMap;

use form_urlencoded::parse;
use jiff::{SignedDuration, Timestamp};

use crate::config::KnownKey;
use crate::sigv4;

/// A token is good for so long at most.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// How far a signer's clock may be ahead.
const LATITUDE: SignedDuration = SignedDuration::from_mins(5);

/// The cache that a token must be for, and the keys that may have signed it.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// Id of the replication group; tokens name it in lower case.
    pub(super) cache: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) keys: Vec<KnownKey>,
}

impl Gate {
    /// Whether `token` logs `user` in at `now`.
    pub(super) fn admits(&self, user: &str, token: &str, now: Timestamp) -> bool {
        let Ok(signed) = sigv4::verify_presigned(token, &self.keys) else {
            return false;
        };
        let query: BTreeMap<_, _> = parse(signed.query.as_bytes()).into_owned().collect();
        let is = |name: &str, value: &str| query.get(name).is_some_and(|given| given == value);
        let caller = &signed.caller;
        signed.host == self.cache
            && is("Action", "connect")
            && is("User", user)
            && caller.service == "elasticache"
            && (&caller.region, &caller.account) == (&self.region, &self.account)
            && is_fresh(signed.at, signed.expires, now)
    }
}

fn is_fresh(signed: Timestamp, expires: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(signed);
    (SignedDuration::ZERO..=LONGEST).contains(&expires) && age >= -LATITUDE && age < expires
}
