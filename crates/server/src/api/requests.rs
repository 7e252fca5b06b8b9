//! `GET /v1/requests`, `GET /v1/requests/{id}`, and who may see and decide a request for approval.

use std::sync::Arc;

use amberglass_wire::{
    RequestId,
    approval::{DecisionContext, PastSession, RequestListResponse, RequestResponse, RequestState},
    problem::ErrorCode,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{Path, Query, SignedIn},
    problem::ApiError,
    target,
};
use crate::{
    ServerState,
    policy::{AskedFor, Principal, is_next_level},
    sessions::open_kept,
    store::{RequestRow, SessionRow},
};

/// Of the agent, and of the customer, beside a request.
const CONTEXT_SESSIONS: u32 = 5;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RequestsQuery {
    /// `own`, or `to_decide`: what waits for a decision that one may make.
    #[serde(default)]
    #[param(inline)]
    scope: ListScope,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListScope {
    #[default]
    Own,
    ToDecide,
}

/// Lists requests for approval.
///
/// One's own, newest first; or those that wait for a decision that one may make, oldest first.
#[utoipa::path(
    get,
    path = "/v1/requests",
    operation_id = "list_requests",
    tag = "staff",
    security(("staff" = [])),
    params(RequestsQuery),
    responses((status = 200, description = "The requests", body = RequestListResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest]))),
)]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<RequestListResponse>, ApiError> {
    let requests = match query.scope {
        ListScope::Own => own(&state, &who).await?,
        ListScope::ToDecide => to_decide(&state, &who).await?,
    };
    Ok(Json(RequestListResponse { requests }))
}

/// Gives one request for approval.
///
/// One's own, or one that one may decide about, or might if it were not closed.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}",
    operation_id = "get_request",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = RequestId, Path)),
    responses((status = 200, description = "The request", body = RequestResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::NotFound]))),
)]
pub async fn request(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<RequestId>,
) -> Result<Json<RequestResponse>, ApiError> {
    let row = visible(&state, &who, &id).await?;
    Ok(Json(response(&state, &who, row).await?))
}

pub async fn own(state: &ServerState, who: &SignedIn) -> Result<Vec<RequestResponse>, ApiError> {
    let mut requests = Vec::new();
    for row in state.sessions.requests_of(who.id()).await? {
        requests.push(with_write(state, state.sessions.request_response(row, false).await?).await?);
    }
    Ok(requests)
}

/// With what the write would do, as long as it is kept: for who asked, and for whoever may decide.
async fn with_write(state: &ServerState, mut response: RequestResponse) -> Result<RequestResponse, ApiError> {
    if let Some(write) = response.write.as_mut().filter(|_| response.state.is_open())
        && let Some(kept) = state.sessions.kept_request(&write.asked.record).await?
    {
        write.shown = open_kept(&state.key, &kept).and_then(|kept| kept.shown()).ok();
    }
    Ok(response)
}

pub async fn to_decide(state: &ServerState, who: &SignedIn) -> Result<Vec<RequestResponse>, ApiError> {
    let mut requests = Vec::new();
    for row in state.sessions.pending_requests().await? {
        if may_approve(state, who, &row)? {
            let request = response(state, who, row).await?;
            if request.may_decide {
                requests.push(request);
            }
        }
    }
    Ok(requests)
}

/// Approvals that they have given and can still withdraw, as long as the policy lets them approve.
pub async fn given(state: &ServerState, who: &SignedIn) -> Result<Vec<RequestResponse>, ApiError> {
    let mut requests = Vec::new();
    for row in state.sessions.given_by(who.id()).await? {
        if may_approve(state, who, &row)? {
            requests.push(response(state, who, row).await?);
        }
    }
    Ok(requests)
}

/// Who may not see it learns nothing of it, not even that it exists.
pub async fn visible(state: &ServerState, who: &SignedIn, id: &RequestId) -> Result<RequestRow, ApiError> {
    let row = state.sessions.request(id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    if row.staff == *who.id() || may_approve(state, who, &row)? {
        return Ok(row);
    }
    Err(ApiError::new(ErrorCode::NotFound))
}

/// By the policy; and whatever that says, never what is one's own: the request, or the customer record.
pub fn may_approve(state: &ServerState, who: &SignedIn, row: &RequestRow) -> Result<bool, ApiError> {
    let key = |email: &str| email.trim().to_lowercase();
    if row.staff == *who.id() || key(&row.customer.email) == key(&who.staff.email) {
        return Ok(false);
    }
    let requester = Principal { id: &row.staff, email: &row.staff_email, role: &row.staff_role };
    let asked = AskedFor { class: &row.customer.class, mode: row.asked.mode };
    Ok(state.policy.now().approve(&who.principal(), &requester, asked)?)
}

pub async fn response(state: &ServerState, who: &SignedIn, row: RequestRow) -> Result<RequestResponse, ApiError> {
    let next_level = is_next_level(who.staff.role.as_str(), &row.staff_role);
    let open =
        row.state == RequestState::Pending && row.expires_at > state.clock.now() && may_approve(state, who, &row)?;
    let mut response = state.sessions.request_response(row, open).await?;
    response.may_decide = open && !response.decisions.iter().any(|made| made.approver == *who.id());
    response.next_level = next_level;
    if response.may_decide {
        response.context = Some(context(state, &response).await?);
    }
    with_write(state, response).await
}

async fn context(state: &ServerState, request: &RequestResponse) -> Result<DecisionContext, ApiError> {
    let customer = &request.customer;
    let of_staff = state.store.latest_of_staff(&request.staff, CONTEXT_SESSIONS).await?;
    let of_customer = state.store.latest_of_customer(&customer.portal, &customer.id, CONTEXT_SESSIONS).await?;
    let since = state.clock.now().plus_seconds(-target::HOUR_SECONDS);
    Ok(DecisionContext {
        of_staff: past(state, of_staff).await?,
        of_customer: past(state, of_customer).await?,
        sessions_last_hour: state.store.sessions_begun_since(&request.staff, since).await?,
    })
}

async fn past(state: &ServerState, rows: Vec<SessionRow>) -> Result<Vec<PastSession>, ApiError> {
    let mut sessions = Vec::with_capacity(rows.len());
    for row in rows {
        let session = state.sessions.response(row).await?;
        sessions.push(PastSession {
            code: session.code,
            staff_name: session.staff_name,
            customer_name: session.customer.name,
            mode: session.mode,
            reason: session.reason,
            started_at: session.started_at,
            ended_at: session.ended_at,
            ended_by: session.ended_by,
            blocked: session.blocked,
        });
    }
    Ok(sessions)
}
