//! More time for a running session: at most so often, at most so long, each time with a reason of its own.

use amberglass_wire::{SessionId, StaffId, audit::EventDetail, session::Reason};

use super::{SessionError, Sessions, emergency::Stopped, subject_of};
use crate::store::{Remembered, SessionRow, StoreError, Tx};

/// An extension that policy, reason and customer have allowed.
pub struct Extending<'a> {
    pub session: &'a SessionId,
    pub staff: &'a StaffId,
    pub seconds: u32,
    pub reason: &'a Reason,
    pub idempotency_key: &'a str,
    pub body_sha256: &'a str,
}

/// Why a session was not extended. Its deadline is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// Frozen, over, or of an account, device or portal that is switched off.
    #[error("the session is not active")]
    NotActive,
    #[error("all extensions are used")]
    UsedUp,
    #[error("the whole session would last longer than allowed")]
    TotalTooLong { left_seconds: i64 },
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for ExtendError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for ExtendError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

/// Scope of the idempotency keys.
fn route(session: &SessionId) -> String {
    format!("POST /v1/sessions/{session}/extensions")
}

impl Sessions {
    /// The session as it is, if an earlier request with the same key extended it.
    ///
    /// # Errors
    /// When the key stands for another request.
    pub async fn recall_extension(
        &self,
        session: &SessionId,
        staff: &StaffId,
        idempotency_key: &str,
        body_sha256: &str,
    ) -> Result<Option<SessionRow>, ExtendError> {
        let mut tx = self.store.begin().await?;
        recall_in(&mut tx, session, staff, idempotency_key, body_sha256).await
    }

    /// Moves the deadline by what is asked for, with its record.
    ///
    /// # Errors
    /// When the session or its limits do not allow it, or the record could not be written.
    pub async fn extend(&self, extending: &Extending<'_>) -> Result<SessionRow, ExtendError> {
        let Extending { session, staff, seconds, reason, idempotency_key, body_sha256 } = *extending;
        let mut tx = self.store.begin().await?;
        if let Some(row) = recall_in(&mut tx, session, staff, idempotency_key, body_sha256).await? {
            return Ok(row);
        }
        let now = self.clock.now();
        let row = tx.session(session).await?.ok_or(ExtendError::NotActive)?;
        if self.end_if_due(&mut tx, &row, now).await? {
            tx.commit().await?;
            return Err(ExtendError::NotActive);
        }
        self.refuse_when_stopped(&mut tx).await?;
        if !row.staff_active || !self.portal_active(&row) {
            return Err(ExtendError::NotActive);
        }
        let limits = self.limits();
        if row.extensions >= row.max_extensions.unwrap_or(limits.max_extensions) {
            return Err(ExtendError::UsedUp);
        }
        let latest = row.started_at.plus_seconds(i64::from(limits.max_duration_seconds));
        let expires_at = row.expires_at.plus_seconds(i64::from(seconds));
        if expires_at > latest {
            let left_seconds = latest.since(row.expires_at).max(0).div_euclid(1000);
            return Err(ExtendError::TotalTooLong { left_seconds });
        }
        if !tx.extend_session(&row, expires_at, now).await? {
            return Err(ExtendError::NotActive);
        }
        // The portal was asked just now.
        tx.mark_customer_checked(&row.id, now).await?;
        let number = row.extensions.saturating_add(1);
        let detail = EventDetail::SessionExtended { expires_at, reason: reason.clone(), number };
        self.audit.append_in(&mut tx, subject_of(&row), detail).await.map_err(SessionError::from)?;
        tx.remember(staff, &route(session), idempotency_key, body_sha256, session.as_str(), now).await?;
        self.announce(&mut tx, &row.id);
        let row = tx.session(session).await?.ok_or(ExtendError::NotActive)?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn recall_in(
    tx: &mut Tx,
    session: &SessionId,
    staff: &StaffId,
    key: &str,
    body_sha256: &str,
) -> Result<Option<SessionRow>, ExtendError> {
    match tx.recall(staff, &route(session), key, body_sha256).await? {
        Remembered::Nothing => Ok(None),
        Remembered::Mismatch => Err(ExtendError::IdempotencyMismatch),
        Remembered::Resource(id) => Ok(tx.session(&SessionId(id)).await?),
    }
}
