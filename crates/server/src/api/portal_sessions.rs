//! `GET /v1/portal/sessions` and `POST /v1/portal/sessions/{id}/end`: a portal shows its customers who looked, and lets
//! them stop it. What a switched-off portal asks is answered, too: looking back and stopping harm nobody.

use std::sync::Arc;

use amberglass_wire::{
    CustomerId, SessionId,
    portal::{CustomerEndRequest, CustomerSessionListResponse, CustomerSessionResponse},
    problem::ErrorCode,
    session::EndedBy,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Json as Body, Path, Query},
    portal_key::AsPortal,
    problem::ApiError,
};
use crate::{ServerState, config::ServerConfig, sessions::Ending, store::SessionRow};

const MAX_REASON_CHARACTERS: usize = 1000;

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    Running,
    #[default]
    Any,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Without one: all of the portal's.
    customer: Option<CustomerId>,
    #[serde(default)]
    #[param(inline)]
    state: Which,
}

/// Lists sessions of the portal's customers, newest first, at most two hundred.
///
/// Without names of staff and without their own words. Also answered while the portal is switched off.
#[utoipa::path(
    get,
    path = "/v1/portal/sessions",
    operation_id = "list_customer_sessions",
    tag = "portal",
    security(("portal_key" = [])),
    params(Asked),
    responses((status = 200, description = "The sessions", body = CustomerSessionListResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::TooManyRequests]))),
)]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    AsPortal(portal): AsPortal,
    Query(asked): Query<Asked>,
) -> Result<Json<CustomerSessionListResponse>, ApiError> {
    let running_only = matches!(asked.state, Which::Running);
    let rows = state.sessions.list_of_portal(&portal, asked.customer.as_ref(), running_only).await?;
    let sessions = rows.into_iter().map(|row| response(&state.config, row)).collect();
    Ok(Json(CustomerSessionListResponse { sessions }))
}

/// Ends a session for its customer.
///
/// Ending an ended session is success and gives it as it is.
#[utoipa::path(
    post,
    path = "/v1/portal/sessions/{id}/end",
    operation_id = "end_customer_session",
    tag = "portal",
    security(("portal_key" = [])),
    params(("id" = SessionId, Path)),
    request_body(content = CustomerEndRequest),
    responses((status = 200, description = "The session, ended", body = CustomerSessionResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::TooManyRequests, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn end(
    State(state): State<Arc<ServerState>>,
    AsPortal(portal): AsPortal,
    Path(id): Path<SessionId>,
    Body(request): Body<CustomerEndRequest>,
) -> Result<Json<CustomerSessionResponse>, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    let row = state.sessions.get(&id).await?.filter(|row| row.portal == portal).ok_or_else(not_found)?;
    let reason = request.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARACTERS) {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("The reason is longer than 1000 characters."));
    }
    let ended = state.sessions.end(&row.id, &Ending { reason, ..Ending::by(EndedBy::Customer) }).await?;
    Ok(Json(response(&state.config, ended.ok_or_else(not_found)?)))
}

/// As its customer may know it.
fn response(config: &ServerConfig, row: SessionRow) -> CustomerSessionResponse {
    let code = config.reason_codes.iter().find(|code| code.code == row.reason.code);
    CustomerSessionResponse {
        id: row.id,
        code: row.code,
        customer: row.customer.id,
        state: row.state,
        mode: row.mode,
        reason: code.map_or(row.reason.code, |code| code.label.clone()),
        started_at: Some(row.started_at),
        expires_at: Some(row.expires_at),
        ended_at: row.ended_at,
        ended_by: row.ended_by,
    }
}
