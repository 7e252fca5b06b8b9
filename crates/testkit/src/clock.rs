//! Time that moves only when a test moves it, and the machine's own for tests with real processes.

use std::sync::Arc;

use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_wire::UnixMillis;
use tokio::sync::watch;

/// A clock moved by hand. Clones share the time.
#[derive(Clone)]
pub struct ManualClock {
    /// Wall time and monotonic time, in milliseconds.
    time: Arc<watch::Sender<(i64, i64)>>,
}

impl ManualClock {
    pub fn at(now: UnixMillis) -> Self {
        Self { time: Arc::new(watch::Sender::new((now.0, 1_000))) }
    }

    /// Both times go on by so much.
    pub fn advance_millis(&self, millis: i64) {
        self.time.send_modify(|(wall, monotonic)| {
            *wall += millis;
            *monotonic += millis;
        });
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_millis(seconds * 1000);
    }

    /// Somebody sets the wall clock; the monotonic time stays.
    pub fn set_wall(&self, now: UnixMillis) {
        self.time.send_modify(|(wall, _)| *wall = now.0);
    }
}

impl Default for ManualClock {
    /// 2026-01-05 09:00 UTC, a Monday in working hours.
    fn default() -> Self {
        Self::at(UnixMillis(1_767_603_600_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.time.borrow().0)
    }

    fn monotonic_millis(&self) -> i64 {
        self.time.borrow().1
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        let mut time = self.time.subscribe();
        Box::pin(async move {
            // The sender lives in `self`, so waiting cannot fail while this future is polled.
            let _ = time.wait_for(|(_, monotonic)| *monotonic >= at).await;
        })
    }
}
