//! `GET /v1/record/own?before=<position>`: what is recorded about whoever asks.

use std::sync::Arc;

use amberglass_wire::{audit::OwnRecordResponse, problem::ErrorCode};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
};
use crate::ServerState;

/// At most so many, as the contract says.
const LIMIT: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Position of the oldest record seen so far.
    before: Option<i64>,
}

/// Gives what is recorded about the one who asks.
///
/// Newest first, at most a hundred. For every staff member.
#[utoipa::path(
    get,
    path = "/v1/record/own",
    operation_id = "get_own_record",
    tag = "staff",
    security(("staff" = [])),
    params(Asked),
    responses((status = 200, description = "The records", body = OwnRecordResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest]))),
)]
pub async fn own_record(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<OwnRecordResponse>, ApiError> {
    // One more than is shown says whether there are more.
    let mut events = state.store.own_record(who.id(), asked.before, LIMIT.saturating_add(1)).await?;
    let limit = usize::try_from(LIMIT).unwrap_or(usize::MAX);
    let more = events.len() > limit;
    events.truncate(limit);
    Ok(Json(OwnRecordResponse { events, more }))
}
