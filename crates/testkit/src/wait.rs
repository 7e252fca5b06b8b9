//! The one bounded wait of the tests.

use std::{future::Future, time::Duration};

/// Asks `condition` every ten milliseconds until it gives a value.
///
/// # Panics
/// After `limit`, naming what was waited for.
pub async fn wait_until<T, F, Fut>(what: &str, limit: Duration, condition: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    wait_until_telling(what, limit, condition, String::new).await
}

/// The same, and what was there instead stands in the failure.
///
/// # Panics
/// After `limit`, naming what was waited for, followed by what `instead` says.
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub async fn wait_until_telling<T, F, Fut>(
    what: &str,
    limit: Duration,
    mut condition: F,
    instead: impl FnOnce() -> String,
) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let waiting = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(limit, waiting).await {
        Ok(value) => value,
        Err(_) => panic!("waited {limit:?} in vain for: {what} {}", instead()),
    }
}
