//! `POST /v1/journal/batches`: consoles deliver their records.
//!
//! Authenticated by the device key, not by a staff token: header `Amberglass-Device` names the device,
//! `Amberglass-Signed-At` milliseconds, `Amberglass-Signature` (base64) covers `domain::signing::journal_batch`
//! over the SHA-256 of the uncompressed body. `Content-Encoding: zstd` is understood.

use serde::{Deserialize, Serialize};

use crate::{audit::ChainedRecord, event_stream::ChainHead};

pub const DEVICE_HEADER: &str = "amberglass-device";
pub const SIGNED_AT_HEADER: &str = "amberglass-signed-at";
pub const SIGNATURE_HEADER: &str = "amberglass-signature";

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalBatchRequest {
    /// Consecutive, ascending by `seq`, all of one chain of the signing device.
    pub records: Vec<ChainedRecord>,
    /// The head after the last of them, signed by the device (`domain::checkpoint`): what it has said it cannot take back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// What the server holds of this chain after the batch; also the answer when all of it was there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalBatchResponse {
    pub held: ChainHead,
    /// A note in which the server vouches for it and for the end of its own chain (`domain::checkpoint`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}
