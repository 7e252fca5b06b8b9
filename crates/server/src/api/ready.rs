//! `GET /v1/ready`: whether this server may be given work, for a load balancer. Public, and says no more than that.

use std::sync::Arc;

use amberglass_wire::problem::ErrorCode;
use axum::{Json, extract::State};

use super::problem::ApiError;
use crate::{ServerState, readiness::NotReady};

/// Says whether this server may be given work.
///
/// For load balancers; answered under any Host, because they look at one server by its address.
#[utoipa::path(
    get,
    path = "/v1/ready",
    operation_id = "check_readiness",
    tag = "public",
    responses((status = 200, description = "It may", body = Object)),
    extensions(("x-error-codes" = json!([ErrorCode::Unavailable]))),
)]
pub async fn ready(State(state): State<Arc<ServerState>>) -> Result<Json<serde_json::Value>, ApiError> {
    match state.readiness().await {
        Ok(()) => Ok(Json(serde_json::json!({ "ready": true }))),
        Err(NotReady { why, error }) => Err(ApiError::new(ErrorCode::Unavailable).detail(why).source(error)),
    }
}
