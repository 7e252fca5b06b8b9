//! `POST /v1/requests/{id}/withdraw`: taken back by who asked, or by who had approved.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    RequestId,
    approval::{RequestResponse, WithdrawRequest},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
    requests,
};
use crate::{ServerState, sessions::Withdrawing};

/// Withdraws a request, or an approval.
///
/// By who asked, or, with a reason, by who has approved; a session that began with it ends. One that is closed already stays
/// as it is, and that is success.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/withdraw",
    operation_id = "withdraw_request",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = RequestId, Path)),
    request_body(content = WithdrawRequest),
    responses((status = 200, description = "The request as it is then", body = RequestResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::Forbidden, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn withdraw(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<RequestId>,
    Body(request): Body<WithdrawRequest>,
) -> Result<Json<RequestResponse>, ApiError> {
    let row = requests::visible(&state, &who, &id).await?;
    let reason = request.reason.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if let Some(text) = reason {
        reason::check_text(text).map_err(ApiError::new)?;
    }
    let row = state.sessions.withdraw(&Withdrawing { request: &row.id, by: who.id(), reason }).await?;
    Ok(Json(requests::response(&state, &who, row).await?))
}
