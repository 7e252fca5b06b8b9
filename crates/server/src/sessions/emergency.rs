//! The emergency stop: every session ends and none begins until it is lifted.

use amberglass_domain::ports::uuid_v7;
use amberglass_wire::{
    StaffId, UnixMillis,
    audit::{EventDetail, EventSubject},
    session::EndedBy,
};

use super::{Change, Ending, SessionError, Sessions};
use crate::{
    audit::AuditLog,
    operator::Operator,
    store::{EmergencyStopRow, SessionRow, StoreError, Tx},
};

impl Sessions {
    /// Puts a stop in force and ends what runs, all at once. One that is in force already stands as it is.
    ///
    /// # Errors
    /// When it could not be written; nothing ended then.
    pub async fn emergency_stop(&self, by: Option<&StaffId>, reason: &str) -> Result<EmergencyStopRow, SessionError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let id = uuid_v7(&*self.clock, &*self.entropy);
        put_in_force(&mut tx, &self.audit, &id, by, reason, now).await?;
        let stop = tx.emergency_stop().await?.ok_or(StoreError::UnknownValue { column: "lifted_at" })?;
        // Also those that a stop which was in force before has not come to yet.
        let running = tx.running_sessions().await?;
        for row in &running.readable {
            if !self.end_if_due(&mut tx, row, now).await? {
                self.end_in(&mut tx, row, &ending_by(&stop, row), now).await?;
            }
        }
        for row in running.unreadable {
            let ending = Ending { reason: Some(&stop.reason), ..Ending::by(EndedBy::EmergencyStop) };
            self.end_subject_in(&mut tx, &row.id, row.subject, &ending, now).await?;
        }
        self.announce_change(&mut tx, Change::Everything);
        tx.commit().await?;
        Ok(stop)
    }

    /// False when none is in force.
    ///
    /// # Errors
    /// When it could not be written; the stop stays in force then.
    pub async fn lift_emergency_stop(&self, by: Option<&StaffId>) -> Result<bool, SessionError> {
        let mut tx = self.store.begin().await?;
        if !lift_in(&mut tx, &self.audit, by, self.clock.now()).await? {
            return Ok(false);
        }
        self.announce_change(&mut tx, Change::Everything);
        tx.commit().await?;
        Ok(true)
    }

    /// For the transaction that is about to start or extend something.
    pub(super) async fn refuse_when_stopped(&self, tx: &mut Tx) -> Result<(), Stopped> {
        match tx.emergency_stop().await {
            Ok(None) => Ok(()),
            Ok(Some(stop)) => Err(Stopped::InForce(stop.reason)),
            Err(error) => Err(Stopped::Unknown(error)),
        }
    }
}

/// Why nothing may start or be extended.
pub(super) enum Stopped {
    InForce(String),
    Unknown(StoreError),
}

/// How a stop that is in force ends a session.
pub(super) fn ending_by<'a>(stop: &'a EmergencyStopRow, row: &SessionRow) -> Ending<'a> {
    Ending {
        staff: stop.stopped_by.as_ref().filter(|staff| **staff != row.staff),
        reason: Some(&stop.reason),
        ..Ending::by(EndedBy::EmergencyStop)
    }
}

/// The operator's own stop: running servers notice it within half a second, and end what runs.
///
/// # Errors
/// When it could not be written.
pub async fn stop_as_operator(operator: &Operator, reason: &str) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    let id = uuid_v7(&*operator.clock, &*operator.entropy);
    let is_new = put_in_force(&mut tx, &operator.audit, &id, None, reason, operator.clock.now()).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// # Errors
/// When it could not be written; the stop stays in force then.
pub async fn lift_as_operator(operator: &Operator) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    let is_lifted = lift_in(&mut tx, &operator.audit, None, operator.clock.now()).await?;
    tx.commit().await?;
    Ok(is_lifted)
}

/// False when one is in force already.
async fn put_in_force(
    tx: &mut Tx,
    audit: &AuditLog,
    id: &str,
    by: Option<&StaffId>,
    reason: &str,
    at: UnixMillis,
) -> Result<bool, SessionError> {
    if !tx.insert_emergency_stop(id, reason, by, at).await? {
        return Ok(false);
    }
    let detail = EventDetail::EmergencyStopped { by: by.cloned(), reason: reason.to_owned() };
    audit.append_in(tx, subject_of_staff(by), detail).await?;
    Ok(true)
}

/// False when none is in force.
async fn lift_in(tx: &mut Tx, audit: &AuditLog, by: Option<&StaffId>, at: UnixMillis) -> Result<bool, SessionError> {
    if !tx.lift_emergency_stop(by, at).await? {
        return Ok(false);
    }
    audit.append_in(tx, subject_of_staff(by), EventDetail::EmergencyStopLifted { by: by.cloned() }).await?;
    Ok(true)
}

fn subject_of_staff(by: Option<&StaffId>) -> EventSubject {
    EventSubject { staff: by.cloned(), ..EventSubject::default() }
}
