//! Devices: revoked, they may do nothing any more but deliver the journal that they hold.

use amberglass_wire::{
    DeviceId, StaffId, UnixMillis,
    audit::{EventDetail, EventSubject},
};

use crate::{
    ServerState,
    audit::{AuditError, AuditLog},
    sessions::{Change, SessionError},
    store::Tx,
};

/// What came of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    Revoked,
    /// Somebody did so before; that stands as it is.
    RevokedBefore,
    Unknown,
}

/// Revokes the device and ends what runs on it, in one transaction.
///
/// # Errors
/// When it could not be written; the device is what it was then.
pub async fn revoke(
    state: &ServerState,
    device: &DeviceId,
    by: &StaffId,
    reason: &str,
) -> Result<Revocation, SessionError> {
    let mut tx = state.store.begin().await?;
    let revocation = revoke_in(&mut tx, &state.audit, device, Some(by), reason, state.clock.now()).await?;
    if revocation == Revocation::Revoked {
        state.sessions.end_those_on_device_in(&mut tx, device, by, reason).await?;
        // Its event streams look at their sign-in, and those of others at their list.
        state.sessions.announce_change(&mut tx, Change::SignIns);
        tx.commit().await?;
    }
    Ok(revocation)
}

/// Its tokens are worth nothing from the commit on, and the timer of a running server ends its sessions. `by` is nobody
/// when the operator does it.
///
/// # Errors
/// When it could not be written.
pub async fn revoke_in(
    tx: &mut Tx,
    audit: &AuditLog,
    device: &DeviceId,
    by: Option<&StaffId>,
    reason: &str,
    at: UnixMillis,
) -> Result<Revocation, AuditError> {
    if tx.device(device).await?.is_none() {
        return Ok(Revocation::Unknown);
    }
    if !tx.revoke_device(device, by, at).await? {
        return Ok(Revocation::RevokedBefore);
    }
    let subject = EventSubject { device: Some(device.clone()), ..EventSubject::default() };
    let detail = EventDetail::DeviceRevoked { by: by.cloned(), reason: reason.to_owned() };
    audit.append_in(tx, subject, detail).await?;
    Ok(Revocation::Revoked)
}
