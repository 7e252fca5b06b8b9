//! Records that consoles deliver: continuity checked from the head that is held, stored all or not at all.

use amberglass_domain::chain::{self, ChainError};
use amberglass_wire::{
    DeviceId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventSubject},
    event_stream::ChainHead,
};
use serde::Deserialize;

use super::AuditLog;
use crate::store::{RecordRow, StoreError, Tx};

/// What only a server knows: a console that says such a thing is making it up.
const SERVERS_ALONE: [&str; 29] = [
    "card_viewed",
    "device_registered",
    "device_revoked",
    "emergency_stop_lifted",
    "emergency_stopped",
    "note_added",
    "password_changed",
    "portal_disabled",
    "portal_enabled",
    "portal_key_added",
    "portal_key_revoked",
    "provider_linked",
    "request_blocked",
    "second_factor_reset",
    "second_factor_set_up",
    "session_ended",
    "session_entered",
    "session_extended",
    "session_frozen",
    "session_refused",
    "session_resumed",
    "session_started",
    "sign_in_failed",
    "staff_added",
    "staff_disabled",
    "staff_enabled",
    "staff_role_changed",
    "staff_signed_in",
    "staff_signed_out",
];

/// Why a batch was not stored. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("the batch does not continue what is held")]
    Gap { held: ChainHead },
    #[error("a record differs from the one that is held under its number")]
    Fork { held: ChainHead },
    #[error("record {seq} is not valid: {why}")]
    Invalid { seq: i64, why: &'static str, held: ChainHead },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuditLog {
    /// Stores what is new of `records` and answers with what is held of the device afterwards. Records that are held
    /// already are compared and passed over, so a batch may be sent again.
    ///
    /// # Errors
    /// When the batch leaves a gap, contradicts what is held, or a record is not what it says.
    pub async fn deliver(
        &self,
        device: &DeviceId,
        records: &[ChainedRecord],
        received_at: UnixMillis,
    ) -> Result<ChainHead, DeliveryError> {
        let mut tx = self.shared.store.begin().await?;
        let held = tx.chain_head_of(device.as_str()).await?;
        let mut head = held.clone();
        for record in records {
            let invalid = |why| DeliveryError::Invalid { seq: record.seq, why, held: held.clone() };
            if record.seq < 1 || record.writer != device.as_str() {
                return Err(invalid("it is not one of this device"));
            }
            if record.seq <= held.seq {
                // Same number, same hash: the header, the predecessor and the commitment are the same.
                if tx.held_hash(device.as_str(), record.seq).await?.as_deref() != Some(record.hash.as_str()) {
                    return Err(DeliveryError::Fork { held });
                }
                continue;
            }
            head = match chain::verify_next(device.as_str(), &head, record) {
                Ok(next) => next,
                Err(ChainError::Gap { .. }) => return Err(DeliveryError::Gap { held }),
                // The first new record names another predecessor than the one we hold: the device has two pasts.
                Err(ChainError::Unlinked { .. }) if head == held => return Err(DeliveryError::Fork { held }),
                Err(ChainError::Unlinked { .. }) => return Err(invalid("it does not name the record before it")),
                Err(ChainError::WrongHash { .. }) => return Err(invalid("it does not match its own hash")),
                Err(ChainError::WrongCommitment { .. }) => return Err(invalid("its body is not the one committed to")),
                Err(ChainError::ForeignWriter { .. }) => return Err(invalid("it is not one of this device")),
            };
            let subject = subject_of(record).map_err(invalid)?;
            if let Some(why) = overreach(&mut tx, device, &subject).await? {
                return Err(invalid(why));
            }
            if tx.event_id_held(&record.id).await? {
                return Err(invalid("its id stands on another record"));
            }
            tx.insert_record(&RecordRow { record, subject: &subject, is_page: false, received_at }).await?;
        }
        tx.commit().await?;
        Ok(head)
    }
}

/// What the body says of itself, for searching. A body that was erased on the device says nothing.
fn subject_of(record: &ChainedRecord) -> Result<EventSubject, &'static str> {
    if SERVERS_ALONE.contains(&record.kind.as_str()) {
        return Err("only a server writes records of this kind");
    }
    if record.body.is_empty() {
        return Ok(EventSubject { session: record.session.clone(), ..EventSubject::default() });
    }
    let body: EventBody = serde_json::from_str(&record.body).map_err(|_| "its body is not an event")?;
    // As it is written: a newer console may know kinds that this server does not.
    let written: Written = serde_json::from_str(&record.body).map_err(|_| "its body is not an event")?;
    if written.detail.kind != record.kind {
        return Err("its header names another kind than its body");
    }
    if body.subject.session != record.session {
        return Err("its header names another session than its body");
    }
    Ok(body.subject)
}

#[derive(Deserialize)]
struct Written {
    detail: WrittenDetail,
}

#[derive(Deserialize)]
struct WrittenDetail {
    kind: String,
}

/// What a record says of others than its own device: no console can write into another one's session, or in the name of
/// staff who never signed in on it. Sessions that are not known here, as after a restored backup, are let be.
async fn overreach(tx: &mut Tx, device: &DeviceId, subject: &EventSubject) -> Result<Option<&'static str>, StoreError> {
    if subject.device.as_ref().is_some_and(|named| named != device) {
        return Ok(Some("it names another device"));
    }
    if let Some(staff) = &subject.staff
        && !tx.has_signed_in(staff, device).await?
    {
        return Ok(Some("it names staff who never signed in on this device"));
    }
    let Some(session) = &subject.session else { return Ok(None) };
    let Some(row) = tx.session(session).await? else { return Ok(None) };
    let differs = row.device != *device
        || subject.staff.as_ref().is_some_and(|staff| *staff != row.staff)
        || subject.customer.as_ref().is_some_and(|customer| *customer != row.customer.id)
        || subject.portal.as_ref().is_some_and(|portal| *portal != row.portal);
    Ok(differs.then_some("it names a session that is not this device's, or misnames whose it is"))
}
