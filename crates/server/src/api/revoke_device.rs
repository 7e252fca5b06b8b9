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

/// Revokes a device.
///
/// One's own, or anybody's for whom the policy lets: security and admins by default. From then on it is worth nothing
/// but for delivering its journal. Revoking a revoked one is success.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/revoke",
    operation_id = "revoke_device",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = DeviceId, Path)),
    request_body(content = RevokeDeviceRequest),
    responses((status = 200, description = "The device, revoked", body = DeviceResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn revoke(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<DeviceId>,
    Body(request): Body<RevokeDeviceRequest>,
) -> Result<Json<DeviceResponse>, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    // Who may manage none but their own learns nothing of others.
    let own = state.store.devices(Some(who.id())).await?.iter().any(|row| row.device.id == id);
    if !own && !state.policy.now().on_server(&who.principal(), ServerAction::ManageDevices)? {
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
