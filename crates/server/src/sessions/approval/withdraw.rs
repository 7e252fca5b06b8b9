//! Taken back: by who asked, or by who had approved. A session that began with it ends.

use amberglass_wire::{
    RequestId, StaffId,
    approval::{RequestState, Verdict},
    audit::EventDetail,
    session::EndedBy,
};

use super::super::{Ending, SessionError, Sessions};
use crate::store::{RequestRow, StoreError};

pub struct Withdrawing<'a> {
    pub request: &'a RequestId,
    pub by: &'a StaffId,
    /// Required from whoever did not ask for it.
    pub reason: Option<&'a str>,
}

/// Why nothing was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    #[error("there is no such request")]
    Unknown,
    /// Neither who asked nor one who approved.
    #[error("neither theirs nor approved by them")]
    NotTheirs,
    #[error("the reason is missing")]
    ReasonMissing,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for WithdrawError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl Sessions {
    /// The request as it is then. One that is closed already stays as it is, and that is success.
    ///
    /// # Errors
    /// When it is not theirs to withdraw, or neither the change nor its record could be written.
    pub async fn withdraw(&self, withdrawing: &Withdrawing<'_>) -> Result<RequestRow, WithdrawError> {
        let Withdrawing { request, by, reason } = *withdrawing;
        let mut tx = self.store.begin().await?;
        let row = tx.request(request).await?.ok_or(WithdrawError::Unknown)?;
        let now = self.clock.now();
        let own = row.staff == *by;
        let made = tx.decisions(&row.id).await?;
        let approved = made.iter().any(|one| one.approver == *by && one.verdict == Verdict::Approve);
        if !own && !approved {
            return Err(WithdrawError::NotTheirs);
        }
        if !own && reason.is_none() {
            return Err(WithdrawError::ReasonMissing);
        }
        let session = match &row.session {
            Some(id) => tx.session(id).await?,
            None => None,
        };
        let open = match row.state {
            RequestState::Pending | RequestState::Approved => true,
            // What was sent can't be taken back.
            RequestState::Used if row.write.is_some() => false,
            // Who asked ends the session itself; of one that is over nothing can be taken back.
            RequestState::Used => approved && session.as_ref().is_some_and(|session| session.state.is_running()),
            RequestState::Denied | RequestState::Withdrawn | RequestState::Lapsed => false,
        };
        if self.lapse_in(&mut tx, &row, now).await? || !open {
            let row = tx.request(&row.id).await?.ok_or(WithdrawError::Unknown)?;
            tx.commit().await?;
            return Ok(row);
        }
        tx.withdraw_request(&row.id, now).await?;
        let detail = EventDetail::ApprovalWithdrawn {
            request: row.id.clone(),
            by: by.clone(),
            reason: reason.map(ToOwned::to_owned),
        };
        self.audit.append_in(&mut tx, row.subject(), detail).await.map_err(SessionError::from)?;
        // A session in which a write was blocked did not begin with this.
        if let Some(session) = session.filter(|_| row.write.is_none())
            && !self.end_if_due(&mut tx, &session, now).await?
        {
            let ending = Ending { staff: Some(by), reason, ..Ending::by(EndedBy::ApprovalWithdrawn) };
            self.end_in(&mut tx, &session, &ending, now).await?;
        }
        self.announce_request(&mut tx, &row);
        let row = tx.request(&row.id).await?.ok_or(WithdrawError::Unknown)?;
        tx.commit().await?;
        Ok(row)
    }
}
