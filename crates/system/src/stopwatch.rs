//! How long something took, finer than the milliseconds of the `Clock` port.

use std::time::Instant;

/// For measurements alone: whatever is decided by time goes by the `Clock`, which tests can set.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "measures, and nothing is decided by it")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    #[allow(clippy::disallowed_methods, reason = "measures, and nothing is decided by it")]
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
