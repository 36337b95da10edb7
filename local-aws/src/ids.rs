//! Generated ids, reproducible from a seed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A stream of ids: the same seed gives the same stream, which is what makes a simulated run repeatable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    seed: String,
    drawn: u64,
}

const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

impl Ids {
    /// A stream of its own for every `seed`.
    pub fn new(seed: impl Into<String>) -> Self {
        Self {
            seed: seed.into(),
            drawn: 0,
        }
    }

    /// `length` lower-case letters and digits, like a REST API's id.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        self.text(ALPHANUMERIC, length)
    }

    /// `length` hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.text(HEX, length)
    }

    /// An id in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-")
    }

    /// `length` characters of `alphabet`, which must not be empty.
    pub fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: usize) -> usize {
        self.drawn += 1;
        let digest = Sha256::digest(format!("{}/{}", self.seed, self.drawn));
        let mut number = [0_u8; 8];
        number.copy_from_slice(&digest[..8]);
        usize::try_from(u64::from_be_bytes(number) % bound as u64).unwrap_or(0)
    }
}
