//! The question whether one blocked write may be sent: the row and its record in one transaction, or neither.

use amberglass_domain::{approval::ONE_WRITE, ports::uuid_v7};
use amberglass_wire::{
    DeviceId, RequestId, StaffId,
    audit::EventDetail,
    customer::CustomerResponse,
    elevation::AskedWrite,
    session::{Mode, SessionState},
};

use super::super::{Asked, SessionError, Sessions, emergency::Stopped};
use crate::store::{NewRequest, SessionRow, StoreError};

const NONCE_BYTES: usize = 16;

/// A question that policy, customer and portal have let through, about a write that can be asked for.
pub struct Elevating<'a> {
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub session: &'a SessionRow,
    /// As the portal describes them now.
    pub customer: &'a CustomerResponse,
    pub write: &'a AskedWrite,
    pub rules: &'a [String],
    pub policy_hash: &'a str,
    pub approvals_needed: u32,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum ElevateError {
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the portal is switched off")]
    PortalDisabled,
    #[error("the session is not one in which a write can be asked for now")]
    NotActive,
    /// Everybody who may decide is told of each.
    #[error("so many are open, or were asked for within the hour, that it has to wait")]
    TooMany { retry_after_seconds: u32 },
    /// Its time is over, or the session's.
    #[error("the write is not kept any more")]
    Gone,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for ElevateError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for ElevateError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

impl Sessions {
    /// Puts the question to whoever may approve. Each write is asked for once: asked again, the request is given that is
    /// there, whatever became of it.
    ///
    /// # Errors
    /// When the session is not one of theirs that runs, or neither the question nor its record could be written.
    pub async fn elevate(&self, elevating: &Elevating<'_>) -> Result<Asked, ElevateError> {
        let Elevating { staff, device, session, customer, write, rules, policy_hash, approvals_needed } = *elevating;
        let mut tx = self.store.begin().await?;
        if let Some(request) = tx.request_about(&write.record).await? {
            return Ok(Asked { request, repeated: true });
        }
        self.refuse_when_stopped(&mut tx).await?;
        if tx.portal_disabled(&customer.portal).await? {
            return Err(ElevateError::PortalDisabled);
        }
        let now = self.clock.now();
        let row = tx.session(&session.id).await?.ok_or(ElevateError::NotActive)?;
        let is_theirs = row.staff == *staff && row.device == *device;
        let can_be = row.state == SessionState::Active && row.expires_at > now && row.mode == Mode::ReadOnly;
        if !is_theirs || !can_be || row.emergency.is_some() {
            return Err(ElevateError::NotActive);
        }
        let kept = tx.kept_request(&write.record).await?.ok_or(ElevateError::Gone)?;
        if kept.session != row.id || kept.sealed.is_err() {
            return Err(ElevateError::Gone);
        }
        if let Some(retry_after_seconds) = self.asks_too_much(&mut tx, staff, now).await? {
            return Err(ElevateError::TooMany { retry_after_seconds });
        }
        let id = RequestId(uuid_v7(&*self.clock, &*self.entropy));
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        // Longer than its session, or than what is kept, it is of no use.
        let expires_at =
            now.plus_seconds(i64::from(self.limits().request_seconds)).min(row.expires_at).min(kept.expires_at);
        tx.insert_request(&NewRequest {
            id: &id,
            staff,
            device,
            customer,
            customer_json: serde_json::to_string(customer)
                .map_err(|_| StoreError::UnknownValue { column: "customer_json" })?,
            reason: &row.reason,
            asked: ONE_WRITE,
            rules,
            policy_hash,
            server: self.audit.writer(),
            nonce: &hex::encode(nonce),
            approvals_needed,
            created_at: now,
            expires_at,
            write: Some((&row.id, write)),
        })
        .await?;
        let request = tx.request(&id).await?.ok_or(StoreError::UnknownValue { column: "id" })?;
        let detail = EventDetail::ApprovalRequested {
            request: id,
            scope: ONE_WRITE,
            reason: row.reason,
            rules: rules.to_vec(),
            expires_at,
            write: Some(write.clone()),
        };
        self.audit.append_in(&mut tx, request.subject(), detail).await.map_err(SessionError::from)?;
        self.announce_request(&mut tx, &request);
        tx.commit().await?;
        Ok(Asked { request, repeated: false })
    }
}
