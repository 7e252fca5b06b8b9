//! What the bar shows of a write that was blocked.

use amberglass_wire::{
    EventId, RequestId,
    elevation::{CannotAsk, SendOutcome},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UiError;

/// The row of the bar about a write that was blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ElevationView {
    pub step: ElevationStep,
    pub busy: bool,
    /// The connection is lost: until it is back, nothing is asked for or sent.
    pub paused: bool,
    /// Why the last question, or sending, failed.
    pub error: Option<UiError>,
}

/// How far the last one has come. `what` is method and path, as on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ElevationStep {
    Nothing {},
    Blocked {
        record: EventId,
        what: String,
        /// Nothing where it can be asked for.
        cannot_ask: Option<CannotAsk>,
    },
    Waiting {
        request: RequestId,
        what: String,
    },
    Approved {
        request: RequestId,
        what: String,
        by: String,
        /// Left to send it when this snapshot was made.
        #[ts(type = "number")]
        remaining_millis: i64,
    },
    Denied {
        what: String,
        by: String,
        comment: String,
    },
    /// Or withdrawn.
    Lapsed {
        what: String,
    },
    Sent {
        what: String,
        outcome: SendOutcome,
    },
}
