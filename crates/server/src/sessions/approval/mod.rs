//! What may begin after approval only: asked for, decided, withdrawn, lapsed, used.
//!
//! Each change of state is one conditional update in one transaction with its audit record; who is later gets the request as
//! it is.

mod ask;
mod decide;
mod lapse;
mod withdraw;

use amberglass_wire::{
    StaffId,
    approval::{DecisionResponse, RequestResponse},
};

pub use ask::{AskError, Asked, Asking};
pub use decide::{DecideError, Deciding};
pub use withdraw::{WithdrawError, Withdrawing};

use super::{Change, Sessions};
use crate::store::{DecisionRow, RequestRow, StoreError, Tx};

impl Sessions {
    pub async fn request(&self, id: &amberglass_wire::RequestId) -> Result<Option<RequestRow>, StoreError> {
        self.store.request(id).await
    }

    /// Newest first.
    pub async fn requests_of(&self, staff: &StaffId) -> Result<Vec<RequestRow>, StoreError> {
        self.store.requests_of(staff).await
    }

    /// Oldest first.
    pub async fn pending_requests(&self) -> Result<Vec<RequestRow>, StoreError> {
        self.store.pending_requests().await
    }

    /// What this staff member has approved and can still withdraw, oldest first.
    pub async fn given_by(&self, approver: &StaffId) -> Result<Vec<RequestRow>, StoreError> {
        self.store.given_by(approver).await
    }

    /// The row as it goes over the wire; whether its reader may decide is for the policy to say.
    pub async fn request_response(&self, row: RequestRow, may_decide: bool) -> Result<RequestResponse, StoreError> {
        let decisions = self.store.decisions(&row.id).await?;
        let write = self.write_response(&row).await?;
        let portal_name =
            self.config.portal(&row.portal).map_or_else(|| row.portal.0.clone(), |portal| portal.name.clone());
        Ok(RequestResponse {
            id: row.id,
            state: row.state,
            staff: row.staff,
            staff_name: row.staff_name,
            portal_name,
            customer: row.customer,
            reason: row.reason,
            asked: row.asked,
            granted: row.granted,
            rules: row.rules,
            policy_hash: row.policy_hash,
            server: row.server,
            nonce: row.nonce,
            created_at: row.created_at,
            expires_at: row.expires_at,
            approvals_needed: row.approvals_needed,
            decisions: decisions.into_iter().map(decision).collect(),
            session: row.session,
            write,
            may_decide,
            next_level: false,
            escalated_at: row.escalated_at,
            context: None,
        })
    }

    /// To be called with the transaction that changes the request.
    pub(super) fn announce_request(&self, tx: &mut Tx, row: &RequestRow) {
        self.announce_change(tx, Change::Request(row.staff.clone()));
    }
}

fn decision(row: DecisionRow) -> DecisionResponse {
    DecisionResponse {
        verdict: row.verdict,
        approver: row.approver,
        approver_name: row.approver_name,
        scope: row.scope,
        comment: row.comment,
        decided_at: row.decided_at,
    }
}
