//! `GET` and `POST /v1/sessions/{id}/unmaskings`: what the portal's rules mask and let be shown, and the wish to see one of them.

use std::sync::Arc;

use amberglass_domain::{read_only::MaskRule, reason};
use amberglass_wire::{
    SessionId,
    audit::UnmaskedField,
    problem::ErrorCode,
    session::{PolicyAnswer, Reason, SessionState},
    unmasking::{MaskedFieldResponse, MaskedFieldsResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};
use axum::{Json, extract::State, http::HeaderMap};

use super::{
    extend_session::not_active,
    extract::{Path, RawJson, SignedIn},
    idempotency::{MEANING, key_of},
    problem::{ApiError, stopped},
    start_session::{Refused, refuse},
    target,
};
use crate::{ServerState, policy::Field, sessions::Unmasking, store::SessionRow};

/// Lists the fields that the portal's rules mask and that may be shown in one's own session, each on a stated reason.
///
/// With what the policy says to each, and until when it is shown if it is. From the session's own console. What the rules never show
/// is not listed.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/unmaskings",
    operation_id = "list_unmaskings",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "The fields", body = MaskedFieldsResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::InvalidRequest, ErrorCode::NotFound, ErrorCode::DeviceRefused, ErrorCode::SessionNotRunning,
        ErrorCode::PortalUnknown, ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown,
    ]))),
)]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<MaskedFieldsResponse>, ApiError> {
    let session = own(&state, &who, &id).await?;
    if session.state != SessionState::Active {
        return Err(not_active(session.state));
    }
    let rules = state.rules.now(&session.portal);
    let mut fields = Vec::new();
    if rules.rules.unmasking().next().is_some() {
        let portal = target::portal(&state, &session.portal)?;
        let found = target::find(&state, who.id(), portal, &session.customer.id).await?;
        let shown = state.store.unmasked_fields(&id, state.clock.now()).await?;
        let (policy, whom) = (state.policy.now(), found.for_policy());
        for mask in rules.rules.unmasking() {
            for field in &mask.fields {
                let asked =
                    Field { rule: &mask.id, pointer: field.as_str(), is_break_glass: session.emergency.is_some() };
                let decision = policy.unmask(&who.principal(), &whom, session.mode, asked)?;
                let row = shown.iter().find(|row| row.rule == mask.id && row.pointer == field.as_str());
                fields.push(MaskedFieldResponse {
                    rule: mask.id.to_string(),
                    pointer: field.as_str().to_owned(),
                    path: mask.path.as_str().to_owned(),
                    why: mask.why.clone(),
                    answer: decision.answer,
                    rules: decision.rules,
                    shown_until: row.map(|row| row.shown_until),
                });
            }
        }
    }
    Ok(Json(MaskedFieldsResponse { fields }))
}

/// Shows one field that the portal's rules mask, in one's own running session, on a reason of its own.
///
/// From the session's own console, for five minutes and never beyond the session. It is on record before the gateway shows it; so is each
/// answer in which it is shown. What the rules do not say may be shown never is. Repeated with the same key and body, it is one.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/unmaskings",
    operation_id = "unmask_field",
    tag = "staff",
    security(("staff" = [])),
    params(
        ("id" = SessionId, Path),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 200, description = MEANING),
    ),
    request_body(content = UnmaskFieldRequest),
    responses((status = 200, description = "It is shown from the next answer on", body = UnmaskFieldResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::DeviceRefused, ErrorCode::SessionNotRunning, ErrorCode::FieldStaysMasked,
        ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller, ErrorCode::EmergencyStopInForce, ErrorCode::PortalUnknown,
        ErrorCode::PortalInactive, ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown, ErrorCode::CustomerInactive,
        ErrorCode::TargetIsSelf, ErrorCode::TargetIsStaff, ErrorCode::Forbidden, ErrorCode::IdempotencyMismatch,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn unmask(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    headers: HeaderMap,
    RawJson { value: request, body_sha256 }: RawJson<UnmaskFieldRequest>,
) -> Result<Json<UnmaskFieldResponse>, ApiError> {
    let key = key_of(&headers)?;
    let session = own(&state, &who, &id).await?;
    let UnmaskFieldRequest { rule, pointer, reason } = request;
    let unmasking = Unmasking {
        session: &id,
        staff: who.id(),
        rule: &rule,
        pointer: &pointer,
        reason: reason.trim(),
        idempotency_key: key,
        body_sha256: &body_sha256,
    };
    // A request that was carried out is answered as it was.
    if let Some(shown_until) = state.sessions.recall_unmasking(&unmasking).await? {
        return Ok(Json(UnmaskFieldResponse { rule, pointer, shown_until }));
    }
    if session.state != SessionState::Active {
        return Err(not_active(session.state));
    }
    if let Some(stop) = state.store.emergency_stop().await? {
        return Err(stopped(&stop.reason));
    }
    check_reason(&session, unmasking.reason)?;
    let rules = state.rules.now(&session.portal);
    let may_be_shown = |mask: &MaskRule| mask.id == rule && mask.that_may_be_shown(&pointer).is_some();
    if !rules.rules.masks.iter().any(may_be_shown) {
        return Err(ApiError::new(ErrorCode::FieldStaysMasked));
    }
    let portal = target::portal(&state, &session.portal)?;
    let found = target::find(&state, who.id(), portal, &session.customer.id).await?;
    let (policy, whom) = (state.policy.now(), found.for_policy());
    let asked = Field { rule: &rule, pointer: &pointer, is_break_glass: session.emergency.is_some() };
    let decision = policy.unmask(&who.principal(), &whom, session.mode, asked)?;
    if decision.answer != PolicyAnswer::Allowed {
        // Under the session's code and ticket, for what was asked now.
        let reason = Reason { text: unmasking.reason.to_owned(), ..session.reason.clone() };
        let field = UnmaskedField { rule: rule.clone(), pointer: pointer.clone() };
        let refused = Refused::field(&session.id, session.mode, &reason, &field);
        return Err(refuse(&state, &policy, &who, &whom, refused, decision).await?);
    }
    let shown_until = state.sessions.unmask(&unmasking).await?;
    Ok(Json(UnmaskFieldResponse { rule, pointer, shown_until }))
}

/// One's own, from its own console: whoever may read a session besides is shown nothing in it.
async fn own(state: &ServerState, who: &SignedIn, id: &SessionId) -> Result<SessionRow, ApiError> {
    let session = state.sessions.get(id).await?.filter(|row| row.staff == *who.id());
    let session = session.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    if session.device == who.device { Ok(session) } else { Err(ApiError::new(ErrorCode::DeviceRefused)) }
}

/// The session's own reason says why its customer is looked at, and not why this field.
fn check_reason(session: &SessionRow, text: &str) -> Result<(), ApiError> {
    reason::check_text(text).map_err(ApiError::new)?;
    if text.to_lowercase() == session.reason.text.trim().to_lowercase() {
        let detail = "Why this field: the session's own reason does not do.";
        return Err(ApiError::new(ErrorCode::ReasonIsFiller).detail(detail));
    }
    Ok(())
}
