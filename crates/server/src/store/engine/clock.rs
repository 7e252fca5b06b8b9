//! The server's clock beside the database's. Deadlines are judged by the server's, and with several servers on one database
//! each judges by its own: so none may be far from the clock that all of them share.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use amberglass_domain::ports::Clock;
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::store::{Store, StoreError};

/// Farthest apart that the clocks may be.
const APART_MILLIS: i64 = 500;
/// How often a running server looks.
const LOOK_MILLIS: i64 = 30_000;
/// A slow answer says little of the time at which it was given: asked again, so often.
const TRIES: usize = 3;

/// What the last look came to, in milliseconds; shared by the clones of a store.
#[derive(Clone, Default)]
pub struct Apart(Arc<AtomicI64>);

impl Store {
    /// # Errors
    /// When the clocks are too far apart, or the database does not answer. SQLite has no clock of its own.
    pub async fn check_clock(&self, clock: &dyn Clock) -> Result<(), StoreError> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        let mut millis = 0;
        for _ in 0..TRIES {
            let before = clock.now().0;
            // The one place where the database is asked for the time.
            let row =
                sqlx::query("SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT) AS millis")
                    .fetch_one(&self.readers)
                    .await?;
            let after = clock.now().0;
            millis = apart(before, row.try_get("millis")?, after);
            if millis <= APART_MILLIS && after.saturating_sub(before) <= APART_MILLIS {
                break;
            }
        }
        self.apart.0.store(millis, Ordering::Relaxed);
        if millis > APART_MILLIS { Err(StoreError::ClocksDiffer { millis }) } else { Ok(()) }
    }

    /// Whether the server may be given work: the database answers, and the clocks agreed when they were last looked at.
    ///
    /// # Errors
    /// With what is in the way.
    pub async fn ready(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 AS one").fetch_one(&self.readers).await?;
        let millis = self.apart.0.load(Ordering::Relaxed);
        if millis > APART_MILLIS { Err(StoreError::ClocksDiffer { millis }) } else { Ok(()) }
    }
}

/// At least so far: the database's time was taken somewhere between the two others.
fn apart(before: i64, database: i64, after: i64) -> i64 {
    before.saturating_sub(database).max(database.saturating_sub(after)).max(0)
}

/// Looks again and again until `stop`.
pub async fn watch(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = clock.sleep_until(clock.monotonic_millis().saturating_add(LOOK_MILLIS)) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = store.check_clock(&*clock).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the database's clock was not found to agree with this machine's");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_apart_by_what_the_answers_way_cannot_explain() {
        for (before, database, after, expected) in
            [(1000, 1005, 1010, 0), (1000, 1000, 1000, 0), (1000, 900, 1010, 100), (1000, 1700, 1010, 690)]
        {
            assert_eq!(apart(before, database, after), expected, "{before} {database} {after}");
        }
    }
}
