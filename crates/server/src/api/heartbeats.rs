//! `POST /v1/heartbeats`: signed signs of life. Without them a session freezes.

use std::sync::Arc;

use amberglass_domain::{chain::device_of, checkpoint::WriterHead, signing};
use amberglass_wire::{
    event_stream::{ChainHead, HeartbeatRequest, HeartbeatResponse},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, audit::is_hash};

/// More than anyone's policy allows at once.
const MAX_BEATS: usize = 64;

/// Says that a console is there and how long nobody touched it.
///
/// Every two seconds while a session runs, signed by the device; without it sessions freeze. A heartbeat counts once,
/// and only if it was signed after the ones before.
#[utoipa::path(
    post,
    path = "/v1/heartbeats",
    operation_id = "send_heartbeat",
    tag = "staff",
    security(("staff" = [])),
    request_body(content = HeartbeatRequest),
    responses((status = 200, description = "The sessions as they stand", body = HeartbeatResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::DeviceRefused, ErrorCode::ClockSkew, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn beat(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Body(request): Body<HeartbeatRequest>,
) -> Result<Json<HeartbeatResponse>, ApiError> {
    if request.sessions.len() > MAX_BEATS {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("At most 64 sessions in one heartbeat."));
    }
    let now = state.clock.now();
    let message = signing::heartbeat(&request);
    who.check_signature(now, &request.device, request.signed_at, &message, &request.signature)?;
    let chain = chain(&request)?;
    let sessions = state.sessions.beat(who.id(), &who.device, request.signed_at, &chain, &request.sessions).await?;
    Ok(Json(HeartbeatResponse { time: state.clock.now(), sessions, server: state.audit.head() }))
}

/// What the beat shows of a chain, if it can be one of the device's own.
fn chain(request: &HeartbeatRequest) -> Result<WriterHead, ApiError> {
    let invalid = |words: &'static str| ApiError::new(ErrorCode::InvalidRequest).detail(words);
    if device_of(&request.writer) != request.device.as_str() {
        return Err(invalid("The heartbeat names another device's chain."));
    }
    let head = match request.journal.seq {
        0 => ChainHead::default(),
        1.. if is_hash(&request.journal.hash) => request.journal.clone(),
        _ => return Err(invalid("The heartbeat's head is none of a chain.")),
    };
    Ok(WriterHead { writer: request.writer.clone(), head })
}
