//! `GET /v1/events` (server-sent events) and `POST /v1/heartbeats`. Events are hints; the truth is the snapshot.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, SessionId, UnixMillis, elevation::BlockedWriteResponse, session::SessionState};

/// One server-sent event: `event:` carries the kind, `data:` this object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServerEvent {
    /// Every two seconds; its absence is what freezes a session.
    Heartbeat {
        time: UnixMillis,
    },
    SessionChanged {
        session: SessionId,
        state: SessionState,
    },
    /// Something else changed: fetch the snapshot.
    SnapshotChanged,
    /// Token, staff or role no longer hold; the stream closes after this.
    SignedOut,
    #[serde(other)]
    Unknown,
}

/// Sent every two seconds while signed in, signed by the device over `domain::signing::heartbeat`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatRequest {
    pub device: DeviceId,
    pub signed_at: UnixMillis,
    pub sessions: Vec<SessionBeat>,
    /// The chain that the device writes now: its id, or a later chain of it (`domain::chain::device_of`).
    pub writer: String,
    /// Where that chain stands.
    pub journal: ChainHead,
    pub signature: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionBeat {
    pub session: SessionId,
    /// Milliseconds since the host last saw keyboard or pointer input in the session window.
    pub idle_millis: i64,
}

/// Last link of a chain: what a writer has written so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainHead {
    /// Zero when nothing was written yet.
    pub seq: i64,
    /// Hex; empty when nothing was written yet.
    pub hash: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatResponse {
    pub time: UnixMillis,
    pub sessions: Vec<SessionBeatResponse>,
    /// Head of the answering server process's own chain.
    pub server: ChainHead,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionBeatResponse {
    pub session: SessionId,
    pub state: SessionState,
    pub expires_at: Option<UnixMillis>,
    pub pages: u32,
    pub blocked: u32,
    /// The last one, if there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_write: Option<BlockedWriteResponse>,
}
