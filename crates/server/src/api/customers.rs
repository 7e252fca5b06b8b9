//! `GET /v1/customers?portal=..&query=..`: search through the portal's driver.

use std::sync::Arc;

use amberglass_wire::{PortalId, customer::CustomerListResponse, problem::ErrorCode};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
    target,
};
use crate::ServerState;

/// At most so many, as the contract says.
const LIMIT: u32 = 50;
const MAX_QUERY_CHARACTERS: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    portal: PortalId,
    /// What somebody types: a name, an address, a number; as the portal understands it.
    #[serde(default)]
    #[param(max_length = 200)]
    query: String,
}

/// Finds customers in the portal's own directory.
///
/// At most fifty, best first. For every staff member, 60 times a minute unless configured otherwise.
#[utoipa::path(
    get,
    path = "/v1/customers",
    operation_id = "find_customers",
    tag = "staff",
    security(("staff" = [])),
    params(Search),
    responses((status = 200, description = "What the portal found", body = CustomerListResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::InvalidRequest, ErrorCode::TooManyRequests, ErrorCode::PortalUnknown, ErrorCode::PortalInactive,
        ErrorCode::PortalUnreachable,
    ]))),
)]
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
