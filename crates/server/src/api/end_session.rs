//! `POST /v1/sessions/{id}/end`. Ending an ended session is success and gives it as it is.

use std::sync::Arc;

use amberglass_domain::reason;
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

/// Ends a session.
///
/// One's own, with a closing note that is also taken after the end; anybody's, with a reason, for whom the policy lets:
/// leads and security by default. Ending an ended session is success and gives it as it is.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/end",
    operation_id = "end_session",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    request_body(content = EndSessionRequest),
    responses((status = 200, description = "The session, ended", body = SessionResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn end(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(request): Body<EndSessionRequest>,
) -> Result<Json<SessionResponse>, ApiError> {
    let row = state.sessions.get(&id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let ended = if row.staff == *who.id() {
        let note = words(request.note.as_deref());
        if note.is_some_and(|note| note.chars().count() > MAX_NOTE_CHARACTERS) {
            return Err(ApiError::new(ErrorCode::InvalidRequest).detail("The note is longer than 2000 characters."));
        }
        state.sessions.end(&id, &Ending { note, ..Ending::by(EndedBy::Staff) }).await?
    } else {
        let on_session = |action| state.policy.now().on_session(&who.principal(), action, &row.id, &row.staff);
        if !on_session(SessionAction::EndAny)? {
            // Who may not see it learns nothing of it.
            let code = if on_session(SessionAction::ReadAudit)? { ErrorCode::Forbidden } else { ErrorCode::NotFound };
            return Err(ApiError::new(code));
        }
        if words(request.note.as_deref()).is_some() {
            let detail = "A closing note is for whose session it is; say why in `reason`.";
            return Err(ApiError::new(ErrorCode::InvalidRequest).detail(detail));
        }
        let reason = request.reason.as_deref().unwrap_or_default().trim();
        reason::check_text(reason).map_err(ApiError::new)?;
        let by = match who.role() {
            Role::Lead => EndedBy::Lead,
            // A policy of one's own may let others do it, too.
            Role::Security | Role::Agent | Role::Admin => EndedBy::Security,
        };
        let ending = Ending { staff: Some(who.id()), reason: Some(reason), ..Ending::by(by) };
        state.sessions.end(&id, &ending).await?
    };
    let row = ended.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Json(state.sessions.response(row).await?))
}

fn words(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
