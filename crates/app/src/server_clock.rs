//! The server's time, for what runs beside the controller and signs.

use std::sync::Arc;

use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_wire::UnixMillis;
use tokio::sync::watch;

/// The server's clock as far as it is known, else this machine's.
pub(crate) struct ServerClock {
    clock: Arc<dyn Clock>,
    /// What is added to the monotonic time.
    offset: watch::Receiver<Option<i64>>,
}

impl ServerClock {
    pub(crate) fn new(clock: Arc<dyn Clock>, offset: watch::Receiver<Option<i64>>) -> Self {
        Self { clock, offset }
    }
}

impl Clock for ServerClock {
    fn now(&self) -> UnixMillis {
        match *self.offset.borrow() {
            Some(offset) => UnixMillis(self.clock.monotonic_millis().saturating_add(offset)),
            None => self.clock.now(),
        }
    }

    fn monotonic_millis(&self) -> i64 {
        self.clock.monotonic_millis()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        self.clock.sleep_until(at)
    }
}
