//! One-action elevation: one write that the gateway blocked in a read-only session, sent once after somebody has approved it.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, EventId, SessionId, UnixMillis, approval::RequestResponse};

/// Why a blocked write can't be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CannotAsk {
    /// It never happens in a session, whoever approves.
    NeverList,
    /// More than is kept.
    TooLarge,
    /// Nobody could read what it says: neither a form nor JSON, or not unmistakably.
    NotReadable,
    /// The session began with break-glass.
    BreakGlass,
    /// The gateway has too many of this session already, or could not keep it.
    NotKept,
}

impl CannotAsk {
    pub const ALL: [Self; 5] = [Self::NeverList, Self::TooLarge, Self::NotReadable, Self::BreakGlass, Self::NotKept];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverList => "never_list",
            Self::TooLarge => "too_large",
            Self::NotReadable => "not_readable",
            Self::BreakGlass => "break_glass",
            Self::NotKept => "not_kept",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// The last write that the gateway blocked in a session, for its console; the page learns nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockedWriteResponse {
    /// Of the record that says that it was blocked. By it the write is asked for.
    pub record: EventId,
    pub method: String,
    /// As on record.
    pub path: String,
    /// Nothing where it can be asked for.
    pub cannot_ask: Option<CannotAsk>,
}

/// Where a field stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldPlace {
    Query,
    Body,
}

/// One field of a blocked write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteField {
    pub place: FieldPlace,
    pub name: String,
    /// Empty where it is masked.
    pub value: String,
    /// Its name says that it is a secret.
    pub masked: bool,
    /// Only the beginning is shown.
    pub cut: bool,
}

/// What a blocked write would do, for whoever decides about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownWrite {
    /// In full, without query.
    pub path: String,
    pub fields: Vec<WriteField>,
    /// Fields beyond these.
    pub left_out: u32,
}

/// What a request for approval says of the write that it is about, on record and in what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedWrite {
    /// The record that says that it was blocked.
    pub record: EventId,
    pub method: String,
    /// As on record.
    pub path: String,
    /// What the request calls itself, where it does and that looks like a name: a GraphQL operation, an action of a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The rule that blocked it.
    pub rule: String,
    /// Over everything that will be sent but the session's identity (`domain::kept_request`), hex.
    pub sha256: String,
}

/// What is known of a write that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SendOutcome {
    /// The portal has answered with this status.
    Answered { status: u16 },
    /// Nothing of it has reached the portal.
    NotSent {},
    /// Sent, and the answer did not come: whether the portal has done it is not known. It is never sent again.
    Unknown {},
}

/// Of a request for approval that is about one write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteResponse {
    pub asked: AskedWrite,
    pub session: SessionId,
    pub session_code: String,
    /// As long as it is kept, for who asked and whoever may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<ShownWrite>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
    /// Nothing although it was sent: it is on its way, or nobody knows what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SendOutcome>,
}

/// `POST /v1/sessions/{id}/elevations`: asks whether one write that was blocked may be sent after all. Reason and ticket are
/// those of the session. A write is asked for once; to ask again is to get the request that is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskElevationRequest {
    pub record: EventId,
}

/// `POST /v1/requests/{id}/send`: sends the write that was approved, once, within five minutes. Signed by the session's device
/// (`domain::signing::send_write`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendWriteRequest {
    pub device: DeviceId,
    /// Of the write, as the request names it.
    pub write_sha256: String,
    pub signed_at: UnixMillis,
    /// Ed25519, base64 (standard, padded).
    pub signature: String,
}

/// The request as it is then; also where it was sent before, and is not sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendWriteResponse {
    pub request: RequestResponse,
    /// Path at the gateway that shows the outcome: where the portal's answer leads, else the page that the write came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}
