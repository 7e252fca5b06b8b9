//! Records that consoles deliver: continuity checked from the head that is held, stored all or not at all.

use std::collections::{HashMap, HashSet};

use amberglass_domain::{
    chain::{self, ChainError},
    checkpoint::CheckpointError,
};
use amberglass_wire::{
    DeviceId, EventId, SessionId, StaffId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventSubject},
    event_stream::ChainHead,
};
use serde::Deserialize;

use super::AuditLog;
use crate::store::{CheckpointRow, RecordRow, SessionRow, StoreError, Tx};

/// What only a server knows: a console that says such a thing is making it up.
const SERVERS_ALONE: [&str; 36] = [
    "alarm_acknowledged",
    "audit_exported",
    "card_viewed",
    "chain_contradicted",
    "device_head_noted",
    "device_registered",
    "device_revoked",
    "emergency_stop_lifted",
    "emergency_stopped",
    "journal_recovered",
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
    "session_mismatch",
    "session_refused",
    "session_resumed",
    "session_started",
    "sign_in_failed",
    "signer_added",
    "staff_added",
    "staff_disabled",
    "staff_enabled",
    "staff_role_changed",
    "staff_signed_in",
    "staff_signed_out",
];

/// Whoever may read a trail may take it along, also from a device on which the session never ran.
const OF_ANY_SESSION: &str = "trail_exported";

const ID_TAKEN: &str = "its id stands on another record";

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
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a delivery came to.
#[derive(Debug)]
pub struct Delivered {
    /// Of the device, afterwards.
    pub held: ChainHead,
    /// The same, signed by this server; nothing while nothing is held.
    pub checkpoint: Option<String>,
}

impl AuditLog {
    /// Stores what is new of `records` and answers with what is held of the device afterwards. Records that are held
    /// already are compared and passed over, so a batch may be sent again. `vouched` is the device's own signature under
    /// its last record, already found to be one.
    ///
    /// # Errors
    /// When the batch leaves a gap, contradicts what is held, or a record is not what it says.
    pub async fn deliver(
        &self,
        device: &DeviceId,
        records: &[ChainedRecord],
        vouched: Option<(ChainHead, String)>,
        received_at: UnixMillis,
    ) -> Result<Delivered, DeliveryError> {
        let mut tx = self.shared.store.begin().await?;
        let held = tx.chain_head_of(device.as_str()).await?;
        let mut head = held.clone();
        let mut known = Known::default();
        let mut new_records = Vec::new();
        for record in records {
            let invalid = |why| DeliveryError::Invalid { seq: record.seq, why, held: held.clone() };
            if record.seq < 1 || record.writer != device.as_str() {
                return Err(invalid("it is not one of this device"));
            }
            if record.seq <= held.seq {
                // Same number, same hash: the header, the predecessor and the commitment are the same.
                if !tx.holds(device.as_str(), record.seq, &record.hash).await? {
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
            if let Some(why) = known.overreach(&mut tx, device, &record.kind, &subject).await? {
                return Err(invalid(why));
            }
            if !known.ids.insert(&record.id) {
                return Err(invalid(ID_TAKEN));
            }
            new_records.push((record, subject));
        }
        let ids: Vec<&EventId> = new_records.iter().map(|(record, _)| &record.id).collect();
        if let Some(taken) = tx.event_id_held(&ids).await? {
            let seq = new_records.iter().find(|(record, _)| record.id == taken).map_or(0, |(record, _)| record.seq);
            return Err(DeliveryError::Invalid { seq, why: ID_TAKEN, held });
        }
        let rows: Vec<RecordRow<'_>> = new_records
            .iter()
            .map(|(record, subject)| RecordRow { record, subject, is_page: false, received_at })
            .collect();
        tx.insert_records(&rows).await?;
        let new = head != held;
        if let Some((signed, note)) = vouched.filter(|_| new) {
            if signed != head {
                return Err(DeliveryError::Invalid { seq: signed.seq, why: "its device signed another end", held });
            }
            let (signer, writer) = (device.0.clone(), device.0.clone());
            let row = CheckpointRow { signer, writer, head: signed, issued_at: received_at, note };
            tx.insert_checkpoint(&row).await?;
        }
        let checkpoint = self.sign_delivery(&mut tx, device, &head, new).await?;
        tx.commit().await?;
        Ok(Delivered { held: head, checkpoint })
    }
}

/// What the body says of itself, for searching. A body that was erased on the device says nothing.
fn subject_of(record: &ChainedRecord) -> Result<EventSubject, &'static str> {
    if SERVERS_ALONE.contains(&record.kind.as_str()) {
        return Err("only a server writes records of this kind");
    }
    if record.body.is_empty() {
        return Err("it says nothing: a body is erased here, and on record, not before it is delivered");
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

/// What was asked for one record holds for the others of its batch.
#[derive(Default)]
struct Known<'a> {
    ids: HashSet<&'a EventId>,
    signed_in: HashMap<StaffId, bool>,
    sessions: HashMap<SessionId, Option<SessionRow>>,
}

impl Known<'_> {
    /// What a record says of others than its own device: no console can write into another one's session, or in the name
    /// of staff who never signed in on it. Sessions that are not known here, as after a restored backup, are let be.
    async fn overreach(
        &mut self,
        tx: &mut Tx,
        device: &DeviceId,
        kind: &str,
        subject: &EventSubject,
    ) -> Result<Option<&'static str>, StoreError> {
        if subject.device.as_ref().is_some_and(|named| named != device) {
            return Ok(Some("it names another device"));
        }
        if let Some(staff) = &subject.staff {
            let signed_in = match self.signed_in.get(staff) {
                Some(known) => *known,
                None => {
                    let found = tx.has_signed_in(staff, device).await?;
                    self.signed_in.insert(staff.clone(), found);
                    found
                }
            };
            if !signed_in {
                return Ok(Some("it names staff who never signed in on this device"));
            }
        }
        let Some(session) = &subject.session else { return Ok(None) };
        if !self.sessions.contains_key(session) {
            self.sessions.insert(session.clone(), tx.session(session).await?);
        }
        let Some(Some(row)) = self.sessions.get(session) else { return Ok(None) };
        if kind == OF_ANY_SESSION && subject.staff.is_none() {
            return Ok(Some("it does not say who took the trail along"));
        }
        let is_elsewhere = row.device != *device || subject.staff.as_ref().is_some_and(|staff| *staff != row.staff);
        let differs = (is_elsewhere && kind != OF_ANY_SESSION)
            || subject.customer.as_ref().is_some_and(|customer| *customer != row.customer.id)
            || subject.portal.as_ref().is_some_and(|portal| *portal != row.portal);
        Ok(differs.then_some("it names a session that is not this device's, or misnames whose it is"))
    }
}
