//! Whether this server may be given work.

use crate::{ServerState, store::StoreError};

/// What is in the way.
pub(crate) struct NotReady {
    /// For anybody; names nothing.
    pub why: &'static str,
    /// For the log.
    pub error: StoreError,
}

impl ServerState {
    /// # Errors
    /// When the database does not answer, or its clock is too far from this machine's.
    pub(crate) async fn readiness(&self) -> Result<(), NotReady> {
        self.store.ready().await.map_err(|error| {
            let why = if matches!(error, StoreError::ClocksDiffer { .. }) {
                "The clocks of the server and of its database differ."
            } else {
                "The database does not answer."
            };
            NotReady { why, error }
        })
    }
}
