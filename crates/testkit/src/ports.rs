//! Addresses that stay a test's own while nothing listens on them.

use std::{
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

/// Below what Linux, macOS and Windows give to those who ask for any port or only call out (32768 and 49152 up): a
/// server that is stopped and started again must not find another test's call on its port.
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A free address on 127.0.0.1 that this process is given once, and nobody else by chance.
///
/// # Panics
/// If none of all the ports is free.
#[allow(clippy::panic, reason = "a test that has no port cannot go on")]
pub fn address_of_its_own() -> SocketAddr {
    // Test programs that run side by side begin far from each other.
    let from = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let place = from.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let Ok(port) = u16::try_from(FIRST + place) else { continue };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {FIRST} to {} is free", FIRST + COUNT);
}
