//! `POST /v1/requests/{id}/decisions`: an approver's signed decision.

use std::sync::Arc;

use amberglass_domain::{
    approval::{Seen, check_scope, is_about},
    reason, signing,
};
use amberglass_wire::{
    RequestId,
    approval::{DecideRequest, RequestResponse, Verdict},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
    requests,
};
use crate::{ServerState, sessions::Deciding};

/// Longest time that a signed decision may be worth something.
const MAX_LIFE_MILLIS: i64 = 10 * 60 * 1000;
const MAX_COMMENT_CHARS: usize = 1000;

/// Decides about a request for approval.
///
/// For whom the policy lets approve: leads and security by default, never about their own request or their own customer
/// record, with a sign-in of the last five minutes. The approver's device signs what it shows. A decision that comes after
/// another changes nothing; the answer is the request as it is then.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/decisions",
    operation_id = "decide_request",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = RequestId, Path)),
    request_body(content = DecideRequest),
    responses((status = 200, description = "The request as it is then", body = RequestResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::FreshSignInRequired, ErrorCode::DeviceRefused,
        ErrorCode::ClockSkew, ErrorCode::DecisionInvalid, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::EmergencyStopInForce, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn decide(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<RequestId>,
    Body(DecideRequest { decision }): Body<DecideRequest>,
) -> Result<Json<RequestResponse>, ApiError> {
    let row = requests::visible(&state, &who, &id).await?;
    if !requests::may_approve(&state, &who, &row)? {
        return Err(ApiError::new(ErrorCode::Forbidden));
    }
    let now = state.clock.now();
    who.fresh(now)?;
    let message = signing::decision(&decision);
    who.check_signature(now, &decision.device, decision.signed_at, &message, &decision.signature)?;
    let seen = Seen {
        server: &row.server,
        nonce: &row.nonce,
        staff: row.staff.as_str(),
        portal: row.portal.as_str(),
        customer: row.customer.id.as_str(),
        reason_sha256: &signing::reason_sha256(&row.reason),
        policy_hash: &row.policy_hash,
        write_sha256: row.write.as_ref().map(|write| write.asked.sha256.as_str()),
    };
    let life = decision.not_after.since(now);
    if decision.request != row.id
        || decision.approver != *who.id()
        || !is_about(&decision, &seen)
        || !(0..=MAX_LIFE_MILLIS).contains(&life)
    {
        return Err(ApiError::new(ErrorCode::DecisionInvalid));
    }
    check_scope(&row.asked, decision.verdict, &decision.scope)
        .map_err(|error| ApiError::new(ErrorCode::DecisionInvalid).detail(error.to_string()))?;
    // One write has no half: who approves it approves it as it was asked for.
    if row.write.is_some() && decision.scope != row.asked {
        return Err(ApiError::new(ErrorCode::DecisionInvalid));
    }
    if decision.comment.chars().count() > MAX_COMMENT_CHARS {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("A comment has at most 1000 characters."));
    }
    // Who asked has to know why not.
    if decision.verdict == Verdict::Deny {
        reason::check_text(decision.comment.trim()).map_err(ApiError::new)?;
    }
    let row = state.sessions.decide(&Deciding { decision: &decision, role: who.role().as_str() }).await?;
    Ok(Json(requests::response(&state, &who, row).await?))
}
