//! `POST /v1/requests/{id}/send`: the write that was approved goes to the portal, once.

use std::sync::Arc;

use amberglass_domain::signing;
use amberglass_wire::{
    RequestId,
    elevation::{SendWriteRequest, SendWriteResponse},
    problem::ErrorCode,
    session::PolicyAnswer,
};
use axum::{Extension, Json, extract::State};
use tracing::Instrument as _;

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
    requests,
    start_session::{Refused, refuse},
    target,
};
use crate::{
    ServerState,
    gateway::Gateway,
    policy::Write,
    request_id::HttpRequestId,
    sessions::{Sending, ToSend, open_kept},
    store::RequestRow,
};

/// Sends the write that was approved, as it was blocked, once, within five minutes of the approval.
///
/// By who asked, from the same device, which signs it, while the session is active. It is on record before anything of it goes.
/// Sent before, it is not sent again, whatever came of it: the answer is the request as it is then.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/send",
    operation_id = "send_write",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = RequestId, Path)),
    request_body(content = SendWriteRequest),
    responses((status = 200, description = "Sent now or before, and what came of it", body = SendWriteResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::DeviceRefused, ErrorCode::ClockSkew, ErrorCode::ApprovalGone,
        ErrorCode::SessionNotRunning, ErrorCode::EmergencyStopInForce, ErrorCode::PortalUnknown, ErrorCode::PortalInactive,
        ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown, ErrorCode::CustomerInactive, ErrorCode::TargetIsSelf,
        ErrorCode::TargetIsStaff, ErrorCode::Forbidden, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn send(
    State(state): State<Arc<ServerState>>,
    Extension(gateway): Extension<Arc<Gateway>>,
    Extension(request_id): Extension<HttpRequestId>,
    who: SignedIn,
    Path(id): Path<RequestId>,
    Body(request): Body<SendWriteRequest>,
) -> Result<Json<SendWriteResponse>, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    let row = state.sessions.request(&id).await?.filter(|row| row.staff == *who.id()).ok_or_else(not_found)?;
    let write = row.write.as_ref().ok_or_else(not_found)?;
    let message = signing::send_write(&request.device, &id, &request.write_sha256, request.signed_at);
    who.check_signature(state.clock.now(), &request.device, request.signed_at, &message, &request.signature)?;
    if write.sent_at.is_none() {
        still_allowed(&state, &who, &row).await?;
    }
    let sending = Sending { request: &id, staff: who.id(), device: &who.device, write_sha256: &request.write_sha256 };
    match state.sessions.begin_send(&state.key, &sending).await? {
        ToSend::Before(_) => {}
        ToSend::Now { kept, session } => {
            // Goes on by itself: who asked may hang up, and what was begun is finished and put on record.
            let (state, id) = (state.clone(), id.clone());
            let span = request_id.span();
            let sending = async move {
                let sent = gateway.send(&kept, &session, &request_id).await;
                if let Err(error) = state.sessions.note_sent(&id, &sent).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "what came of a write is not on record");
                }
            };
            // A panic in there is logged; the request then says that nobody knows what came of it.
            let _ = tokio::spawn(sending.instrument(span)).await;
        }
    }
    let row = state.sessions.request(&id).await?.ok_or_else(not_found)?;
    let page = row.write.as_ref().and_then(|write| write.outcome.as_ref()).and_then(|sent| sent.page.clone());
    Ok(Json(SendWriteResponse { request: requests::response(&state, &who, row).await?, page }))
}

/// The customer and the policy, once more: much can change while somebody decides.
async fn still_allowed(state: &ServerState, who: &SignedIn, row: &RequestRow) -> Result<(), ApiError> {
    let portal = target::portal(state, &row.portal)?;
    let found = target::find(state, who.id(), portal, &row.customer.id).await?;
    let (policy, whom) = (state.policy.now(), found.for_policy());
    let gone = || ApiError::new(ErrorCode::ApprovalGone).detail("Nothing was sent.");
    let write = row.write.as_ref().ok_or_else(gone)?;
    // Another call may just have sent it; what to say then is decided with the sending.
    let Some(kept) = state.sessions.kept_request(&write.asked.record).await? else { return Ok(()) };
    let kept = open_kept(&state.key, &kept).map_err(|_| gone())?;
    if !kept.is_blocked_by_the_mode_alone(&state.rules.now(&row.portal).rules) {
        return Err(gone());
    }
    let asked_of = Write { method: &kept.method, path: kept.path() };
    let decision = policy.elevate(&who.principal(), &whom, row.asked.mode, asked_of)?;
    if decision.answer != PolicyAnswer::NeedsApproval {
        let refused = Refused::write(row.session.as_ref(), &row.reason);
        return Err(refuse(state, &policy, who, &whom, refused, decision).await?);
    }
    // Who has approved is asked about as well, and whether that is still enough.
    let approvers = state.store.approvers(&row.id).await?;
    if policy.approval_holds(row, &decision, &approvers)? { Ok(()) } else { Err(gone()) }
}
