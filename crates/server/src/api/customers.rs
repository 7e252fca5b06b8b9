//! `GET /v1/customers?portal=..&query=..`: search through the portal's driver.

use std::sync::Arc;

use amberglass_wire::{PortalId, customer::CustomerListResponse, problem::ErrorCode};
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
    target,
};
use crate::ServerState;

/// At most so many, as the contract says.
const LIMIT: u32 = 50;
const MAX_QUERY_CHARACTERS: usize = 200;

#[derive(Deserialize)]
pub struct Search {
    portal: PortalId,
    #[serde(default)]
    query: String,
}

pub async fn find(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(search): Query<Search>,
) -> Result<Json<CustomerListResponse>, ApiError> {
    state.rates.searches.take(who.id().as_str(), state.clock.monotonic_millis()).map_err(ApiError::too_many)?;
    let portal = target::portal(&state, &search.portal)?;
    if !state.portal_active(portal).await? {
        return Err(ApiError::new(ErrorCode::PortalInactive));
    }
    let query = search.query.trim();
    if query.chars().count() > MAX_QUERY_CHARACTERS {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("query is longer than 200 characters"));
    }
    let driver = state.drivers.get(&portal.id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))?;
    Ok(Json(driver.find_customers(query, LIMIT).await?))
}
