//! One field that a portal's rules mask, shown in a running session: on record with its reason before it is, for minutes, and never
//! beyond the session.

use amberglass_wire::{SessionId, StaffId, UnixMillis, audit::EventDetail, session::SessionState};

use super::{SessionError, Sessions, emergency::Stopped, subject_of};
use crate::store::{Remembered, StoreError, Tx, UnmaskedRow};

/// So long a field is shown at most.
const SHOWN_SECONDS: i64 = 5 * 60;

/// A field that the portal's rules and the policy let be shown, for a reason that says something.
pub struct Unmasking<'a> {
    pub session: &'a SessionId,
    pub staff: &'a StaffId,
    /// Of the portal's rules.
    pub rule: &'a str,
    pub pointer: &'a str,
    pub reason: &'a str,
    pub idempotency_key: &'a str,
    pub body_sha256: &'a str,
}

/// Why a field stays masked.
#[derive(Debug, thiserror::Error)]
pub enum UnmaskError {
    /// Frozen, over, or of an account, device or portal that is switched off.
    #[error("the session is not active")]
    NotActive,
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for UnmaskError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for UnmaskError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

/// Scope of the idempotency keys.
fn route(session: &SessionId) -> String {
    format!("POST /v1/sessions/{session}/unmaskings")
}

impl Sessions {
    /// Until when the field is shown, if an earlier request with the same key asked for it.
    ///
    /// # Errors
    /// When the key stands for another request.
    pub async fn recall_unmasking(&self, unmasking: &Unmasking<'_>) -> Result<Option<UnixMillis>, UnmaskError> {
        let mut tx = self.store.begin().await?;
        recall_in(&mut tx, unmasking).await
    }

    /// Shows the field from here on, and gives until when. Asked for anew with another reason, its time begins anew.
    ///
    /// # Errors
    /// When the session does not run, or the record could not be written; the field stays masked then.
    pub async fn unmask(&self, unmasking: &Unmasking<'_>) -> Result<UnixMillis, UnmaskError> {
        let Unmasking { session, staff, rule, pointer, reason, idempotency_key, body_sha256 } = *unmasking;
        let mut tx = self.store.begin().await?;
        if let Some(until) = recall_in(&mut tx, unmasking).await? {
            return Ok(until);
        }
        let now = self.clock.now();
        let row = tx.session(session).await?.ok_or(UnmaskError::NotActive)?;
        if self.end_if_due(&mut tx, &row, now).await? {
            tx.commit().await?;
            return Err(UnmaskError::NotActive);
        }
        self.refuse_when_stopped(&mut tx).await?;
        if row.state != SessionState::Active || !row.staff_active || !self.portal_active(&row) {
            return Err(UnmaskError::NotActive);
        }
        let until = now.plus_seconds(SHOWN_SECONDS).min(row.expires_at);
        let (rule, pointer) = (rule.to_owned(), pointer.to_owned());
        let shown = UnmaskedRow { rule: rule.clone(), pointer: pointer.clone(), shown_until: until };
        if !tx.unmask_field(session, &shown).await? {
            return Err(UnmaskError::NotActive);
        }
        let detail = EventDetail::FieldUnmasked { rule, pointer, reason: reason.to_owned(), until };
        self.audit.append_in(&mut tx, subject_of(&row), detail).await.map_err(SessionError::from)?;
        tx.remember(staff, &route(session), idempotency_key, body_sha256, session.as_str(), now).await?;
        tx.commit().await?;
        Ok(until)
    }
}

async fn recall_in(tx: &mut Tx, unmasking: &Unmasking<'_>) -> Result<Option<UnixMillis>, UnmaskError> {
    let Unmasking { session, staff, rule, pointer, idempotency_key, body_sha256, reason: _ } = *unmasking;
    match tx.recall(staff, &route(session), idempotency_key, body_sha256).await? {
        Remembered::Nothing => Ok(None),
        Remembered::Mismatch => Err(UnmaskError::IdempotencyMismatch),
        // Masked again with the session's end.
        Remembered::Resource(_) => {
            tx.unmasked_until(session, rule, pointer).await?.ok_or(UnmaskError::NotActive).map(Some)
        }
    }
}
