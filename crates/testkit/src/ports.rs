//! Addresses that stay a test's own while nothing listens on them.

use crate::wait_until;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::net::TcpSocket;

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
        if nobody_listens_at(address) {
            return address;
        }
    }
    panic!("no port from {FIRST} to {} is free", FIRST + COUNT);
}

/// Whether `address` can be listened at now.
///
/// It asks without listening itself: a program that another thread starts meanwhile holds a copy of every open socket
/// until it runs, and a copy of one that listens would keep the address from whoever asked.
pub fn nobody_listens_at(address: SocketAddr) -> bool {
    let asked = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    };
    asked().is_ok()
}

/// Returns once `address` can be listened at: one who stopped listening may have left a copy, for the same reason.
///
/// # Panics
/// If somebody still listens there after 20 s.
pub async fn until_nobody_listens_at(address: SocketAddr) {
    let limit = Duration::from_secs(20);
    wait_until(&format!("nobody to listen at {address}"), limit, async || nobody_listens_at(address).then_some(()))
        .await;
}

#[cfg(test)]
mod tests {
    use super::{address_of_its_own, nobody_listens_at};
    use std::{net::TcpListener, process::Command, thread};

    #[test]
    fn an_address_given_can_be_listened_at_while_other_threads_start_programs() {
        thread::scope(|threads| {
            let starts = || (0..60).for_each(|_| assert!(Command::new("true").status().unwrap().success()));
            let starting: Vec<_> = (0..3).map(|_| threads.spawn(starts)).collect();
            while !starting.iter().all(thread::ScopedJoinHandle::is_finished) {
                let listener = TcpListener::bind(address_of_its_own()).unwrap();
                assert!(!nobody_listens_at(listener.local_addr().unwrap()));
            }
        });
    }
}
