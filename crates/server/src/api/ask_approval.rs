//! `POST /v1/requests`: puts what needs an approval to whoever may give it.

use std::sync::Arc;

use amberglass_wire::{
    approval::{AskApprovalRequest, RequestResponse, Scope},
    problem::ErrorCode,
    session::{PolicyAnswer, StartSessionRequest},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};

use super::{
    extract::{RawJson, SignedIn},
    idempotency::{MEANING, key_of},
    problem::{ApiError, stopped},
    start_session::{Refused, check_request, refuse},
    target,
};
use crate::{ServerState, sessions::Asking};

/// Asks for what the policy lets begin after approval only.
///
/// Whoever may approve is told at once. Repeated with the same key and body, or for a customer who is asked for already, it
/// answers with the request that is there.
#[utoipa::path(
    post,
    path = "/v1/requests",
    operation_id = "ask_approval",
    tag = "staff",
    security(("staff" = [])),
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 200, description = MEANING)),
    request_body(content = AskApprovalRequest),
    responses(
        (status = 201, description = "Asked", body = RequestResponse),
        (status = 200, description = "Asked before", body = RequestResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::PortalUnknown, ErrorCode::PortalInactive, ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown,
        ErrorCode::CustomerInactive, ErrorCode::TargetIsSelf, ErrorCode::TargetIsStaff, ErrorCode::Forbidden,
        ErrorCode::ApprovalNotNeeded, ErrorCode::EmergencyStopInForce, ErrorCode::DurationTooLong,
        ErrorCode::ReasonCodeUnknown, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller, ErrorCode::TicketRequired,
        ErrorCode::IdempotencyMismatch, ErrorCode::TooManyRequests, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn ask(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    headers: HeaderMap,
    RawJson { value: request, body_sha256 }: RawJson<AskApprovalRequest>,
) -> Result<(StatusCode, Json<RequestResponse>), ApiError> {
    let key = key_of(&headers)?;
    let portal = target::portal(&state, &request.portal)?;
    if let Some(stop) = state.store.emergency_stop().await? {
        return Err(stopped(&stop.reason));
    }
    let AskApprovalRequest { portal: portal_id, customer, reason, mode, duration_seconds } = request;
    // What is checked of a start is checked of the wish for one.
    let start = StartSessionRequest {
        portal: portal_id,
        customer,
        reason,
        mode,
        duration_seconds,
        request: None,
        emergency: None,
    };
    check_request(&state, &start)?;
    let found = target::find(&state, who.id(), portal, &start.customer).await?;
    let (policy, whom) = (state.policy.now(), found.for_policy());
    let decision = found.decide_start(&policy, &who.principal(), mode)?;
    match decision.answer {
        PolicyAnswer::NeedsApproval => {}
        PolicyAnswer::Allowed => return Err(ApiError::new(ErrorCode::ApprovalNotNeeded).rules(decision.rules)),
        PolicyAnswer::Refused => {
            return Err(refuse(&state, &policy, &who, &whom, Refused::start(&start), decision).await?);
        }
    }
    let asked = state
        .sessions
        .ask(&Asking {
            staff: who.id(),
            device: &who.device,
            customer: &found.customer,
            reason: &start.reason,
            asked: Scope { mode, duration_seconds, extensions: state.config.limits.max_extensions },
            rules: &decision.rules,
            policy_hash: policy.hash(),
            approvals_needed: decision.approvals,
            idempotency_key: key,
            body_sha256: &body_sha256,
        })
        .await?;
    let status = if asked.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(state.sessions.request_response(asked.request, false).await?)))
}
