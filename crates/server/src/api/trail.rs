//! `GET /v1/sessions/{id}/trail`: the records of both writers, in the order in which the server committed them.

use std::sync::Arc;

use amberglass_wire::{SessionId, audit::TrailResponse};
use axum::{Json, extract::State};

use super::{
    extract::{Path, SignedIn},
    problem::ApiError,
    session::visible,
};
use crate::ServerState;

pub async fn trail(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<TrailResponse>, ApiError> {
    let row = visible(&state, &who, &id).await?;
    Ok(Json(TrailResponse { events: state.store.trail(&row.id).await? }))
}
