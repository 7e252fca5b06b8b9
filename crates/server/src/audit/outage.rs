//! How long the audit log could not be written.
//!
//! The gateway refuses what it cannot put on record, so nothing happens unrecorded in the meantime. But a session whose
//! record stays impossible for as long as a lost console is waited for is ended, as `audit_failed`, once the end itself can be
//! put on record. Only attempts count: as long as nobody tries anything there is nothing to record and nothing is known.

use std::sync::{Mutex, PoisonError};

use amberglass_wire::UnixMillis;

/// Attempts that failed with none in between that worked.
#[derive(Clone, Copy, Debug)]
struct Failing {
    /// Monotonic.
    first: i64,
    latest: i64,
    latest_at: UnixMillis,
}

impl Failing {
    const fn millis(self) -> i64 {
        self.latest.saturating_sub(self.first)
    }
}

#[derive(Debug, Default)]
struct State {
    now: Option<Failing>,
    /// The longest that is over and was not dealt with yet.
    past: Option<Failing>,
}

/// What this process has seen of it.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<State>);

impl Outage {
    pub fn failed(&self, monotonic_millis: i64, at: UnixMillis) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.now.map_or(monotonic_millis, |failing| failing.first);
        state.now = Some(Failing { first, latest: monotonic_millis, latest_at: at });
    }

    pub fn worked(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(over) = state.now.take()
            && state.past.is_none_or(|past| past.millis() <= over.millis())
        {
            state.past = Some(over);
        }
    }

    /// When it was last seen to fail, if it failed for so long.
    pub fn of_at_least(&self, seconds: u32) -> Option<UnixMillis> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = i64::from(seconds).saturating_mul(1000);
        [state.now, state.past].into_iter().flatten().find(|seen| seen.millis() >= limit).map(|seen| seen.latest_at)
    }

    /// What was seen until `at` is dealt with.
    pub fn is_dealt_with(&self, at: UnixMillis) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.past.is_some_and(|past| past.latest_at <= at) {
            state.past = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_as_long_as_attempts_failed_and_is_remembered_until_it_is_dealt_with() {
        let outage = Outage::default();
        outage.failed(1_000, UnixMillis(1));
        outage.failed(100_000, UnixMillis(2));
        assert_eq!(outage.of_at_least(120), None);
        outage.failed(121_000, UnixMillis(3));
        assert_eq!(outage.of_at_least(120), Some(UnixMillis(3)));
        outage.is_dealt_with(UnixMillis(3));
        assert_eq!(outage.of_at_least(120), Some(UnixMillis(3)), "it lasts");
        outage.worked();
        assert_eq!(outage.of_at_least(120), Some(UnixMillis(3)), "it is over, and was not dealt with");
        outage.is_dealt_with(UnixMillis(3));
        assert_eq!(outage.of_at_least(120), None);
    }

    #[test]
    fn one_success_in_between_makes_two_short_ones_of_it() {
        let outage = Outage::default();
        outage.failed(0, UnixMillis(1));
        outage.failed(100_000, UnixMillis(2));
        outage.worked();
        outage.failed(150_000, UnixMillis(3));
        outage.failed(200_000, UnixMillis(4));
        assert_eq!(outage.of_at_least(120), None);
    }
}
