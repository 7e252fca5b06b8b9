//! What a delivered record says of itself and of others, and what no console can say.

use std::collections::{HashMap, HashSet};

use amberglass_wire::{
    DeviceId, EventId, SessionId, StaffId,
    audit::{ChainedRecord, EventBody, EventDetail},
    event_stream::ChainHead,
};
use serde::Deserialize;

use super::alarms::is_hash;
use crate::store::{SessionRow, StoreError, Tx};

/// Whoever may read a trail may take it along, also from a device on which the session never ran.
const OF_ANY_SESSION: &str = "trail_exported";

/// Bytes of a body. Addresses as they go on record, reasons and names of all kinds stay far below.
const MOST_OF_A_BODY: usize = 64 * 1024;
/// A server's note may name as many chains as a server signs at once.
const MOST_OF_A_WITNESS: usize = 128 * 1024;
/// A record that is an alarm as it stands is part of the snapshot of everybody who sees alarms, and so are those beside it.
const MOST_OF_AN_ALARM: usize = 4 * 1024;
/// Characters of a writer's or a signer's name in such a record.
const MOST_OF_A_NAME: usize = 256;
/// An alarm's address carries the id of its record.
const MOST_OF_AN_ID: usize = 64;

/// How long the body of an honest console's record can be.
fn most_of(kind: &str) -> usize {
    match kind {
        "journal_replaced" | "server_contradicted" => MOST_OF_AN_ALARM,
        "checkpoint_witnessed" => MOST_OF_A_WITNESS,
        _ => MOST_OF_A_BODY,
    }
}

fn is_id(id: &EventId) -> bool {
    let text = id.as_str();
    (1..=MOST_OF_AN_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Nothing that a writer makes up at any length stands in an alarm. A chain of which nothing was left has no hash.
fn is_in_measure(detail: &EventDetail) -> bool {
    let is_name = |text: &str| text.chars().count() <= MOST_OF_A_NAME;
    let is_hash_or_none = |hash: &str| hash.is_empty() || is_hash(hash);
    let is_head = |head: &ChainHead| is_hash_or_none(&head.hash);
    if let EventDetail::JournalReplaced { former, hash, .. } = detail {
        is_name(former) && is_hash_or_none(hash)
    } else if let EventDetail::ServerContradicted { signer, held, shown, .. } = detail {
        is_name(signer) && is_head(held) && is_head(shown)
    } else {
        true
    }
}

/// What only a server knows: a console that says such a thing is making it up.
fn is_servers_alone(detail: &EventDetail) -> bool {
    match detail {
        EventDetail::AlarmAcknowledged { .. }
        | EventDetail::ApprovalDecided { .. }
        | EventDetail::ApprovalEscalated { .. }
        | EventDetail::ApprovalLapsed { .. }
        | EventDetail::ApprovalRequested { .. }
        | EventDetail::ApprovalUsed { .. }
        | EventDetail::ApprovalWithdrawn { .. }
        | EventDetail::AuditExported { .. }
        | EventDetail::BodiesErased { .. }
        | EventDetail::BreakGlassReviewed { .. }
        | EventDetail::BreakGlassUsed { .. }
        | EventDetail::CardViewed {}
        | EventDetail::ChainContradicted { .. }
        | EventDetail::DeviceHeadNoted { .. }
        | EventDetail::DeviceRegistered { .. }
        | EventDetail::DeviceRevoked { .. }
        | EventDetail::EmergencyStopLifted { .. }
        | EventDetail::EmergencyStopped { .. }
        | EventDetail::FieldUnmasked { .. }
        | EventDetail::FileDownloaded { .. }
        | EventDetail::JournalRecovered { .. }
        | EventDetail::NoteAdded { .. }
        | EventDetail::PasswordChanged { .. }
        | EventDetail::PolicyChanged { .. }
        | EventDetail::PolicyRefused { .. }
        | EventDetail::PortalDisabled { .. }
        | EventDetail::PortalEnabled { .. }
        | EventDetail::PortalKeyAdded { .. }
        | EventDetail::PortalKeyRevoked { .. }
        | EventDetail::PortalTested { .. }
        | EventDetail::ProviderLinked { .. }
        | EventDetail::RecordsRetired { .. }
        | EventDetail::RequestBlocked { .. }
        | EventDetail::RulesChanged { .. }
        | EventDetail::RulesRefused { .. }
        | EventDetail::SecondFactorReset { .. }
        | EventDetail::SecondFactorSetUp {}
        | EventDetail::SessionEnded { .. }
        | EventDetail::SessionEntered {}
        | EventDetail::SessionExtended { .. }
        | EventDetail::SessionFrozen {}
        | EventDetail::SessionMismatch { .. }
        | EventDetail::SessionRefused { .. }
        | EventDetail::SessionResumed {}
        | EventDetail::SessionStarted { .. }
        | EventDetail::SignInFailed { .. }
        | EventDetail::SignerAdded { .. }
        | EventDetail::StaffAdded { .. }
        | EventDetail::StaffDisabled { .. }
        | EventDetail::StaffEnabled { .. }
        | EventDetail::StaffRoleChanged { .. }
        | EventDetail::StaffSignedIn {}
        | EventDetail::StaffSignedOut {}
        | EventDetail::WriteAnswered { .. }
        | EventDetail::WriteSent { .. } => true,
        EventDetail::AttemptRefused { .. }
        | EventDetail::CheckpointWitnessed { .. }
        | EventDetail::CurtainDrawn { .. }
        | EventDetail::CurtainLifted {}
        | EventDetail::EndRequested {}
        | EventDetail::ForeignCodeLoaded { .. }
        | EventDetail::JournalKeyRotated { .. }
        | EventDetail::JournalReplaced { .. }
        | EventDetail::JournalTidied { .. }
        | EventDetail::PageViewed { .. }
        | EventDetail::ServerContradicted { .. }
        | EventDetail::ServerKeyPinned { .. }
        | EventDetail::StartRequested { .. }
        | EventDetail::TrailExported { .. }
        | EventDetail::WindowClosed {}
        | EventDetail::WindowOpened {}
        // A newer console may know kinds that this server does not.
        | EventDetail::Unknown => false,
    }
}

/// What the body says of itself, for searching. A body that was erased on the device says nothing.
pub(super) fn body_of(record: &ChainedRecord) -> Result<EventBody, &'static str> {
    if record.body.is_empty() {
        return Err("it says nothing: a body is erased here, and on record, not before it is delivered");
    }
    if !is_id(&record.id) {
        return Err("its id is not one to 64 letters, digits and hyphens");
    }
    if record.body.len() > most_of(&record.kind) {
        return Err("its body is longer than what a console writes");
    }
    let body: EventBody = serde_json::from_str(&record.body).map_err(|_| "its body is not an event")?;
    // As it is written, also where it is of a kind that this server does not know.
    let written: Written = serde_json::from_str(&record.body).map_err(|_| "its body is not an event")?;
    if written.detail.kind != record.kind {
        return Err("its header names another kind than its body");
    }
    if is_servers_alone(&body.detail) {
        return Err("only a server writes records of this kind");
    }
    if body.subject.session != record.session {
        return Err("its header names another session than its body");
    }
    if !is_in_measure(&body.detail) {
        return Err("it holds a hash that is none, or a name that is too long");
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
