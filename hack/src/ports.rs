//! Free ports on loopback.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::{Error, Result};

/// Below the range from which the kernel serves "any port" (32768 on Linux): nobody else gets these by chance between
/// our look and the start of the program.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on, each call another one.
///
/// Runs that go on at the same time begin at different places, by process id.
pub fn free() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..COUNT {
        let offset = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let place = std::process::id().wrapping_mul(97).wrapping_add(offset) % u32::from(COUNT);
        let port = FIRST + u16::try_from(place).unwrap_or_default();
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(Error::Unexpected(format!(
        "no free port between {FIRST} and {}",
        FIRST + COUNT
    )))
}

/// `port` itself if nobody listens there; otherwise an error that names `setting`, the way to choose another.
pub fn claim(port: u16, what: &'static str, setting: &'static str) -> Result<u16> {
    if is_free(port) {
        Ok(port)
    } else {
        Err(Error::PortTaken {
            what,
            port,
            setting,
        })
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_gives_another_port() {
        assert_ne!(free().unwrap(), free().unwrap());
    }

    #[test]
    fn a_port_in_use_is_explained_with_the_setting_that_changes_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = claim(port, "the API server", "--api-server-port")
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(&format!("port {port} for the API server is in use")),
            "{refused}"
        );
        assert!(refused.contains("--api-server-port"), "{refused}");
    }
}
