//! One approver's decision. The signature, the policy and what was seen are checked before; the state is checked here.

use amberglass_domain::approval::{SEND_WITHIN_SECONDS, granted};
use amberglass_wire::{
    approval::{RequestState, SignedDecision, Verdict},
    audit::EventDetail,
};

use super::super::{SessionError, Sessions, emergency::Stopped};
use crate::store::{RequestRow, StoreError};

/// A decision that fits the request as it was a moment ago, by somebody who may decide.
pub struct Deciding<'a> {
    pub decision: &'a SignedDecision,
    /// The approver's role, by which the policy lets them decide.
    pub role: &'a str,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("there is no such request")]
    Unknown,
    /// Account, role or device are not what they were when the policy was asked.
    #[error("whoever decides may not any more")]
    NotAnyMore,
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for DecideError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for DecideError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

impl Sessions {
    /// The request as it is then. A decision that comes too late changes nothing and is no error.
    ///
    /// # Errors
    /// When neither the decision nor its record could be written.
    pub async fn decide(&self, deciding: &Deciding<'_>) -> Result<RequestRow, DecideError> {
        let decision = deciding.decision;
        let mut tx = self.store.begin().await?;
        let row = tx.request(&decision.request).await?.ok_or(DecideError::Unknown)?;
        let now = self.clock.now();
        let made = tx.decisions(&row.id).await?;
        let again = made.iter().any(|one| one.approver == decision.approver);
        if self.lapse_in(&mut tx, &row, now).await? {
            let row = tx.request(&row.id).await?.ok_or(DecideError::Unknown)?;
            tx.commit().await?;
            return Ok(row);
        }
        if row.state != RequestState::Pending || again {
            return Ok(row);
        }
        if !tx.stands(&decision.approver, deciding.role, &decision.device).await? {
            return Err(DecideError::NotAnyMore);
        }
        if decision.verdict == Verdict::Approve {
            self.refuse_when_stopped(&mut tx).await?;
        }
        let kept = match &row.write {
            None => None,
            Some(write) => match tx.kept_request(&write.asked.record).await? {
                Some(kept) if kept.expires_at > now => Some(kept),
                // Nothing is left that could be sent.
                Some(_) | None if decision.verdict == Verdict::Approve => {
                    self.close_in(&mut tx, &row, false, now).await?;
                    let row = tx.request(&row.id).await?.ok_or(DecideError::Unknown)?;
                    tx.commit().await?;
                    return Ok(row);
                }
                Some(_) | None => None,
            },
        };
        let (who, what) =
            ((&decision.approver, &decision.device), (decision.verdict, &decision.scope, decision.comment.as_str()));
        tx.insert_decision(&row.id, who, what, now).await?;
        let made = tx.decisions(&row.id).await?;
        let state = match decision.verdict {
            Verdict::Deny => {
                tx.deny_request(&row.id, now).await?;
                RequestState::Denied
            }
            Verdict::Approve => {
                let all = made.iter().map(|one| (one.verdict, &one.scope));
                match granted(&row.asked, row.approvals_needed, all) {
                    Some(scope) => {
                        let use_by = match &kept {
                            Some(kept) => now.plus_seconds(i64::from(SEND_WITHIN_SECONDS)).min(kept.expires_at),
                            None => now.plus_seconds(i64::from(self.limits().approval_seconds)),
                        };
                        tx.approve_request(&row.id, &scope, use_by, now).await?;
                        RequestState::Approved
                    }
                    None => RequestState::Pending,
                }
            }
        };
        let detail = EventDetail::ApprovalDecided { decision: Box::new(decision.clone()), state };
        self.audit.append_in(&mut tx, row.subject(), detail).await.map_err(SessionError::from)?;
        self.announce_request(&mut tx, &row);
        let row = tx.request(&row.id).await?.ok_or(DecideError::Unknown)?;
        tx.commit().await?;
        Ok(row)
    }
}
