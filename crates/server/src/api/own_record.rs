//! `GET /v1/record/own?before=<position>`: what is recorded about whoever asks.

use std::sync::Arc;

use amberglass_wire::audit::OwnRecordResponse;
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
};
use crate::ServerState;

/// At most so many, as the contract says.
const LIMIT: u32 = 100;

#[derive(Deserialize)]
pub struct Asked {
    before: Option<i64>,
}

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
