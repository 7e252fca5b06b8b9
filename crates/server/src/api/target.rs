//! The portal and the customer that a request names, live from the portal.

use amberglass_wire::{CustomerId, PortalId, customer::CustomerResponse, problem::ErrorCode};

use super::problem::ApiError;
use crate::{ServerState, config::PortalConfig};

/// A customer with what policy asks about them.
pub struct FoundTarget {
    pub customer: CustomerResponse,
    /// Role of the staff member who has the same e-mail address.
    pub staff_role: Option<String>,
}

pub fn portal<'a>(state: &'a ServerState, id: &PortalId) -> Result<&'a PortalConfig, ApiError> {
    state.config.portal(id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))
}

/// Asks the portal itself.
pub async fn find(state: &ServerState, portal: &PortalConfig, id: &CustomerId) -> Result<FoundTarget, ApiError> {
    let driver = state.drivers.get(&portal.id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))?;
    let customer = driver.customer(id).await?.ok_or_else(|| ApiError::new(ErrorCode::CustomerUnknown))?;
    let staff_role = state.store.staff_by_email(&customer.email).await?.map(|staff| staff.role);
    Ok(FoundTarget { customer, staff_role })
}
