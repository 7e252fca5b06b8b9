//! `POST /v1/sessions/{id}/entry`: the device trades its grant for the gateway cookie.

use std::sync::Arc;

use amberglass_domain::signing;
use amberglass_wire::{
    SessionId,
    audit::{EventDetail, EventSubject},
    problem::ErrorCode,
    session::{RedeemGrantRequest, RedeemGrantResponse},
};
use axum::{Json, extract::State};

use super::{
    extract::{Json as Body, Path, SignedIn},
    problem::ApiError,
};
use crate::{ServerState, gateway::cookie_name, store::SessionRow};

/// What a refused try goes on record under.
mod rule {
    pub const FOREIGN_PERSON: &str = "entry-foreign-person";
    pub const FOREIGN_DEVICE: &str = "entry-foreign-device";
    pub const SIGNATURE: &str = "entry-signature";
    pub const OTHER_ORIGIN: &str = "entry-other-origin";
    pub const GRANT: &str = "entry-grant";
}

/// Trades the grant of a start for the gateway's cookie.
///
/// For the staff member and the device that started it, once, within thirty seconds. The device signs the request; the
/// key of no other one will do. A grant in wrong hands goes on record.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/entry",
    operation_id = "enter_session",
    tag = "staff",
    security(("staff" = [])),
    params(("id" = SessionId, Path)),
    request_body(content = RedeemGrantRequest),
    responses(
        (status = 200, description = "The cookie, and where to go with it", body = RedeemGrantResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::NotFound, ErrorCode::DeviceRefused, ErrorCode::ClockSkew, ErrorCode::PortalInactive,
        ErrorCode::GrantInvalid, ErrorCode::SessionNotRunning, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn enter(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(request): Body<RedeemGrantRequest>,
) -> Result<Json<RedeemGrantResponse>, ApiError> {
    let row = state.sessions.get(&id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    match redeem(&state, &who, &row, &request).await {
        Ok(response) => Ok(Json(response)),
        // Somebody holds a grant who should not, or holds it twice: whoever looks into it later finds it.
        Err(Refused { error, rule: Some(rule) }) => {
            record(&state, &who, &row, rule).await?;
            Err(error)
        }
        Err(Refused { error, rule: None }) => Err(error),
    }
}

struct Refused {
    error: ApiError,
    /// On record under this rule.
    rule: Option<&'static str>,
}

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), rule: None }
    }
}

fn refused(code: ErrorCode, rule: &'static str) -> Refused {
    Refused { error: ApiError::new(code), rule: Some(rule) }
}

async fn redeem(
    state: &ServerState,
    who: &SignedIn,
    row: &SessionRow,
    request: &RedeemGrantRequest,
) -> Result<RedeemGrantResponse, Refused> {
    if row.staff != *who.id() {
        return Err(refused(ErrorCode::NotFound, rule::FOREIGN_PERSON));
    }
    if row.device != who.device || request.device != who.device {
        return Err(refused(ErrorCode::DeviceRefused, rule::FOREIGN_DEVICE));
    }
    let message = signing::entry(&request.device, &row.id, &request.grant, &request.gateway_origin, request.signed_at);
    who.check_signature(state.clock.now(), &request.device, request.signed_at, &message, &request.signature).map_err(
        |error| Refused { rule: (error.code == ErrorCode::DeviceRefused).then_some(rule::SIGNATURE), error },
    )?;
    let portal = state.config.portal(&row.portal).ok_or_else(|| ApiError::new(ErrorCode::PortalInactive))?;
    if !state.portal_active(portal).await? {
        return Err(ApiError::new(ErrorCode::PortalInactive).into());
    }
    let origin = state.gateway_origin(portal);
    if request.gateway_origin != origin {
        let error = ApiError::new(ErrorCode::GrantInvalid).detail("The grant is for another gateway.");
        return Err(Refused { error, rule: Some(rule::OTHER_ORIGIN) });
    }
    let cookie_value = state
        .sessions
        .enter(&row.id, &request.grant)
        .await
        .map_err(ApiError::from)
        .map_err(|error| Refused { rule: (error.code == ErrorCode::GrantInvalid).then_some(rule::GRANT), error })?;
    let secure = origin.starts_with("https://");
    Ok(RedeemGrantResponse {
        cookie_name: cookie_name(secure).to_owned(),
        cookie_value,
        secure,
        entry_url: format!("{origin}/"),
    })
}

/// The session's trail says who tried, on which device.
async fn record(state: &ServerState, who: &SignedIn, row: &SessionRow, rule: &str) -> Result<(), ApiError> {
    let subject = EventSubject {
        staff: Some(who.id().clone()),
        customer: Some(row.customer.id.clone()),
        portal: Some(row.portal.clone()),
        session: Some(row.id.clone()),
        device: Some(who.device.clone()),
        policy_hash: Some(row.policy_hash.clone()),
    };
    let path = format!("/v1/sessions/{}/entry", row.id);
    let detail = EventDetail::RequestBlocked { method: "POST".into(), path, rule: rule.into() };
    state.audit.append(subject, detail).await?;
    Ok(())
}
