//! `POST /v1/sessions/{id}/extensions`: more time, within the policy's limits.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    SessionId,
    problem::ErrorCode,
    session::{EndedBy, ExtendSessionRequest, SessionResponse, SessionState},
};
use axum::{Json, extract::State, http::HeaderMap};

use super::{
    extract::{Path, RawJson, SignedIn},
    idempotency::{MEANING, key_of},
    problem::ApiError,
    session::visible,
    target,
};
use crate::{
    ServerState,
    policy::SessionAction,
    sessions::{Ending, Extending},
};

/// Gives one's own session more time, within the policy's limits.
///
/// Repeated with the same key and body, it is one extension.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/extensions",
    operation_id = "extend_session",
    tag = "staff",
    security(("staff" = [])),
    params(
        ("id" = SessionId, Path),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 200, description = MEANING),
    ),
    request_body(content = ExtendSessionRequest),
    responses((status = 200, description = "The session with its new deadline", body = SessionResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::SessionNotRunning, ErrorCode::ExtensionsUsedUp,
        ErrorCode::DurationTooLong, ErrorCode::TotalDurationTooLong, ErrorCode::ReasonCodeUnknown,
        ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller, ErrorCode::TicketRequired,
        ErrorCode::EmergencyStopInForce, ErrorCode::PortalUnknown, ErrorCode::PortalInactive,
        ErrorCode::PortalUnreachable, ErrorCode::CustomerInactive, ErrorCode::IdempotencyMismatch,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn extend(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    headers: HeaderMap,
    RawJson { value: request, body_sha256 }: RawJson<ExtendSessionRequest>,
) -> Result<Json<SessionResponse>, ApiError> {
    let key = key_of(&headers)?;
    let row = visible(&state, &who, &id).await?;
    // Whatever a policy of one's own says: the record of an extension names whose session it is, and that one asks.
    if row.staff != *who.id()
        || !state.policy.now().on_session(&who.principal(), SessionAction::Extend, &row.id, &row.staff)?
    {
        return Err(ApiError::new(ErrorCode::Forbidden));
    }
    // A request that was carried out is answered as it was, whatever became of the session.
    if let Some(row) = state.sessions.recall_extension(&id, who.id(), key, &body_sha256).await? {
        return Ok(Json(state.sessions.response(row).await?));
    }
    if row.state != SessionState::Active {
        return Err(not_active(row.state));
    }
    check_request(&state, &request)?;
    let portal = target::portal(&state, &row.portal)?;
    if !state.portal_active(portal).await? {
        return Err(ApiError::new(ErrorCode::PortalInactive));
    }
    let driver = state.drivers.get(&portal.id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))?;
    if !driver.customer(&row.customer.id).await?.is_some_and(|customer| customer.active) {
        state.sessions.end(&id, &Ending::by(EndedBy::CustomerDisabled)).await?;
        return Err(ApiError::new(ErrorCode::CustomerInactive).detail("The session was ended."));
    }
    let extending = Extending {
        session: &id,
        staff: who.id(),
        seconds: request.seconds,
        reason: &request.reason,
        idempotency_key: key,
        body_sha256: &body_sha256,
    };
    let row = state.sessions.extend(&extending).await?;
    Ok(Json(state.sessions.response(row).await?))
}

fn check_request(state: &ServerState, request: &ExtendSessionRequest) -> Result<(), ApiError> {
    if request.seconds == 0 {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("An extension lasts at least a second."));
    }
    let longest = state.config.limits.extension_seconds;
    if request.seconds > longest {
        return Err(ApiError::new(ErrorCode::DurationTooLong).detail(format!("At most {longest} seconds at a time.")));
    }
    let codes: Vec<_> = state.config.reason_codes.iter().map(|code| code.response()).collect();
    reason::check(&request.reason, &codes).map_err(ApiError::new)
}

pub(super) fn not_active(state: SessionState) -> ApiError {
    let error = ApiError::new(ErrorCode::SessionNotRunning);
    if state == SessionState::Frozen {
        error.detail("It is frozen: it goes on once its console is heard again. Ask again then.")
    } else {
        error
    }
}
