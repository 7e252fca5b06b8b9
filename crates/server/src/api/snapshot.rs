//! `GET /v1/snapshot`: the truth that events only hint at.

use std::sync::Arc;

use amberglass_wire::auth::{PortalResponse, SnapshotResponse};
use axum::{Json, extract::State};

use super::{extract::SignedIn, problem::ApiError};
use crate::ServerState;

pub async fn snapshot(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
) -> Result<Json<SnapshotResponse>, ApiError> {
    // Before anything is read: whoever compares this time with another one's must not take old rows for new.
    let server_time = state.clock.now();
    let mut sessions = Vec::new();
    for row in state.sessions.list(Some(who.id()), true).await? {
        sessions.push(state.sessions.response(row).await?);
    }
    let portals = state
        .config
        .portals
        .iter()
        .map(|portal| PortalResponse {
            id: portal.id.clone(),
            name: portal.name.clone(),
            gateway_origin: state.gateway_origin(portal),
            active: portal.active,
        })
        .collect();
    Ok(Json(SnapshotResponse {
        staff: who.staff,
        server_time,
        portals,
        sessions,
        limits: state.config.limits.response(),
    }))
}
