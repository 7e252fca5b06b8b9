//! How often somebody may ask, within a window that slides. Kept in memory: a restart forgets, replicas count apart.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use crate::config::Limits;

const WINDOW_MILLIS: i64 = 60_000;
/// More than anybody fills in.
const KEPT_PER_MINUTE: u32 = 20;
/// Messages of a page over its WebSockets: each is judged and on record before it goes on.
const MESSAGES_PER_MINUTE: u32 = 600;
/// Keys that are remembered before those whose window is over are removed.
const PRUNE_ABOVE: usize = 1024;

/// The limits that requests run into.
pub struct Rates {
    /// Customer searches, by staff member.
    pub searches: RateLimit,
    /// What portals ask, by portal key.
    pub portals: RateLimit,
    /// Blocked writes that are kept, by session: a page can provoke any number.
    pub kept: RateLimit,
    /// Messages over WebSockets, by session.
    pub messages: RateLimit,
}

impl Rates {
    pub fn new(limits: &Limits) -> Self {
        Self {
            searches: RateLimit::new(limits.searches_per_minute),
            portals: RateLimit::new(limits.portal_requests_per_minute),
            kept: RateLimit::new(KEPT_PER_MINUTE),
            messages: RateLimit::new(MESSAGES_PER_MINUTE),
        }
    }
}

/// So many a minute for each key.
pub struct RateLimit {
    per_minute: usize,
    /// Monotonic times of what counts, oldest first.
    by_key: Mutex<HashMap<String, VecDeque<i64>>>,
}

impl RateLimit {
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX), by_key: Mutex::default() }
    }

    /// Counts one at this monotonic time.
    ///
    /// # Errors
    /// The seconds to wait when there were too many; it does not count then.
    pub fn take(&self, key: &str, now: i64) -> Result<(), u32> {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let over = now.saturating_sub(WINDOW_MILLIS);
        if by_key.len() > PRUNE_ABOVE {
            by_key.retain(|_, times| times.back().is_some_and(|last| *last > over));
        }
        let times = by_key.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|first| *first <= over) {
            times.pop_front();
        }
        if times.len() < self.per_minute {
            times.push_back(now);
            return Ok(());
        }
        let left = times.front().map_or(WINDOW_MILLIS, |first| first.saturating_sub(over));
        // Rounded up: who comes back by then finds room.
        Err(u32::try_from(left.saturating_add(999).div_euclid(1000)).unwrap_or(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_often_is_told_how_long_to_wait() {
        let rate = RateLimit::new(2);
        assert_eq!(rate.take("amy", 0), Ok(()));
        assert_eq!(rate.take("amy", 10_500), Ok(()));
        assert_eq!(rate.take("amy", 20_000), Err(40));
        assert_eq!(rate.take("leo", 20_000), Ok(()), "keys are counted apart");
        assert_eq!(rate.take("amy", 59_999), Err(1));
        assert_eq!(rate.take("amy", 60_000), Ok(()));
        assert_eq!(rate.take("amy", 60_000), Err(11));
    }
}
