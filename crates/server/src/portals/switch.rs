//! Off: its sessions end within a second, and none begins.

use amberglass_wire::{
    PortalId, StaffId, UnixMillis,
    audit::{EventDetail, EventSubject},
};

use crate::{audit::AuditLog, operator::Operator, sessions::SessionError, store::Tx};

/// False when it was switched off before. Running servers notice within half a second.
///
/// # Errors
/// When it could not be written or put on record; the portal is as it was then.
pub async fn disable(operator: &Operator, portal: &PortalId, reason: &str) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    let is_new = disable_in(&mut tx, &operator.audit, portal, None, reason, operator.clock.now()).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// False when it was not switched off.
///
/// # Errors
/// When it could not be written or put on record; the portal is as it was then.
pub async fn enable(operator: &Operator, portal: &PortalId) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    let was_off = enable_in(&mut tx, &operator.audit, portal, None, None).await?;
    tx.commit().await?;
    Ok(was_off)
}

/// False when it was switched off before; the first reason stands.
pub(crate) async fn disable_in(
    tx: &mut Tx,
    audit: &AuditLog,
    portal: &PortalId,
    by: Option<&StaffId>,
    reason: &str,
    at: UnixMillis,
) -> Result<bool, SessionError> {
    if !tx.disable_portal(portal, reason, at).await? {
        return Ok(false);
    }
    let detail = EventDetail::PortalDisabled { by: by.cloned(), reason: reason.to_owned() };
    audit.append_in(tx, subject_of(portal), detail).await?;
    Ok(true)
}

/// False when it was not switched off.
pub(crate) async fn enable_in(
    tx: &mut Tx,
    audit: &AuditLog,
    portal: &PortalId,
    by: Option<&StaffId>,
    reason: Option<&str>,
) -> Result<bool, SessionError> {
    if !tx.enable_portal(portal).await? {
        return Ok(false);
    }
    let detail = EventDetail::PortalEnabled { by: by.cloned(), reason: reason.map(ToOwned::to_owned) };
    audit.append_in(tx, subject_of(portal), detail).await?;
    Ok(true)
}

pub(super) fn subject_of(portal: &PortalId) -> EventSubject {
    EventSubject { portal: Some(portal.clone()), ..EventSubject::default() }
}
