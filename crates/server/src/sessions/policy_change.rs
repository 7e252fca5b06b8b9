//! Another policy than the one that a running session was decided by: decided again when the server starts.

use amberglass_wire::session::{EndedBy, PolicyAnswer};

use super::{Ending, SessionError, Sessions};
use crate::{
    policy::{BreakGlassPast, Circumstances, Policy, PolicyError, Principal, StartDecision, Target, Write},
    store::{RequestRow, SessionRow, StoreError, WriteRow},
};

/// Why running sessions could not be decided again. The server does not start then.
#[derive(Debug, thiserror::Error)]
pub enum DecideAgainError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl From<StoreError> for DecideAgainError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl Sessions {
    /// Ends what `policy` would not let begin, and lapses requests that it says something else to; so it does with what nobody
    /// can decide. What was switched off otherwise is left to the timer, which has the truer word for it.
    ///
    /// # Errors
    /// When the database, or the record, does not let it be decided or changed. Whatever else can be is all the same.
    pub async fn decide_again(&self, policy: &Policy) -> Result<(), DecideAgainError> {
        let mut failed = None;
        let mut keep = |done: Result<(), DecideAgainError>| {
            if let Err(error) = done {
                failed = Some(error);
            }
        };
        for row in self.store.open_requests().await? {
            keep(self.decide_request_again(policy, &row).await);
        }
        for row in self.store.running_sessions().await?.readable {
            keep(self.decide_session_again(policy, &row).await);
        }
        failed.map_or(Ok(()), Err)
    }

    async fn decide_request_again(&self, policy: &Policy, row: &RequestRow) -> Result<(), DecideAgainError> {
        if row.policy_hash == policy.hash() || known(self.still_asks(policy, row).await)? {
            return Ok(());
        }
        tracing::warn!(request = %row.id, "the policy in force says something else to a request; it lapses");
        Ok(self.lapse_by_policy(&row.id).await?)
    }

    async fn decide_session_again(&self, policy: &Policy, row: &SessionRow) -> Result<(), DecideAgainError> {
        let is_due = row.expires_at <= self.clock.now() || !row.staff_active || !self.portal_active(row);
        if is_due || row.policy_hash == policy.hash() || known(self.is_allowed(policy, row).await)? {
            return Ok(());
        }
        tracing::warn!(session = %row.id, "the policy in force does not allow a running session; it ends");
        self.end(&row.id, &Ending::by(EndedBy::PolicyChanged)).await?;
        Ok(())
    }

    /// Nobody has to ask anew for what needs the same approval, or none at all any more.
    async fn still_asks(&self, policy: &Policy, row: &RequestRow) -> Result<bool, DecideAgainError> {
        let staff_role = self.store.staff_by_email(&row.customer.email).await?.map(|staff| staff.role);
        let whom = Target {
            customer: &row.customer,
            portal_active: true,
            staff_role: staff_role.as_deref(),
            circumstances: Circumstances::USUAL,
        };
        let who = Principal { id: &row.staff, email: &row.staff_email, role: &row.staff_role };
        let decision = match &row.write {
            None => policy.start(&who, &whom, row.asked.mode)?,
            Some(WriteRow { asked, .. }) => {
                let path = asked.path.split('?').next().unwrap_or_default();
                policy.elevate(&who, &whom, row.asked.mode, Write { method: &asked.method, path })?
            }
        };
        Ok(match decision.answer {
            PolicyAnswer::Allowed => true,
            PolicyAnswer::NeedsApproval => self.holds(policy, row, &decision).await?,
            PolicyAnswer::Refused => false,
        })
    }

    async fn is_allowed(&self, policy: &Policy, row: &SessionRow) -> Result<bool, DecideAgainError> {
        // The portal need not answer yet: the customer is who they were at the start, and is asked for again soon.
        let staff_role = self.store.staff_by_email(&row.customer.email).await?.map(|staff| staff.role);
        let whom = Target {
            customer: &row.customer,
            portal_active: true,
            staff_role: staff_role.as_deref(),
            circumstances: Circumstances::USUAL,
        };
        let who = Principal { id: &row.staff, email: &row.staff_email, role: &row.staff_role };
        let decision = if row.emergency.is_some() {
            policy.break_glass(&who, &whom, row.mode, BreakGlassPast::default())?
        } else {
            policy.start(&who, &whom, row.mode)?
        };
        Ok(match decision.answer {
            PolicyAnswer::Allowed => true,
            PolicyAnswer::NeedsApproval => match &row.request {
                Some(id) => match self.store.request(id).await? {
                    Some(request) => self.holds(policy, &request, &decision).await?,
                    None => false,
                },
                None => false,
            },
            PolicyAnswer::Refused => false,
        })
    }

    /// What is approved, in whole or in part, is approved enough for what `policy` has `decided`, by people whom it lets.
    async fn holds(
        &self,
        policy: &Policy,
        row: &RequestRow,
        decided: &StartDecision,
    ) -> Result<bool, DecideAgainError> {
        let approvers = self.store.approvers(&row.id).await?;
        Ok(policy.approval_holds(row, decided, &approvers)?)
    }
}

/// What can't be decided, because a row can't be read or the policy fails on it, is not allowed. A database that fails is
/// another matter: it is asked again.
fn known(decided: Result<bool, DecideAgainError>) -> Result<bool, DecideAgainError> {
    match decided {
        Err(
            error @ (DecideAgainError::Policy(_)
            | DecideAgainError::Session(SessionError::Store(StoreError::UnknownValue { .. }))),
        ) => {
            tracing::error!(error = &error as &dyn std::error::Error, "it cannot be decided again");
            Ok(false)
        }
        decided => decided,
    }
}
