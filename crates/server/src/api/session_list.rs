//! `GET /v1/sessions?scope=own|all&state=running|any`

use std::sync::Arc;

use amberglass_wire::{problem::ErrorCode, session::SessionListResponse};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::ServerAction};

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    Own,
    All,
}

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
    #[serde(default)]
    #[param(inline)]
    scope: Scope,
    #[serde(default)]
    #[param(inline)]
    state: Which,
}

/// Lists sessions, newest first, at most two hundred.
///
/// One's own for every staff member; everybody's for whom the policy lets read the record: leads and security by
/// default.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "list_sessions",
    tag = "staff",
    security(("staff" = [])),
    params(Asked),
    responses((status = 200, description = "The sessions", body = SessionListResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::Forbidden]))),
)]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<SessionListResponse>, ApiError> {
    let staff = match asked.scope {
        Scope::Own => Some(who.id()),
        Scope::All if state.policy.now().on_server(&who.principal(), ServerAction::ReadAudit)? => None,
        Scope::All => return Err(ApiError::new(ErrorCode::Forbidden)),
    };
    let running_only = matches!(asked.state, Which::Running);
    let rows = state.sessions.list(staff, running_only).await?;
    Ok(Json(SessionListResponse { sessions: state.sessions.responses_with_pages(rows).await? }))
}
