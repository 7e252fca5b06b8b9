//! The portal and the customer that a request names, live from the portal.

use amberglass_wire::{CustomerId, PortalId, StaffId, customer::CustomerResponse, problem::ErrorCode};

use super::problem::ApiError;
use crate::{
    ServerState,
    config::PortalConfig,
    policy::{Circumstances, Target},
};

pub const HOUR_SECONDS: i64 = 60 * 60;

/// A customer with what policy asks about them.
pub struct FoundTarget {
    pub customer: CustomerResponse,
    /// Role of the staff member who has the same e-mail address.
    pub staff_role: Option<String>,
    portal_active: bool,
    circumstances: Circumstances,
}

impl FoundTarget {
    pub fn for_policy(&self) -> Target<'_> {
        Target {
            customer: &self.customer,
            portal_active: self.portal_active,
            staff_role: self.staff_role.as_deref(),
            circumstances: self.circumstances,
        }
    }
}

pub fn portal<'a>(state: &'a ServerState, id: &PortalId) -> Result<&'a PortalConfig, ApiError> {
    state.config.portal(id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))
}

/// Asks the portal itself; when and how often `who` asks is looked at now.
pub async fn find(
    state: &ServerState,
    who: &StaffId,
    portal: &PortalConfig,
    id: &CustomerId,
) -> Result<FoundTarget, ApiError> {
    let driver = state.drivers.get(&portal.id).ok_or_else(|| ApiError::new(ErrorCode::PortalUnknown))?;
    let customer = driver.customer(id).await?.ok_or_else(|| ApiError::new(ErrorCode::CustomerUnknown))?;
    let staff_role = state.store.staff_by_email(&customer.email).await?.map(|staff| staff.role);
    let now = state.clock.now();
    let circumstances = Circumstances {
        within_working_hours: state.config.working_hours.include(now),
        sessions_last_hour: state.store.sessions_begun_since(who, now.plus_seconds(-HOUR_SECONDS)).await?,
    };
    let portal_active = state.portal_active(portal).await?;
    Ok(FoundTarget { customer, staff_role, portal_active, circumstances })
}
