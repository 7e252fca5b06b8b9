//! What does not agree and somebody has to look at: in the snapshot of those who may see it, until somebody has.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, EventId, SessionId, UnixMillis, audit::EventDetail, event_stream::ChainHead};

/// Alarms that nobody has looked at yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmsResponse {
    /// How many there are.
    pub open: u32,
    /// Fifty at the most, the newest first.
    pub newest: Vec<AlarmResponse>,
}

/// One record that raised an alarm, with the names of what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmResponse {
    /// Of the record that raised it.
    pub id: EventId,
    pub raised_at: UnixMillis,
    /// `EventDetail::kind()` of the record, also where its body was erased.
    pub kind: String,
    /// What the record says; nothing where its body was erased.
    pub detail: Option<EventDetail>,
    pub device: Option<DeviceId>,
    pub device_name: Option<String>,
    pub session: Option<SessionId>,
    pub session_code: Option<String>,
    pub staff_name: Option<String>,
    pub customer_name: Option<String>,
    /// Where a device began anew: what the server holds of the chain before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<ChainHead>,
    pub acknowledged_at: Option<UnixMillis>,
    /// Nobody when the operator did it at the server itself.
    pub acknowledged_by_name: Option<String>,
    pub note: Option<String>,
}

/// `POST /v1/alarms/{id}/acknowledge`. Who looked first stands; to say it again is success.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcknowledgeAlarmRequest {
    /// What was found, in ten characters or more that say something.
    pub note: String,
}
