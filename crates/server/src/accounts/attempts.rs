//! Counts attempts per key within a window that moves with time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Beyond so many keys the ones whose window is over are dropped.
const PRUNE_ABOVE: usize = 10_000;

pub(super) struct Attempts {
    limit: usize,
    window_millis: i64,
    /// Monotonic times of the attempts that count, oldest first.
    by_key: Mutex<HashMap<String, VecDeque<i64>>>,
}

impl Attempts {
    pub fn new(limit: u32, window_millis: i64) -> Self {
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), window_millis, by_key: Mutex::default() }
    }

    /// Counts an attempt; false when there were too many before it, and then it does not count itself.
    pub fn begin(&self, key: &str, now: i64) -> bool {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let over = now.saturating_sub(self.window_millis);
        if by_key.len() > PRUNE_ABOVE {
            by_key.retain(|_, times| times.back().is_some_and(|last| *last > over));
        }
        let times = by_key.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|first| *first <= over) {
            times.pop_front();
        }
        let allowed = times.len() < self.limit;
        if allowed {
            times.push_back(now);
        }
        allowed
    }

    /// The latest attempt was a good one.
    pub fn give_back(&self, key: &str) {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let left = by_key.get_mut(key).map(|times| {
            times.pop_back();
            times.len()
        });
        if left == Some(0) {
            by_key.remove(key);
        }
    }

    pub fn forget(&self, key: &str) {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_count_until_their_window_is_over() {
        let attempts = Attempts::new(2, 1000);
        assert!(attempts.begin("a", 0));
        assert!(attempts.begin("a", 500));
        assert!(!attempts.begin("a", 999));
        assert!(attempts.begin("b", 999), "keys are counted apart");
        assert!(attempts.begin("a", 1000), "the first attempt no longer counts");
        assert!(!attempts.begin("a", 1001));
        attempts.give_back("a");
        assert!(attempts.begin("a", 1002));
        attempts.forget("a");
        assert!(attempts.begin("a", 1003) && attempts.begin("a", 1003));
    }
    #[test]
    fn a_key_whose_attempts_were_given_back_takes_no_room() {
        let attempts = Attempts::new(2, 1000);
        for key in ["a", "b"] {
            assert!(attempts.begin(key, 0));
            attempts.give_back(key);
        }
        assert!(attempts.by_key.lock().unwrap().is_empty());
    }
}
