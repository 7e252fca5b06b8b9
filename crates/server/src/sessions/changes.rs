//! Hints that something changed. The truth is in the rows.

use amberglass_wire::{SessionId, StaffId};

use crate::store::Hint;

/// What a hint is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Session(SessionId),
    /// A request for approval of this staff member, or break-glass of theirs: what others decide or review.
    Request(StaffId),
    /// Something of the server as a whole, or nobody knows what: look at everything again.
    Everything,
}

impl From<Change> for Hint {
    fn from(change: Change) -> Self {
        match change {
            Change::Session(id) => Self::Session(id),
            Change::Request(staff) => Self::Request(staff),
            Change::Everything => Self::Everything,
        }
    }
}
