//! `POST /v1/sessions/{id}/end`. Ending an ended session is success and gives it as it is.

use std::sync::Arc;

use amberglass_wire::{
    SessionId,
    auth::Role,
    problem::ErrorCode,
    session::{EndSessionRequest, EndedBy, SessionResponse},
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::SessionAction, sessions::Ending};

const MAX_NOTE_CHARACTERS: usize = 2000;

pub async fn end(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(request): Body<EndSessionRequest>,
) -> Result<Json<SessionResponse>, ApiError> {
    let row = state.sessions.get(&id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let own = row.staff == *who.id();
    let by = match who.role() {
        Role::Agent | Role::Lead | Role::Security | Role::Admin if own => EndedBy::Staff,
        Role::Lead => EndedBy::Lead,
        Role::Security | Role::Agent | Role::Admin => EndedBy::Security,
    };
    if !own && !state.policy.on_session(&who.principal(), SessionAction::EndAny, &row.id, &row.staff)? {
        return Err(ApiError::new(ErrorCode::Forbidden));
    }
    let note = request.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE_CHARACTERS) {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("The note is longer than 2000 characters."));
    }
    let ended = state.sessions.end(&id, &Ending { by, note }).await?;
    let row = ended.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Json(state.sessions.response(row).await?))
}
