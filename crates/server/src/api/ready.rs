//! `GET /v1/ready`: whether this server may be given work, for a load balancer. Public, and says no more than that.

use std::sync::Arc;

use amberglass_wire::problem::ErrorCode;
use axum::{Json, extract::State};

use super::problem::ApiError;
use crate::{ServerState, store::StoreError};

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
    match state.store.ready().await {
        Ok(()) => Ok(Json(serde_json::json!({ "ready": true }))),
        Err(error @ StoreError::ClocksDiffer { .. }) => {
            let detail = "The clocks of the server and of its database differ.";
            Err(ApiError::new(ErrorCode::Unavailable).detail(detail).source(error))
        }
        Err(error) => Err(ApiError::new(ErrorCode::Unavailable).detail("The database does not answer.").source(error)),
    }
}
