//! Alarms: in the snapshot of those who may see them, and `POST /v1/alarms/{id}/acknowledge`.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    EventId,
    alarm::{AcknowledgeAlarmRequest, AlarmResponse, AlarmsResponse},
    audit::EventDetail,
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::ServerAction, store::StoreError};

/// At most so many in a snapshot, as the contract says.
const LIMIT: u32 = 50;

/// Says that somebody has looked at an alarm, and what was found.
///
/// For whom the policy lets: security and admins by default. Who looked first stands; to say it again is success.
#[utoipa::path(
    post,
    path = "/v1/alarms/{id}/acknowledge",
    operation_id = "acknowledge_alarm",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = EventId, Path)),
    request_body(content = AcknowledgeAlarmRequest),
    responses((status = 200, description = "The alarm, looked at", body = AlarmResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::Forbidden, ErrorCode::NotFound, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn acknowledge(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<EventId>,
    Body(request): Body<AcknowledgeAlarmRequest>,
) -> Result<Json<AlarmResponse>, ApiError> {
    if !state.policy.now().on_server(&who.principal(), ServerAction::SeeAlarms)? {
        return Err(ApiError::new(ErrorCode::Forbidden));
    }
    let note = request.note.trim();
    reason::check_text(note).map_err(ApiError::new)?;
    state.audit.acknowledge(Some(who.id()), &id, note).await?;
    let alarm = state.store.alarm(&id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Json(with_held(&state, alarm).await?))
}

/// What nobody has looked at yet.
pub async fn open(state: &ServerState) -> Result<AlarmsResponse, StoreError> {
    let (open, alarms) = state.store.open_alarms(LIMIT).await?;
    let mut newest = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        newest.push(with_held(state, alarm).await?);
    }
    Ok(AlarmsResponse { open, newest })
}

/// Where a device began anew, what came in of the chain before, to be held against what the device says of it.
async fn with_held(state: &ServerState, mut alarm: AlarmResponse) -> Result<AlarmResponse, StoreError> {
    if let Some(EventDetail::JournalReplaced { former, .. }) = &alarm.detail {
        alarm.held = Some(state.store.chain_head_of(former).await?);
    }
    Ok(alarm)
}
