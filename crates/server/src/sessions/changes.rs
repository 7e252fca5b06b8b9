//! Hints that something changed. The truth is in the rows.

use std::sync::Arc;

use amberglass_wire::{SessionId, StaffId, session::SessionState};
use tokio::sync::OnceCell;

use super::Sessions;
use crate::store::{Hint, StoreError};

/// What a hint is about.
#[derive(Clone, Debug)]
pub enum Change {
    Session(ChangedSession),
    /// A request for approval of this staff member, or break-glass of theirs: what others decide or review.
    Request(StaffId),
    /// Somebody's sign-in may not hold any more, or there is a new device.
    SignIns,
    /// Something of the server as a whole, or nobody knows what: look at everything again.
    Everything,
}

/// A session that changed. Its row is read once for all who hear of it, and only if one of them asks: with a thousand
/// consoles it would otherwise be read a thousand times.
#[derive(Clone, Debug)]
pub struct ChangedSession {
    pub id: SessionId,
    seen: Arc<OnceCell<Option<(StaffId, SessionState)>>>,
}

impl ChangedSession {
    pub fn new(id: SessionId) -> Self {
        Self { id, seen: Arc::default() }
    }

    /// Whose it is and how it stands, read after the change.
    ///
    /// # Errors
    /// When the row can't be read; who asks next tries again.
    pub async fn seen(&self, sessions: &Sessions) -> Result<Option<&(StaffId, SessionState)>, StoreError> {
        let read = async || {
            let row = sessions.get(&self.id).await?;
            Ok::<_, StoreError>(row.map(|row| (row.staff, row.state)))
        };
        Ok(self.seen.get_or_try_init(read).await?.as_ref())
    }
}

impl From<Change> for Hint {
    fn from(change: Change) -> Self {
        match change {
            Change::Session(changed) => Self::Session(changed.id),
            Change::Request(staff) => Self::Request(staff),
            Change::SignIns => Self::SignIns,
            Change::Everything => Self::Everything,
        }
    }
}
