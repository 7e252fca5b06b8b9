//! The machine's own time and randomness: the implementations of the `Clock` and `Entropy` ports that ship.
//!
//! The only place where the operating system's clock and random source are read.

mod stopwatch;
mod waiting_clock;

use std::time::Duration;

use amberglass_domain::ports::{BoxFuture, Clock, Entropy};
use amberglass_wire::UnixMillis;

pub use stopwatch::Stopwatch;
pub use waiting_clock::WaitingClock;

/// Longest single wait of [`SystemClock::sleep_until`]: timers of the runtime stand still while the machine sleeps, so a
/// deadline that passed meanwhile is noticed at most this long after waking.
const RECHECK: Duration = Duration::from_millis(500);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the port's implementation")]
    fn now(&self) -> UnixMillis {
        UnixMillis(chrono::Utc::now().timestamp_millis())
    }

    fn monotonic_millis(&self) -> i64 {
        boot_millis()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let left = at.saturating_sub(boot_millis());
                let Ok(left) = u64::try_from(left) else { return };
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left).min(RECHECK)).await;
            }
        })
    }
}

/// How far this computer's local time is ahead of UTC at that moment, in seconds. Zero for a moment that no calendar has.
pub fn utc_offset_seconds(at: UnixMillis) -> i32 {
    use chrono::{Local, Offset as _, TimeZone as _};
    Local.timestamp_millis_opt(at.0).single().map_or(0, |local| local.offset().fix().local_minus_utc())
}

/// CLOCK_BOOTTIME on Linux; on macOS CLOCK_MONOTONIC goes on during sleep.
#[cfg(unix)]
fn boot_millis() -> i64 {
    #[cfg(target_os = "macos")]
    const CLOCK: nix::time::ClockId = nix::time::ClockId::CLOCK_MONOTONIC;
    #[cfg(not(target_os = "macos"))]
    const CLOCK: nix::time::ClockId = nix::time::ClockId::CLOCK_BOOTTIME;
    // Both clocks exist on every supported kernel; zero would only make deadlines look further away than they are at
    // the very start, when nothing runs yet.
    CLOCK.now().map_or(0, |time| time.tv_sec().saturating_mul(1000).saturating_add(time.tv_nsec() / 1_000_000))
}

/// The performance counter behind `Instant` goes on during sleep on Windows.
#[cfg(not(unix))]
#[allow(clippy::disallowed_methods, reason = "this is the port's implementation")]
fn boot_millis() -> i64 {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX).saturating_add(1)
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system has no random source: nothing safe can be done without one.
    #[allow(clippy::disallowed_methods, clippy::panic, reason = "this is the port's implementation")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_ends_at_the_moment_and_not_before() {
        let start = SystemClock.monotonic_millis();
        SystemClock.sleep_until(start + 30).await;
        assert!(SystemClock.monotonic_millis() >= start + 30);
        SystemClock.sleep_until(start - 1000).await;
    }

    #[test]
    fn random_bytes_differ() {
        let (mut first, mut second) = ([0_u8; 32], [0_u8; 32]);
        OsEntropy.fill(&mut first);
        OsEntropy.fill(&mut second);
        assert_ne!(first, second);
    }
}
