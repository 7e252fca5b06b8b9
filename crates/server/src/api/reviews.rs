//! `GET /v1/reviews` and `POST /v1/reviews/{id}`: break-glass is looked at afterwards, by somebody else.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    SessionId,
    break_glass::{ReviewListResponse, ReviewRequest, ReviewResponse},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{
    ServerState,
    policy::Principal,
    sessions::Reviewing,
    store::{BreakGlassRow, SessionRow},
};

/// Lists break-glass that waits for a review.
///
/// What whoever asks may review, oldest first: others' by leads and security, by default.
#[utoipa::path(
    get,
    path = "/v1/reviews",
    operation_id = "list_reviews",
    tag = "staff",
    security(("staff" = [])),
    responses((status = 200, description = "What waits", body = ReviewListResponse)),
)]
pub async fn list(State(state): State<Arc<ServerState>>, who: SignedIn) -> Result<Json<ReviewListResponse>, ApiError> {
    Ok(Json(ReviewListResponse { reviews: waiting(&state, &who).await? }))
}

/// Says whether a break-glass was justified, and what was found.
///
/// Of a session that is over, by somebody else whom the policy lets. Who reviewed first stands; to say it again is success.
#[utoipa::path(
    post,
    path = "/v1/reviews/{id}",
    operation_id = "review_break_glass",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path, description = "The session")),
    request_body(content = ReviewRequest),
    responses((status = 200, description = "The review as it stands", body = ReviewResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::Forbidden, ErrorCode::NotFound, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::SessionStillRunning, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn review(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(request): Body<ReviewRequest>,
) -> Result<Json<ReviewResponse>, ApiError> {
    let unknown = || ApiError::new(ErrorCode::NotFound);
    let (_, session) = state.sessions.break_glass(&id).await?.ok_or_else(unknown)?;
    if !may_review(&state, &who, &session)? {
        // Others learn nothing of it, not even that it exists.
        return Err(if session.staff == *who.id() { ApiError::new(ErrorCode::Forbidden) } else { unknown() });
    }
    let note = request.note.trim();
    reason::check_text(note).map_err(ApiError::new)?;
    let reviewing =
        Reviewing { by: who.id(), role: who.role().as_str(), device: &who.device, outcome: request.outcome, note };
    state.sessions.review(&id, &reviewing).await?;
    let (row, session) = state.sessions.break_glass(&id).await?.ok_or_else(unknown)?;
    Ok(Json(response(&state, row, session).await?))
}

pub async fn waiting(state: &ServerState, who: &SignedIn) -> Result<Vec<ReviewResponse>, ApiError> {
    let mut reviews = Vec::new();
    for (row, session) in state.sessions.unreviewed().await? {
        if may_review(state, who, &session)? {
            reviews.push(response(state, row, session).await?);
        }
    }
    Ok(reviews)
}

/// By the policy; and whatever that says, never what is one's own: the session, or the customer record.
fn may_review(state: &ServerState, who: &SignedIn, session: &SessionRow) -> Result<bool, ApiError> {
    let key = |email: &str| email.trim().to_lowercase();
    if session.staff == *who.id() || key(&session.customer.email) == key(&who.staff.email) {
        return Ok(false);
    }
    let staff = Principal { id: &session.staff, email: &session.staff_email, role: &session.staff_role };
    Ok(state.policy.now().review(&who.principal(), &staff)?)
}

async fn response(state: &ServerState, row: BreakGlassRow, session: SessionRow) -> Result<ReviewResponse, ApiError> {
    let overdue = state.sessions.is_overdue(&row);
    let (used_at, review) = (row.used_at, row.review);
    Ok(ReviewResponse {
        session: state.sessions.response(session).await?,
        used_at,
        overdue,
        outcome: review.as_ref().map(|review| review.outcome),
        note: review.as_ref().and_then(|review| review.note.clone()),
        reviewed_at: review.as_ref().map(|review| review.at),
        reviewed_by_name: review.and_then(|review| review.by_name),
    })
}
