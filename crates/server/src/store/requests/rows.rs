//! What stands in a row of a request or of a decision, and how it is read.

use amberglass_wire::{
    CustomerId, DeviceId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    approval::{RequestState, Scope, Verdict},
    audit::EventSubject,
    customer::CustomerResponse,
    elevation::{AskedWrite, SendOutcome},
    session::{Mode, Reason},
};
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, any::AnyRow};

use super::super::StoreError;

#[derive(Clone, Debug)]
pub struct RequestRow {
    pub id: RequestId,
    pub state: RequestState,
    pub staff: StaffId,
    pub staff_name: String,
    pub staff_email: String,
    /// Text, because a newer version may have written one that this version does not know.
    pub staff_role: String,
    pub device: DeviceId,
    pub portal: PortalId,
    pub customer: CustomerResponse,
    pub reason: Reason,
    pub asked: Scope,
    pub granted: Option<Scope>,
    pub rules: Vec<String>,
    pub policy_hash: String,
    pub server: String,
    pub nonce: String,
    pub approvals_needed: u32,
    pub created_at: UnixMillis,
    pub expires_at: UnixMillis,
    pub session: Option<SessionId>,
    pub escalated_at: Option<UnixMillis>,
    /// Where it is about one write of a running session.
    pub write: Option<WriteRow>,
}

/// The write that a request is about.
#[derive(Clone, Debug)]
pub struct WriteRow {
    pub asked: AskedWrite,
    pub sent_at: Option<UnixMillis>,
    pub outcome: Option<Sent>,
}

/// What came of it, and where it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub outcome: SendOutcome,
    /// Path at the gateway.
    pub page: Option<String>,
}

/// An open request about a write, as far as its lapse needs it: also where the rest of the row can't be read.
#[derive(Clone, Debug)]
pub struct OpenWrite {
    pub id: RequestId,
    pub was: RequestState,
    pub staff: StaffId,
    /// Whom its records are about.
    pub subject: EventSubject,
}

impl RequestRow {
    /// Whom its records are about.
    pub fn subject(&self) -> EventSubject {
        EventSubject {
            staff: Some(self.staff.clone()),
            customer: Some(self.customer.id.clone()),
            portal: Some(self.portal.clone()),
            session: self.session.clone(),
            device: Some(self.device.clone()),
            policy_hash: Some(self.policy_hash.clone()),
        }
    }
}

/// A request about to be made.
pub struct NewRequest<'a> {
    pub id: &'a RequestId,
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub customer: &'a CustomerResponse,
    pub customer_json: String,
    pub reason: &'a Reason,
    pub asked: Scope,
    pub rules: &'a [String],
    pub policy_hash: &'a str,
    pub server: &'a str,
    pub nonce: &'a str,
    pub approvals_needed: u32,
    pub created_at: UnixMillis,
    pub expires_at: UnixMillis,
    /// Of a running session.
    pub write: Option<(&'a SessionId, &'a AskedWrite)>,
}

#[derive(Clone, Debug)]
pub struct DecisionRow {
    pub approver: StaffId,
    pub approver_name: String,
    pub verdict: Verdict,
    pub scope: Scope,
    pub comment: String,
    pub decided_at: UnixMillis,
}

/// Somebody who has approved.
#[derive(Clone, Debug)]
pub struct ApproverRow {
    pub id: StaffId,
    pub email: String,
    /// Text, because a newer version may have written one that this version does not know.
    pub role: String,
}

/// How much somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedSoFar {
    pub open: u32,
    /// When the first of the open ones lapses.
    pub first_lapses_at: Option<UnixMillis>,
    pub since: u32,
    /// When the first of these was asked for.
    pub first_asked_at: Option<UnixMillis>,
}

pub(super) fn one(row: Option<AnyRow>) -> Result<Option<RequestRow>, StoreError> {
    row.as_ref().map(request).transpose()
}

pub(super) fn number(row: &AnyRow, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StoreError::UnknownValue { column })
}

fn mode(text: &str, column: &'static str) -> Result<Mode, StoreError> {
    let known = [Mode::ReadOnly, Mode::ReadWrite].into_iter().find(|known| known.as_str() == text);
    known.ok_or(StoreError::UnknownValue { column })
}

fn scope(row: &AnyRow) -> Result<Scope, StoreError> {
    Ok(Scope {
        mode: mode(&row.try_get::<String, _>("mode")?, "mode")?,
        duration_seconds: number(row, "duration_seconds")?,
        extensions: number(row, "extensions")?,
    })
}

fn granted(row: &AnyRow) -> Result<Option<Scope>, StoreError> {
    let Some(text) = row.try_get::<Option<String>, _>("granted_mode")? else { return Ok(None) };
    Ok(Some(Scope {
        mode: mode(&text, "granted_mode")?,
        duration_seconds: number(row, "granted_seconds")?,
        extensions: number(row, "granted_extensions")?,
    }))
}

pub(super) fn listed(rows: &[AnyRow]) -> Result<Vec<RequestRow>, StoreError> {
    let mut requests = Vec::with_capacity(rows.len());
    for row in rows {
        match request(row) {
            Ok(request) => requests.push(request),
            Err(StoreError::UnknownValue { column }) => {
                tracing::error!(request = %row.try_get::<String, _>("id")?, column, "a request cannot be read; it is left out");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(requests)
}

fn request(row: &AnyRow) -> Result<RequestRow, StoreError> {
    let unknown = |column| StoreError::UnknownValue { column };
    Ok(RequestRow {
        id: RequestId(row.try_get("id")?),
        state: RequestState::parse(&row.try_get::<String, _>("state")?).ok_or(unknown("state"))?,
        staff: StaffId(row.try_get("staff")?),
        staff_name: row.try_get("staff_name")?,
        staff_email: row.try_get("staff_email")?,
        staff_role: row.try_get("staff_role")?,
        device: DeviceId(row.try_get("device")?),
        portal: PortalId(row.try_get("portal")?),
        customer: serde_json::from_str(&row.try_get::<String, _>("customer_json")?)
            .map_err(|_| unknown("customer_json"))?,
        reason: Reason {
            code: row.try_get("reason_code")?,
            text: row.try_get("reason_text")?,
            ticket: row.try_get("ticket")?,
        },
        asked: scope(row)?,
        granted: granted(row)?,
        rules: row.try_get::<String, _>("rules")?.split_whitespace().map(ToOwned::to_owned).collect(),
        policy_hash: row.try_get("policy_hash")?,
        server: row.try_get("server")?,
        nonce: row.try_get("nonce")?,
        approvals_needed: number(row, "approvals_needed")?,
        created_at: UnixMillis(row.try_get("created_at")?),
        expires_at: UnixMillis(row.try_get("expires_at")?),
        session: row.try_get::<Option<String>, _>("session")?.map(SessionId),
        escalated_at: row.try_get::<Option<i64>, _>("escalated_at")?.map(UnixMillis),
        write: write(row)?,
    })
}

pub(super) fn open_write(row: &AnyRow, session: &SessionId) -> Result<OpenWrite, StoreError> {
    let staff = StaffId(row.try_get("staff")?);
    let was = RequestState::parse(&row.try_get::<String, _>("state")?);
    Ok(OpenWrite {
        id: RequestId(row.try_get("id")?),
        was: was.ok_or(StoreError::UnknownValue { column: "state" })?,
        subject: EventSubject {
            staff: Some(staff.clone()),
            customer: Some(CustomerId(row.try_get("customer")?)),
            portal: Some(PortalId(row.try_get("portal")?)),
            session: Some(session.clone()),
            device: Some(DeviceId(row.try_get("device")?)),
            policy_hash: Some(row.try_get("policy_hash")?),
        },
        staff,
    })
}

fn write(row: &AnyRow) -> Result<Option<WriteRow>, StoreError> {
    let Some(json) = row.try_get::<Option<String>, _>("write_json")? else { return Ok(None) };
    let asked = serde_json::from_str(&json).map_err(|_| StoreError::UnknownValue { column: "write_json" })?;
    let outcome = row.try_get::<Option<String>, _>("outcome_json")?;
    let outcome = outcome.map(|json| serde_json::from_str(&json)).transpose();
    let is_used = row.try_get::<String, _>("state")? == RequestState::Used.as_str();
    Ok(Some(WriteRow {
        asked,
        sent_at: row.try_get::<Option<i64>, _>("closed_at")?.filter(|_| is_used).map(UnixMillis),
        outcome: outcome.map_err(|_| StoreError::UnknownValue { column: "outcome_json" })?,
    }))
}

pub(super) fn decision(row: &AnyRow) -> Result<DecisionRow, StoreError> {
    let verdict: String = row.try_get("verdict")?;
    Ok(DecisionRow {
        approver: StaffId(row.try_get("approver")?),
        approver_name: row.try_get("approver_name")?,
        verdict: Verdict::parse(&verdict).ok_or(StoreError::UnknownValue { column: "verdict" })?,
        scope: scope(row)?,
        comment: row.try_get("comment")?,
        decided_at: UnixMillis(row.try_get("decided_at")?),
    })
}
