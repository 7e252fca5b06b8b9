//! `GET /v1/portals/{portal}/customers/{customer}`: the card that confirms the right customer.

use std::sync::Arc;

use amberglass_wire::{
    CustomerId, PortalId,
    audit::{EventDetail, EventSubject},
    customer::{CustomerCardResponse, LastLooked},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{
    extract::{Path, SignedIn},
    problem::ApiError,
    target,
};
use crate::ServerState;

/// Shows the card by which the right customer is confirmed.
///
/// For every staff member. That they saw it is on record before it is shown.
#[utoipa::path(
    get,
    path = "/v1/portals/{portal}/customers/{customer}",
    operation_id = "show_customer_card",
    tag = "staff",
    security(("staff" = [])),
    params(
        ("portal" = PortalId, Path, description = "From the snapshot"),
        ("customer" = CustomerId, Path, description = "The portal's own id"),
    ),
    responses((status = 200, description = "The customer, and who looked last", body = CustomerCardResponse)),
    extensions(("x-error-codes" = json!([
        ErrorCode::InvalidRequest, ErrorCode::PortalUnknown, ErrorCode::CustomerUnknown, ErrorCode::PortalUnreachable,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn card(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path((portal, customer)): Path<(PortalId, CustomerId)>,
) -> Result<Json<CustomerCardResponse>, ApiError> {
    let portal = target::portal(&state, &portal)?;
    let found = target::find(&state, who.id(), portal, &customer).await?;
    // What a card shows of somebody is seen from here on: on record, or not shown.
    let subject = EventSubject {
        staff: Some(who.id().clone()),
        customer: Some(customer.clone()),
        portal: Some(portal.id.clone()),
        session: None,
        device: Some(who.device.clone()),
        policy_hash: Some(state.policy.now().hash().to_owned()),
    };
    state.audit.append(subject, EventDetail::CardViewed {}).await?;
    let last_looked = state.sessions.last_look(&portal.id, &customer).await?.map(|row| LastLooked {
        staff_name: row.staff_name,
        at: row.entered_at.unwrap_or(row.started_at),
        session_code: row.code,
    });
    Ok(Json(CustomerCardResponse { customer: found.customer, portal_name: portal.name.clone(), last_looked }))
}
