//! The portal and the customer that a request names, live from the portal.

use amberglass_domain::read_only::rule::NOT_DECLARED;
use amberglass_wire::{
    CustomerId, PortalId, StaffId,
    customer::CustomerResponse,
    problem::ErrorCode,
    session::{Mode, PolicyAnswer},
};

use super::problem::ApiError;
use crate::{
    ServerState,
    config::PortalConfig,
    policy::{Circumstances, Policy, PolicyError, Principal, StartDecision, Target},
};

pub const HOUR_SECONDS: i64 = 60 * 60;

/// A customer with what policy asks about them.
pub struct FoundTarget {
    pub customer: CustomerResponse,
    /// Role of the staff member who has the same e-mail address.
    pub staff_role: Option<String>,
    portal_active: bool,
    /// The portal's rules say of every kind of the never-list where it is, or that there is none.
    is_declared: bool,
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

    /// What the policy says to a start. `read_write` is refused before it is asked where the portal's rules are not complete: no
    /// approval could make up for that.
    ///
    /// # Errors
    /// When the policy can't be asked.
    pub fn decide_start(&self, policy: &Policy, who: &Principal<'_>, mode: Mode) -> Result<StartDecision, PolicyError> {
        if mode == Mode::ReadWrite && !self.is_declared {
            let rules = vec![NOT_DECLARED.to_owned()];
            return Ok(StartDecision { answer: PolicyAnswer::Refused, rules, approvals: 0 });
        }
        policy.start(who, &self.for_policy(), mode)
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
    let is_declared = state.rules.now(&portal.id).rules.undeclared().is_empty();
    Ok(FoundTarget { customer, staff_role, portal_active, is_declared, circumstances })
}
