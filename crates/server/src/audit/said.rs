//! What a delivered record says of itself and of others, and what no console can say.

use std::collections::{HashMap, HashSet};

use amberglass_wire::{
    DeviceId, EventId, SessionId, StaffId,
    audit::{ChainedRecord, EventBody},
};
use serde::Deserialize;

use crate::store::{SessionRow, StoreError, Tx};

/// Whoever may read a trail may take it along, also from a device on which the session never ran.
const OF_ANY_SESSION: &str = "trail_exported";

/// What only a server knows: a console that says such a thing is making it up.
const SERVERS_ALONE: [&str; 38] = [
    "alarm_acknowledged",
    "audit_exported",
    "bodies_erased",
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
    "records_retired",
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

/// What the body says of itself, for searching. A body that was erased on the device says nothing.
pub(super) fn body_of(record: &ChainedRecord) -> Result<EventBody, &'static str> {
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
    Ok(body)
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
pub(super) struct Known<'a> {
    pub ids: HashSet<&'a EventId>,
    signed_in: HashMap<StaffId, bool>,
    sessions: HashMap<SessionId, Option<SessionRow>>,
}

impl Known<'_> {
    /// What a record says of others than its own device: no console can write into another one's session, or in the name
    /// of staff who never signed in on it. Sessions that are not known here, as after a restored backup, are let be.
    pub async fn overreach(
        &mut self,
        tx: &mut Tx,
        device: &DeviceId,
        body: &EventBody,
    ) -> Result<Option<&'static str>, StoreError> {
        let subject = &body.subject;
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
        let taken_along = body.detail.kind() == OF_ANY_SESSION;
        if taken_along && subject.staff.is_none() {
            return Ok(Some("it does not say who took the trail along"));
        }
        let is_elsewhere = row.device != *device || subject.staff.as_ref().is_some_and(|staff| *staff != row.staff);
        let differs = (is_elsewhere && !taken_along)
            || subject.customer.as_ref().is_some_and(|customer| *customer != row.customer.id)
            || subject.portal.as_ref().is_some_and(|portal| *portal != row.portal);
        Ok(differs.then_some("it names a session that is not this device's, or misnames whose it is"))
    }
}
