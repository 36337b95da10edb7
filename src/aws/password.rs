//! Random passwords.

use zeroize::Zeroizing;

use crate::api::Reason;
use crate::plan::{Class, Failure, Sensitive};

use super::operations::Operation;

/// ElastiCache takes 16 to 128 characters; 64 letters and digits are 381 bits, and need no escape in a URI, a JSON text or a shell.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html>
const LENGTH: usize = 64;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes from here on are thrown away, so that every character is as likely as every other.
const LIMIT: usize = 256 - 256 % ALPHABET.len();

/// A password for `operation`, out of the operating system's random numbers.
#[expect(clippy::disallowed_methods, reason = "passwords are random")]
pub(super) fn random(operation: &'static Operation) -> Result<Sensitive, Failure> {
    let mut password = Zeroizing::new(String::with_capacity(LENGTH));
    let mut bytes = Zeroizing::new([0; 2 * LENGTH]);
    while password.len() < LENGTH {
        getrandom::fill(&mut *bytes).map_err(|error| no_random(operation, error))?;
        let fair = bytes.iter().filter(|byte| usize::from(**byte) < LIMIT);
        let missing = LENGTH - password.len();
        let characters = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        password.extend(characters.take(missing));
    }
    Ok(Sensitive::new(password.as_str()))
}

fn no_random(operation: &'static Operation, error: getrandom::Error) -> Failure {
    Failure {
        operation: operation.name,
        class: Class::Transient,
        reason: Reason::InternalError,
        message: format!("no random numbers: {error}"),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::operations::CREATE_SECRET;
    use super::*;

    #[test]
    fn a_password_has_64_letters_and_digits_and_is_another_every_time() {
        let passwords = [
            random(CREATE_SECRET).unwrap(),
            random(CREATE_SECRET).unwrap(),
        ];
        for password in &passwords {
            assert_eq!(password.reveal().len(), 64);
            assert!(password.reveal().chars().all(|c| c.is_ascii_alphanumeric()));
        }
        assert!(passwords[0] != passwords[1]);
    }

    #[test]
    fn every_character_is_as_likely_as_every_other() {
        let mut seen = [0_u32; 128];
        for _ in 0..1_000 {
            let password = random(CREATE_SECRET).unwrap();
            password
                .reveal()
                .bytes()
                .for_each(|byte| seen[usize::from(byte)] += 1);
        }
        // 64,000 characters of 62 kinds: 1032 of each, with a standard deviation of 32.
        for byte in ALPHABET {
            let count = seen[usize::from(*byte)];
            assert!(
                (800..1300).contains(&count),
                "{}: {count}",
                char::from(*byte)
            );
        }
    }
}
