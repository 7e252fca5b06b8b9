//! `GET /v1/start-options?portal=..&customer=..`: what the policy says before one clicks.

use std::sync::Arc;

use amberglass_wire::{
    CustomerId, PortalId,
    problem::ErrorCode,
    session::{Mode, ModeOption, StartOptionsResponse},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extract::{Query, SignedIn},
    problem::ApiError,
    target,
};
use crate::ServerState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    portal: PortalId,
    customer: CustomerId,
}

/// Says what the policy would answer to a start.
///
/// For every staff member; nothing is started and nothing recorded.
#[utoipa::path(
    get,
    path = "/v1/start-options",
    operation_id = "get_start_options",
    tag = "staff",
    security(("staff" = [])),
    params(Asked),
    responses(
        (status = 200, description = "Modes, reason codes and limits for this customer", body = StartOptionsResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::InvalidRequest, ErrorCode::PortalUnknown, ErrorCode::CustomerUnknown, ErrorCode::PortalUnreachable,
    ]))),
)]
pub async fn options(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<StartOptionsResponse>, ApiError> {
    let portal = target::portal(&state, &asked.portal)?;
    let found = target::find(&state, who.id(), portal, &asked.customer).await?;
    let (policy, whom) = (state.policy.now(), found.for_policy());
    let mut modes = Vec::new();
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        let decision = found.decide_start(&policy, &who.principal(), mode)?;
        modes.push(ModeOption { mode, answer: decision.answer, rules: decision.rules, approvals: decision.approvals });
    }
    let past = state.sessions.break_glass_past(who.id(), &found.customer).await?;
    let decision = policy.break_glass(&who.principal(), &whom, Mode::ReadOnly, past)?;
    let break_glass = ModeOption { mode: Mode::ReadOnly, answer: decision.answer, rules: decision.rules, approvals: 0 };
    let running = match state.sessions.list(Some(who.id()), true).await?.into_iter().next() {
        Some(row) => Some(state.sessions.response(row).await?),
        None => None,
    };
    let limits = &state.config.limits;
    Ok(Json(StartOptionsResponse {
        reason_codes: state.config.reason_codes.iter().map(|code| code.response()).collect(),
        modes,
        break_glass: Some(break_glass),
        default_duration_seconds: limits.default_duration_seconds,
        max_duration_seconds: limits.max_duration_seconds,
        max_extensions: limits.max_extensions,
        extension_seconds: limits.extension_seconds,
        running,
    }))
}
