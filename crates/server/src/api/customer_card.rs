//! `GET /v1/portals/{portal}/customers/{customer}`: the card that confirms the right customer.

use std::sync::Arc;

use amberglass_wire::{
    CustomerId, PortalId,
    audit::{EventDetail, EventSubject},
    customer::{CustomerCardResponse, LastLooked},
};
use axum::{Json, extract::State};

use super::{
    extract::{Path, SignedIn},
    problem::ApiError,
    target,
};
use crate::ServerState;

pub async fn card(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    Path((portal, customer)): Path<(PortalId, CustomerId)>,
) -> Result<Json<CustomerCardResponse>, ApiError> {
    let portal = target::portal(&state, &portal)?;
    let found = target::find(&state, portal, &customer).await?;
    // What a card shows of somebody is seen from here on: on record, or not shown.
    let subject = EventSubject {
        staff: Some(who.id().clone()),
        customer: Some(customer.clone()),
        portal: Some(portal.id.clone()),
        session: None,
        device: Some(who.device.clone()),
        policy_hash: Some(state.policy.hash().to_owned()),
    };
    state.audit.append(subject, EventDetail::CardViewed {}).await?;
    let last_looked = state.sessions.last_look(&portal.id, &customer).await?.map(|row| LastLooked {
        staff_name: row.staff_name,
        at: row.entered_at.unwrap_or(row.started_at),
        session_code: row.code,
    });
    Ok(Json(CustomerCardResponse { customer: found.customer, portal_name: portal.name.clone(), last_looked }))
}
