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

/// Lifting one that is not in force is success.
pub async fn lift(State(state): State<Arc<ServerState>>, who: SignedIn) -> Result<StatusCode, ApiError> {
    allowed(&state, &who)?;
    state.sessions.lift_emergency_stop(Some(who.id())).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn allowed(state: &ServerState, who: &SignedIn) -> Result<(), ApiError> {
    if state.policy.on_server(&who.principal(), ServerAction::EmergencyStop)? {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::Forbidden))
    }
}

pub fn response(stop: EmergencyStopRow) -> EmergencyStopResponse {
    EmergencyStopResponse { reason: stop.reason, stopped_by_name: stop.stopped_by_name, stopped_at: stop.stopped_at }
}
