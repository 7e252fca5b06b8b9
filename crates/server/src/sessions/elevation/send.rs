//! A write that was approved, on its way: one conditional update decides who sends it, its record is written before a byte
//! of it goes, and what came of it after.

use amberglass_domain::kept_request::KeptRequest;
use amberglass_wire::{
    DeviceId, RequestId, StaffId,
    approval::RequestState,
    audit::EventDetail,
    session::{Mode, SessionState},
};

use super::super::{GatewaySession, SessionError, Sessions, emergency::Stopped};
use crate::{
    secrets::ServerKey,
    store::{RequestRow, Sent, SessionRow, StoreError},
};

pub struct Sending<'a> {
    pub request: &'a RequestId,
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    /// What its console has signed that it wants sent, hex.
    pub write_sha256: &'a str,
}

/// What the gateway has to do now, or that there is nothing left to do.
pub enum ToSend {
    Now {
        kept: Box<KeptRequest>,
        session: Box<GatewaySession>,
    },
    /// It was sent before.
    Before(Box<RequestRow>),
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("there is no such request")]
    Unknown,
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the portal is switched off")]
    PortalDisabled,
    #[error("the session is not active")]
    NotActive,
    /// Not approved, too late, withdrawn, of another device, changed, or on the never-list by now.
    #[error("the approval does not hold for this")]
    Gone,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for SendError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for SendError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

impl Sessions {
    /// Whoever gets [`ToSend::Now`] sends it, and nobody ever after: it is on record as sent when this returns.
    ///
    /// # Errors
    /// When anything is not as it was approved, or the record could not be written; nothing goes then.
    pub async fn begin_send(&self, key: &ServerKey, sending: &Sending<'_>) -> Result<ToSend, SendError> {
        let mut tx = self.store.begin().await?;
        let row = tx.request(sending.request).await?.ok_or(SendError::Unknown)?;
        let (Some(write), Some(session)) = (&row.write, &row.session) else { return Err(SendError::Unknown) };
        if row.staff != *sending.staff {
            return Err(SendError::Unknown);
        }
        let now = self.clock.now();
        if self.lapse_in(&mut tx, &row, now).await? {
            tx.commit().await?;
            return Err(SendError::Gone);
        }
        if row.state == RequestState::Used {
            return Ok(ToSend::Before(Box::new(row)));
        }
        if row.state != RequestState::Approved || write.asked.sha256 != sending.write_sha256 {
            return Err(SendError::Gone);
        }
        self.refuse_when_stopped(&mut tx).await?;
        let session = tx.session(session).await?.ok_or(SendError::NotActive)?;
        self.may_send(&session, &row, sending)?;
        let kept = tx.kept_request(&write.asked.record).await?.ok_or(SendError::Gone)?;
        let opened = super::open(key, &kept).map_err(|_| SendError::Gone)?;
        if kept.session != session.id || opened.sha256() != write.asked.sha256 || opened.check().is_err() {
            tracing::error!(request = %row.id, "what was kept is not what was approved; it is not sent");
            return Err(SendError::Gone);
        }
        if !tx.use_write(&row.id, now).await? {
            return Err(SendError::Gone);
        }
        tx.forget_kept(&write.asked.record).await?;
        let detail = EventDetail::WriteSent { request: row.id.clone(), write: write.asked.clone() };
        self.audit.append_in(&mut tx, row.subject(), detail).await.map_err(SessionError::from)?;
        self.announce_request(&mut tx, &row);
        tx.commit().await?;
        // The portal is told what this one request is.
        let session = GatewaySession { mode: Mode::ReadWrite, ..session.into() };
        Ok(ToSend::Now { kept: Box::new(opened), session: Box::new(session) })
    }

    fn may_send(&self, session: &SessionRow, row: &RequestRow, sending: &Sending<'_>) -> Result<(), SendError> {
        if session.portal_disabled || !self.portal_active(session) {
            return Err(SendError::PortalDisabled);
        }
        let is_theirs = session.staff == *sending.staff && session.device == *sending.device;
        if !is_theirs || row.device != *sending.device || session.emergency.is_some() || session.mode != Mode::ReadOnly
        {
            return Err(SendError::Gone);
        }
        if session.state != SessionState::Active || !session.staff_active {
            return Err(SendError::NotActive);
        }
        Ok(())
    }

    /// Puts on record what came of it.
    ///
    /// # Errors
    /// When that could not be written: then it stays as sent, and nobody knows what came of it.
    pub async fn note_sent(&self, request: &RequestId, sent: &Sent) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        let Some(row) = tx.request(request).await? else { return Ok(()) };
        let runs = match &row.session {
            Some(session) => tx.session(session).await?.is_some_and(|session| session.state.is_running()),
            None => false,
        };
        // Nobody goes anywhere in a session that is over.
        let page = sent.page.clone().filter(|_| runs);
        if tx.note_outcome(request, &Sent { outcome: sent.outcome.clone(), page }).await? {
            let detail = EventDetail::WriteAnswered { request: request.clone(), outcome: sent.outcome.clone() };
            self.audit.append_in(&mut tx, row.subject(), detail).await?;
            self.announce_request(&mut tx, &row);
        }
        Ok(tx.commit().await?)
    }
}
