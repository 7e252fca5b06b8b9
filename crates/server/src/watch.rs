//! What the watchers of files share: the policy's and those of portals' rules are looked at while the server runs.

use amberglass_domain::ports::Clock;
use tokio_util::sync::CancellationToken;

const LOOK_MILLIS: i64 = 2_000;
/// Of what is wrong with a file, on record.
const MAX_CHARS: usize = 2_000;

/// False when there is none, because the server stops.
pub(crate) async fn until_the_next_look(clock: &dyn Clock, stop: &CancellationToken) -> bool {
    let next = clock.monotonic_millis().saturating_add(LOOK_MILLIS);
    tokio::select! {
        () = clock.sleep_until(next) => true,
        () = stop.cancelled() => false,
    }
}

/// As it goes on record.
pub(crate) fn what_is_wrong(error: &(dyn std::error::Error + 'static)) -> String {
    with_causes(error).chars().take(MAX_CHARS).collect()
}

/// An error in one line: whoever runs the server has to mend it, and often the cause alone says how.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
