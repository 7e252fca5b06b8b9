//! `GET /v1/sessions/{id}/trail`: the records of both writers, in the order in which the server committed them.

use std::sync::Arc;

use amberglass_wire::{SessionId, audit::TrailResponse, problem::ErrorCode};
use axum::{Json, extract::State};

use super::{
    extract::{Path, SignedIn},
    problem::ApiError,
    session::visible,
};
use crate::ServerState;

/// Gives what is on record about one session.
///
/// For whoever may see the session. Records of the console and of the server, in the order in which the server
/// committed them.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/trail",
    operation_id = "get_trail",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "The records", body = TrailResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::NotFound]))),
)]
pub async fn trail(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<TrailResponse>, ApiError> {
    let row = visible(&state, &who, &id).await?;
    Ok(Json(TrailResponse { events: state.store.trail(&row.id).await? }))
}
