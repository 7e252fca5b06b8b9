//! `GET /v1/sessions/{id}/trail`: the records of both writers, in the order in which the server committed them.

use std::sync::Arc;

use amberglass_wire::{SessionId, audit::TrailResponse, problem::ErrorCode};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};

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
) -> Result<Response, ApiError> {
    let row = visible(&state, &who, &id).await?;
    let trail = TrailResponse { events: state.store.trail(&row.id).await? };
    // Of thousands of records these are megabytes: room is made for them once, not by copying what is written again and again.
    let room = trail
        .events
        .iter()
        .map(|event| (event.record.body.len().saturating_mul(5) / 4).saturating_add(AROUND_A_BODY))
        .sum();
    let mut json = Vec::with_capacity(room);
    serde_json::to_writer(&mut json, &trail).map_err(|error| ApiError::new(ErrorCode::Internal).source(error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// Bytes of a record as JSON beside its body: hashes, ids, times.
const AROUND_A_BODY: usize = 640;
