//! Off: its sessions end within a second, and none begins.

use amberglass_wire::{
    PortalId,
    audit::{EventDetail, EventSubject},
};

use crate::{operator::Operator, sessions::SessionError};

/// False when it was switched off before. Running servers notice within half a second.
///
/// # Errors
/// When it could not be written or put on record; the portal is as it was then.
pub async fn disable(operator: &Operator, portal: &PortalId, reason: &str) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    if !tx.disable_portal(portal, reason, operator.clock.now()).await? {
        return Ok(false);
    }
    let detail = EventDetail::PortalDisabled { reason: reason.to_owned() };
    operator.audit.append_in(&mut tx, subject_of(portal), detail).await?;
    tx.commit().await?;
    Ok(true)
}

/// False when it was not switched off.
///
/// # Errors
/// When it could not be written or put on record; the portal is as it was then.
pub async fn enable(operator: &Operator, portal: &PortalId) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    if !tx.enable_portal(portal).await? {
        return Ok(false);
    }
    operator.audit.append_in(&mut tx, subject_of(portal), EventDetail::PortalEnabled {}).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) fn subject_of(portal: &PortalId) -> EventSubject {
    EventSubject { portal: Some(portal.clone()), ..EventSubject::default() }
}
