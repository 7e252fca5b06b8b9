//! The clock of a program that mostly waits. [`SystemClock`] looks at the time twice a second for as long as anybody sleeps
//! on it; on a laptop that keeps the processor from resting. Here the kernel is asked instead, where it can be: for one
//! file of the program for each that sleeps, which a server with thousands of them had better not spend.

use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_wire::UnixMillis;

use crate::SystemClock;

/// The same time as [`SystemClock`]'s.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitingClock;

impl Clock for WaitingClock {
    fn now(&self) -> UnixMillis {
        SystemClock.now()
    }

    fn monotonic_millis(&self) -> i64 {
        SystemClock.monotonic_millis()
    }

    /// # Panics
    /// Outside a runtime of Tokio.
    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Without one (no files left) the look at the time has to do; after one there is nothing left to wait for.
            #[cfg(target_os = "linux")]
            let _ = alarm(at).await;
            SystemClock.sleep_until(at).await;
        })
    }
}

/// timerfd_create(2) on CLOCK_BOOTTIME: what came due while the machine slept fires when it wakes.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "AsyncFd takes a file on trust; why it may stands below")]
async fn alarm(at: i64) -> std::io::Result<()> {
    use std::os::fd::OwnedFd;

    use nix::sys::{
        time::{TimeSpec, TimeValLike as _},
        timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    };
    use tokio::io::{Interest, unix::AsyncFd};

    let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
    // Zero would mean never.
    let when = Expiration::OneShot(TimeSpec::milliseconds(at.max(1)));
    timer.set(when, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
    // SAFETY: an `OwnedFd` is one open file, always the same, until it is dropped, which only `AsyncFd` can do.
    let timer = unsafe { AsyncFd::register_with_interest(OwnedFd::from(timer), Interest::READABLE) }?;
    let _due = timer.readable().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn sleeping_ends_at_the_moment_and_not_before_it() {
        let start = WaitingClock.monotonic_millis();
        WaitingClock.sleep_until(start + 30).await;
        assert!(WaitingClock.monotonic_millis() >= start + 30);
    }

    #[tokio::test]
    async fn what_is_over_is_not_waited_for() {
        let start = WaitingClock.monotonic_millis();
        for past in [start, start - 1, 0, -1, i64::MIN] {
            tokio::time::timeout(Duration::from_secs(20), WaitingClock.sleep_until(past)).await.unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_kernel_wakes_whoever_waits() {
        let at = WaitingClock.monotonic_millis() + 20;
        tokio::time::timeout(Duration::from_secs(20), alarm(at)).await.unwrap().unwrap();
        assert!(WaitingClock.monotonic_millis() >= at);
    }
}
