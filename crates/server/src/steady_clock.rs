//! Wall time that nobody sets back while the server runs.
//!
//! Deadlines, grants and tokens are judged by wall time. Were it set back, by hand or by a mistaken time server, what had
//! expired would hold again and sessions would run on. So within one process wall time never runs backwards: after it was
//! set back it goes on at the rate of the monotonic clock, which nobody sets. When it is set forward it is followed.

use std::sync::{Arc, Mutex, PoisonError};

use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_wire::UnixMillis;

/// A clock that is steered by a time server is this much behind now and then. Time stands still then until it has caught
/// up, rather than staying ahead for good.
const STEERED_MILLIS: i64 = 1000;

/// Wraps the machine's clock.
pub struct SteadyClock {
    inner: Arc<dyn Clock>,
    given: Mutex<Given>,
}

/// The latest time that was given.
struct Given {
    wall: i64,
    monotonic: i64,
    is_set_back: bool,
}

impl SteadyClock {
    pub fn new(inner: Arc<dyn Clock>) -> Self {
        let given = Given { wall: inner.now().0, monotonic: inner.monotonic_millis(), is_set_back: false };
        Self { inner, given: Mutex::new(given) }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> UnixMillis {
        // The lock first: times are given in the order in which they are read.
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, monotonic) = (self.inner.now().0, self.inner.monotonic_millis());
        let expected = given.wall.saturating_add(monotonic.saturating_sub(given.monotonic).max(0));
        let is_set_back = expected.saturating_sub(wall) > STEERED_MILLIS;
        if is_set_back && !given.is_set_back {
            let millis = expected.saturating_sub(wall);
            tracing::error!(millis, "the machine's clock was set back; the server goes on with the time as it was");
        }
        let now = if is_set_back { expected } else { wall.max(given.wall) };
        *given = Given { wall: now, monotonic, is_set_back };
        UnixMillis(now)
    }

    fn monotonic_millis(&self) -> i64 {
        self.inner.monotonic_millis()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        self.inner.sleep_until(at)
    }
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::ManualClock;

    use super::*;

    fn clocks() -> (ManualClock, SteadyClock, UnixMillis) {
        let machine = ManualClock::default();
        let steady = SteadyClock::new(Arc::new(machine.clone()));
        let start = steady.now();
        (machine, steady, start)
    }

    #[test]
    fn time_goes_as_the_machines_does() {
        let (machine, steady, start) = clocks();
        machine.advance_millis(1234);
        assert_eq!(steady.now(), start.plus_millis(1234));
        assert_eq!(steady.monotonic_millis(), machine.monotonic_millis());
    }

    #[test]
    fn a_clock_that_was_set_back_is_not_followed() {
        let (machine, steady, start) = clocks();
        machine.advance_seconds(10);
        assert_eq!(steady.now(), start.plus_seconds(10));
        machine.set_wall(start.plus_seconds(-86_400));
        assert_eq!(steady.now(), start.plus_seconds(10));
        machine.advance_seconds(60);
        assert_eq!(steady.now(), start.plus_seconds(70), "it goes on at its rate");
        machine.set_wall(start.plus_seconds(-172_800));
        machine.advance_seconds(1);
        assert_eq!(steady.now(), start.plus_seconds(71), "also after a second time");
        machine.set_wall(start.plus_seconds(72));
        assert_eq!(steady.now(), start.plus_seconds(72), "set right, it is followed again");
    }

    #[test]
    fn a_clock_that_was_set_forward_is_followed() {
        let (machine, steady, start) = clocks();
        machine.set_wall(start.plus_seconds(86_400));
        assert_eq!(steady.now(), start.plus_seconds(86_400));
    }

    #[test]
    fn time_waits_for_a_clock_that_is_steered_back_a_little() {
        let (machine, steady, start) = clocks();
        machine.set_wall(start.plus_millis(-300));
        assert_eq!(steady.now(), start);
        machine.advance_millis(200);
        assert_eq!(steady.now(), start, "still behind");
        machine.advance_millis(200);
        assert_eq!(steady.now(), start.plus_millis(100), "caught up");
    }
}
