//! What the bar shows of fields that the portal's rules mask.

use amberglass_wire::{UnixMillis, unmasking::MaskedFieldResponse};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UiError;

/// The button of the bar by which one masked field is shown, and the row that it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnmaskView {
    /// The portal's rules let something be shown, and the server would take the question; else there is no button.
    pub offered: bool,
    /// The row is open; the bar is taller then.
    pub open: bool,
    /// The fields are being fetched.
    pub loading: bool,
    /// What may be shown, with what the policy says to each.
    pub fields: Vec<MaskedFieldResponse>,
    pub busy: bool,
    /// Why nothing is listed, or why the last one stays masked.
    pub error: Option<UiError>,
    /// What was shown last in this row.
    pub shown: Option<ShownFieldView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShownFieldView {
    pub rule: String,
    pub pointer: String,
    pub until: UnixMillis,
}
