//! `POST /v1/devices/{id}/revoke`. Stopping is the safe direction, so it needs no fresh sign-in.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    DeviceId,
    auth::{DeviceResponse, RevokeDeviceRequest},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    devices,
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{
    ServerState,
    accounts::devices::{Revocation, revoke as revoke_device},
    policy::ServerAction,
};

pub async fn revoke(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<DeviceId>,
    Body(request): Body<RevokeDeviceRequest>,
) -> Result<Json<DeviceResponse>, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    // Who may manage none but their own learns nothing of others.
    let own = state.store.devices(Some(who.id())).await?.iter().any(|row| row.device.id == id);
    if !own && !state.policy.on_server(&who.principal(), ServerAction::ManageDevices)? {
        return Err(not_found());
    }
    let reason = request.reason.trim();
    reason::check_text(reason).map_err(ApiError::new)?;
    match revoke_device(&state, &id, who.id(), reason).await? {
        Revocation::Revoked | Revocation::RevokedBefore => {}
        Revocation::Unknown => return Err(not_found()),
    }
    let row = state.store.devices(None).await?.into_iter().find(|row| row.device.id == id).ok_or_else(not_found)?;
    Ok(Json(devices::response(row, &who)))
}
