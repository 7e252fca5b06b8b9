//! `POST /v1/emergency-stop` and `POST /v1/emergency-stop/lift`.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    auth::{EmergencyStopRequest, EmergencyStopResponse},
    problem::ErrorCode,
};
use axum::{Json, extract::State, http::StatusCode};

use super::{
    extract::{Json as Body, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::ServerAction, store::EmergencyStopRow};

/// Ends every session at once and lets none begin until it is lifted.
///
/// For whom the policy lets: security and admins by default. While one is in force, the first one's reason stands.
#[utoipa::path(
    post,
    path = "/v1/emergency-stop",
    operation_id = "stop_everything",
    tag = "staff",
    security(("staff" = [])),
    request_body(content = EmergencyStopRequest),
    responses((status = 200, description = "In force", body = EmergencyStopResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::Forbidden, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn stop(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Body(request): Body<EmergencyStopRequest>,
) -> Result<Json<EmergencyStopResponse>, ApiError> {
    allowed(&state, &who)?;
    let reason = request.reason.trim();
    reason::check_text(reason).map_err(ApiError::new)?;
    Ok(Json(response(state.sessions.emergency_stop(Some(who.id()), reason).await?)))
}

/// Lifts the emergency stop.
///
/// For whom the policy lets: security and admins by default. Lifting one that is not in force is success.
#[utoipa::path(
    post,
    path = "/v1/emergency-stop/lift",
    operation_id = "lift_emergency_stop",
    tag = "staff",
    security(("staff" = [])),
    responses((status = 204, description = "None is in force")),
    extensions(("x-error-codes" = json!([ErrorCode::Forbidden, ErrorCode::AuditUnavailable]))),
)]
pub async fn lift(State(state): State<Arc<ServerState>>, who: SignedIn) -> Result<StatusCode, ApiError> {
    allowed(&state, &who)?;
    state.sessions.lift_emergency_stop(Some(who.id())).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub fn allowed(state: &ServerState, who: &SignedIn) -> Result<(), ApiError> {
    if state.policy.now().on_server(&who.principal(), ServerAction::EmergencyStop)? {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::Forbidden))
    }
}

pub fn response(stop: EmergencyStopRow) -> EmergencyStopResponse {
    EmergencyStopResponse { reason: stop.reason, stopped_by_name: stop.stopped_by_name, stopped_at: stop.stopped_at }
}
