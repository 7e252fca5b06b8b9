//! `GET /v1/snapshot`: the truth that events only hint at.

use std::sync::Arc;

use amberglass_wire::{
    alarm::AlarmsResponse,
    auth::{PortalResponse, RightsResponse, SnapshotResponse},
};
use axum::{Json, extract::State};

use super::{
    alarms, emergency_stop::response, extract::SignedIn, news, portal_stop::stopped, problem::ApiError, requests,
    reviews,
};
use crate::{ServerState, policy::ServerAction};

/// Gives everything that a console shows of the one who is signed in.
///
/// Their running sessions, the portals, the limits and their rights: the truth that events only hint at.
#[utoipa::path(
    get,
    path = "/v1/snapshot",
    operation_id = "get_snapshot",
    tag = "staff",
    security(("staff" = [])),
    responses((status = 200, description = "The state now", body = SnapshotResponse)),
)]
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
    let disabled = state.store.disabled_portals().await?;
    let portals = state
        .config
        .portals
        .iter()
        .map(|portal| PortalResponse {
            id: portal.id.clone(),
            name: portal.name.clone(),
            gateway_origin: state.gateway_origin(portal),
            active: portal.active && !disabled.iter().any(|row| row.portal == portal.id),
            unmasks: state.rules.now(&portal.id).rules.unmasking().next().is_some(),
        })
        .collect();
    let may = |action| state.policy.now().on_server(&who.principal(), action);
    let rights = RightsResponse {
        // Whose session it is plays no part in the default policy; what a request may do is asked on each.
        end_any: state.policy.now().ends_others(&who.principal())?,
        read_audit: may(ServerAction::ReadAudit)?,
        emergency_stop: may(ServerAction::EmergencyStop)?,
        manage_devices: may(ServerAction::ManageDevices)?,
        see_alarms: may(ServerAction::SeeAlarms)?,
        approve: state.policy.now().approves_others(&who.principal())?,
    };
    let may_review = state.policy.now().reviews_others(&who.principal())?;
    let reviews = if may_review { reviews::waiting(&state, &who).await? } else { Vec::new() };
    let news =
        if rights.see_alarms || may_review { news::newest(&state, rights.see_alarms).await? } else { Vec::new() };
    let stopped_portals = if rights.emergency_stop { disabled.into_iter().map(stopped).collect() } else { Vec::new() };
    let requests = requests::own(&state, &who).await?;
    let to_decide = if rights.approve { requests::to_decide(&state, &who).await? } else { Vec::new() };
    let given = if rights.approve { requests::given(&state, &who).await? } else { Vec::new() };
    let alarms = if rights.see_alarms { alarms::open(&state).await? } else { AlarmsResponse::default() };
    Ok(Json(SnapshotResponse {
        server_time,
        portals,
        sessions,
        limits: state.config.limits.response(),
        signers: state.signers().await?,
        recovery_key: Some(state.key.recovery_secret().recovery_key().to_text()),
        emergency_stop: state.store.emergency_stop().await?.map(response),
        reason_codes: state.config.reason_codes.iter().map(|code| code.response()).collect(),
        rights,
        alarms,
        requests,
        to_decide,
        given,
        reviews,
        news,
        stopped_portals,
        staff: who.staff,
    }))
}
