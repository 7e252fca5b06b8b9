//! `POST /v1/sessions/{id}/entry`: the device trades its grant for the gateway cookie.

use std::sync::Arc;

use amberglass_domain::signing;
use amberglass_wire::{
    SessionId,
    problem::ErrorCode,
    session::{RedeemGrantRequest, RedeemGrantResponse},
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, gateway::cookie_name};

pub async fn enter(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(request): Body<RedeemGrantRequest>,
) -> Result<Json<RedeemGrantResponse>, ApiError> {
    let message = signing::entry(&request.device, &id, &request.grant, &request.gateway_origin, request.signed_at);
    who.check_signature(state.clock.now(), &request.device, request.signed_at, &message, &request.signature)?;
    let row = state.sessions.get(&id).await?.filter(|row| row.staff == *who.id());
    let row = row.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    if row.device != who.device {
        return Err(ApiError::new(ErrorCode::DeviceRefused));
    }
    let portal = state.config.portal(&row.portal).filter(|portal| portal.active);
    let portal = portal.ok_or_else(|| ApiError::new(ErrorCode::PortalInactive))?;
    let origin = state.gateway_origin(portal);
    if request.gateway_origin != origin {
        return Err(ApiError::new(ErrorCode::GrantInvalid).detail("The grant is for another gateway."));
    }
    let cookie_value = state.sessions.enter(&id, &request.grant).await?;
    let secure = origin.starts_with("https://");
    Ok(Json(RedeemGrantResponse {
        cookie_name: cookie_name(secure).to_owned(),
        cookie_value,
        secure,
        entry_url: format!("{origin}/"),
    }))
}
