//! `GET /v1/devices`: the consoles that somebody signed in on.

use std::sync::Arc;

use amberglass_wire::{
    auth::{DeviceListResponse, DeviceResponse},
    problem::ErrorCode,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, policy::ServerAction, store::ListedDeviceRow};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    #[serde(default)]
    #[param(inline)]
    scope: Scope,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    /// Those that the staff member ever signed in on.
    #[default]
    Own,
    All,
}

/// Lists the consoles that somebody signed in on.
///
/// One's own for every staff member; everybody's for whom the policy lets: security and admins by default.
#[utoipa::path(
    get,
    path = "/v1/devices",
    operation_id = "list_devices",
    tag = "staff",
    security(("staff" = [])),
    params(ListQuery),
    responses((status = 200, description = "The devices", body = DeviceListResponse)),
    extensions(("x-error-codes" = json!([ErrorCode::InvalidRequest, ErrorCode::Forbidden]))),
)]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeviceListResponse>, ApiError> {
    let whose = match query.scope {
        Scope::Own => Some(who.id()),
        Scope::All if state.policy.now().on_server(&who.principal(), ServerAction::ManageDevices)? => None,
        Scope::All => return Err(ApiError::new(ErrorCode::Forbidden)),
    };
    let devices = state.store.devices(whose).await?.into_iter().map(|row| response(row, &who)).collect();
    Ok(Json(DeviceListResponse { devices }))
}

pub fn response(row: ListedDeviceRow, who: &SignedIn) -> DeviceResponse {
    DeviceResponse {
        this_device: row.device.id == who.device,
        id: row.device.id,
        name: row.device.name,
        registered_at: row.device.registered_at,
        registered_by_name: row.registered_by_name,
        staff_names: row.staff.into_iter().map(|(_, name)| name).collect(),
        last_seen_at: row.last_seen_at,
        revoked_at: row.device.revoked_at,
    }
}
