//! Waiting for a condition with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

const PAUSE: Duration = Duration::from_millis(50);

/// What one look at a condition found.
pub enum Seen<T> {
    /// It holds.
    Done(T),
    /// Not yet; the text is what the error says should it stay so.
    NotYet(String),
}

/// Looks again and again until `look` is [`Seen::Done`], fails, or `deadline` has passed.
pub fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Seen<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let last = match look()? {
            Seen::Done(value) => return Ok(value),
            Seen::NotYet(last) => last,
        };
        if start.elapsed() >= deadline {
            return Err(Error::Deadline {
                what: what.to_owned(),
                seconds: deadline.as_secs(),
                last,
            });
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_deadline_tells_what_was_seen_last() {
        let waited: Result<()> = until("the moon", Duration::ZERO, || {
            Ok(Seen::NotYet("clouds".to_owned()))
        });
        assert_eq!(
            waited.unwrap_err().to_string(),
            "waited 0 s for the moon: clouds"
        );
    }

    #[test]
    fn it_looks_again_until_the_condition_holds() {
        let mut looks = 0;
        let found = until("the third look", Duration::from_secs(5), || {
            looks += 1;
            Ok(if looks == 3 {
                Seen::Done(looks)
            } else {
                Seen::NotYet(String::new())
            })
        });
        assert_eq!(found.unwrap(), 3);
    }
}
