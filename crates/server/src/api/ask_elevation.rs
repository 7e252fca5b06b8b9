//! `POST /v1/sessions/{id}/elevations`: asks whether one write that was blocked may be sent after all.

use std::sync::Arc;

use amberglass_wire::{
    SessionId,
    approval::RequestResponse,
    elevation::{AskElevationRequest, AskedWrite, CannotAsk},
    problem::ErrorCode,
    session::{Mode, PolicyAnswer, SessionState},
};
use axum::{Json, extract::State, http::StatusCode};

use super::{
    extend_session::not_active,
    extract::{Json as Body, Path, SignedIn},
    problem::{ApiError, cannot_ask, stopped},
    requests,
    start_session::{Refused, refuse},
    target,
};
use crate::{
    ServerState,
    policy::Write,
    sessions::{Elevating, open_kept},
};

/// Asks for one write that the gateway blocked in one's own read-only session.
///
/// By the id of the record that says so, from the session's own console. Reason and ticket are those of the session. What is on
/// the never-list, what is too large or can't be read unmistakably, and whatever a session with break-glass wanted, can't be
/// asked for. Each write is asked for once: to ask again gives the request that is there.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/elevations",
    operation_id = "ask_elevation",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    request_body(content = AskElevationRequest),
    responses(
        (status = 201, description = "Asked", body = RequestResponse),
        (status = 200, description = "Asked before", body = RequestResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::SessionNotRunning, ErrorCode::WriteNotElevatable, ErrorCode::DeviceRefused,
        ErrorCode::PortalUnknown, ErrorCode::PortalInactive, ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown,
        ErrorCode::CustomerInactive, ErrorCode::TargetIsSelf, ErrorCode::TargetIsStaff, ErrorCode::Forbidden,
        ErrorCode::EmergencyStopInForce, ErrorCode::TooManyRequests, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn ask(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(AskElevationRequest { record }): Body<AskElevationRequest>,
) -> Result<(StatusCode, Json<RequestResponse>), ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    // Whoever may read it besides may not ask for anything in it.
    let session = state.sessions.get(&id).await?.filter(|row| row.staff == *who.id()).ok_or_else(not_found)?;
    if session.device != who.device {
        return Err(ApiError::new(ErrorCode::DeviceRefused));
    }
    if session.state != SessionState::Active {
        return Err(not_active(session.state));
    }
    if let Some(stop) = state.store.emergency_stop().await? {
        return Err(stopped(&stop.reason));
    }
    let row = state.sessions.kept_request(&record).await?.filter(|row| row.session == session.id);
    let row = row.ok_or_else(|| cannot_ask(CannotAsk::NotKept))?;
    if session.emergency.is_some() || session.mode != Mode::ReadOnly {
        return Err(cannot_ask(CannotAsk::BreakGlass));
    }
    let kept = open_kept(&state.key, &row).map_err(cannot_ask)?;
    kept.check().map_err(cannot_ask)?;
    // The portal's rules may have changed since it was kept.
    if !kept.is_blocked_by_the_mode_alone(&state.rules.now(&session.portal).rules) {
        return Err(cannot_ask(CannotAsk::NeverList));
    }
    let portal = target::portal(&state, &session.portal)?;
    let found = target::find(&state, who.id(), portal, &session.customer.id).await?;
    let (policy, whom) = (state.policy.now(), found.for_policy());
    let asked_of = Write { method: &kept.method, path: kept.path() };
    let decision = policy.elevate(&who.principal(), &whom, session.mode, asked_of)?;
    if decision.answer != PolicyAnswer::NeedsApproval {
        return Err(
            refuse(&state, &policy, &who, &whom, Refused::write(Some(&session.id), &session.reason), decision).await?
        );
    }
    let write = AskedWrite {
        record,
        method: row.method,
        path: row.path,
        operation: kept.operation(),
        rule: row.rule,
        sha256: kept.sha256(),
    };
    let asked = state
        .sessions
        .elevate(&Elevating {
            staff: who.id(),
            device: &who.device,
            session: &session,
            customer: &found.customer,
            write: &write,
            rules: &decision.rules,
            policy_hash: policy.hash(),
            approvals_needed: decision.approvals,
        })
        .await?;
    let status = if asked.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(requests::response(&state, &who, asked.request).await?)))
}
