//! `POST /v1/portals/{portal}/stop` and `POST /v1/portals/{portal}/lift`.

use std::sync::Arc;

use amberglass_domain::reason;
use amberglass_wire::{
    PortalId,
    auth::{PortalResponse, StoppedPortalResponse, SwitchPortalRequest},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    emergency_stop::allowed,
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
    target,
};
use crate::{ServerState, store::DisabledPortalRow};

/// Ends every session of a portal at once and lets none begin in it until it is lifted.
///
/// For whom the policy lets stop everything: security and admins by default. While it is stopped, the first one's reason stands.
#[utoipa::path(
    post,
    path = "/v1/portals/{portal}/stop",
    operation_id = "stop_portal",
    tag = "staff",
    security(("staff" = [])),
    params(("portal" = PortalId, Path)),
    request_body(content = SwitchPortalRequest),
    responses((status = 200, description = "Stopped", body = PortalResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::Forbidden, ErrorCode::PortalUnknown, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn stop(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(portal): Path<PortalId>,
    Body(request): Body<SwitchPortalRequest>,
) -> Result<Json<PortalResponse>, ApiError> {
    let reason = checked(&state, &who, &portal, &request)?;
    state.sessions.stop_portal(&portal, who.id(), reason).await?;
    response(&state, &portal).await
}

/// Lets sessions begin in a portal again.
///
/// For whom the policy lets stop everything: security and admins by default. Lifting one that is not stopped is success; what the
/// server's configuration switches off stays off.
#[utoipa::path(
    post,
    path = "/v1/portals/{portal}/lift",
    operation_id = "lift_portal_stop",
    tag = "staff",
    security(("staff" = [])),
    params(("portal" = PortalId, Path)),
    request_body(content = SwitchPortalRequest),
    responses((status = 200, description = "Not stopped", body = PortalResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::Forbidden, ErrorCode::PortalUnknown, ErrorCode::ReasonTooShort, ErrorCode::ReasonIsFiller,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn lift(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(portal): Path<PortalId>,
    Body(request): Body<SwitchPortalRequest>,
) -> Result<Json<PortalResponse>, ApiError> {
    let reason = checked(&state, &who, &portal, &request)?;
    state.sessions.lift_portal(&portal, who.id(), reason).await?;
    response(&state, &portal).await
}

fn checked<'a>(
    state: &ServerState,
    who: &SignedIn,
    portal: &PortalId,
    request: &'a SwitchPortalRequest,
) -> Result<&'a str, ApiError> {
    allowed(state, who)?;
    target::portal(state, portal)?;
    let reason = request.reason.trim();
    reason::check_text(reason).map_err(ApiError::new)?;
    Ok(reason)
}

async fn response(state: &ServerState, portal: &PortalId) -> Result<Json<PortalResponse>, ApiError> {
    let portal = target::portal(state, portal)?;
    Ok(Json(PortalResponse {
        id: portal.id.clone(),
        name: portal.name.clone(),
        gateway_origin: state.gateway_origin(portal),
        active: state.portal_active(portal).await?,
        unmasks: state.rules.now(&portal.id).rules.unmasking().next().is_some(),
    }))
}

pub fn stopped(row: DisabledPortalRow) -> StoppedPortalResponse {
    StoppedPortalResponse { portal: row.portal, reason: row.reason, stopped_at: row.disabled_at }
}
