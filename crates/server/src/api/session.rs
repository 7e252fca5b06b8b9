//! `GET /v1/sessions/{id}`, and who may see a session.

use std::sync::Arc;

use amberglass_wire::{SessionId, problem::ErrorCode, session::SessionResponse};
use axum::{Json, extract::State};

use super::{
    extract::{Path, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::SessionAction, store::SessionRow};

/// Gives one session.
///
/// One's own, or anybody's for whom the policy lets read the record: leads and security by default. Others learn
/// nothing, not even that it exists.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    operation_id = "get_session",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "The session", body = SessionResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::NotFound]))),
)]
pub async fn session(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionResponse>, ApiError> {
    let row = visible(&state, &who, &id).await?;
    Ok(Json(state.sessions.response(row).await?))
}

/// One's own, or what the policy lets one read. Who may not see it learns nothing of it, not even that it exists.
pub async fn visible(state: &ServerState, who: &SignedIn, id: &SessionId) -> Result<SessionRow, ApiError> {
    let row = state.sessions.get(id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    if state.policy.now().on_session(&who.principal(), SessionAction::ReadAudit, &row.id, &row.staff)? {
        Ok(row)
    } else {
        Err(ApiError::new(ErrorCode::NotFound))
    }
}
