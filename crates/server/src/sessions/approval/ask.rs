//! A request for approval: the row, its record and its idempotency key in one transaction, or none of them.

use amberglass_domain::ports::uuid_v7;
use amberglass_wire::{
    DeviceId, RequestId, StaffId, UnixMillis, approval::Scope, audit::EventDetail, customer::CustomerResponse,
    session::Reason,
};

use super::super::{SessionError, Sessions, emergency::Stopped};
use crate::store::{NewRequest, Remembered, RequestRow, StoreError, Tx};

/// Scope of the idempotency keys.
const ROUTE: &str = "POST /v1/requests";
const NONCE_BYTES: usize = 16;
const HOUR_SECONDS: i64 = 60 * 60;

/// A request that policy, reason, customer and portal have let through.
pub struct Asking<'a> {
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub customer: &'a CustomerResponse,
    pub reason: &'a Reason,
    pub asked: Scope,
    pub rules: &'a [String],
    pub policy_hash: &'a str,
    pub approvals_needed: u32,
    pub idempotency_key: &'a str,
    pub body_sha256: &'a str,
}

pub struct Asked {
    pub request: RequestRow,
    /// It was there before: by the same key, or because the same customer is asked for already.
    pub repeated: bool,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the portal is switched off")]
    PortalDisabled,
    /// Everybody who may decide is told of each.
    #[error("so many are open, or were asked for within the hour, that it has to wait")]
    TooMany { retry_after_seconds: u32 },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for AskError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for AskError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

impl Sessions {
    /// Puts the question to whoever may approve.
    ///
    /// # Errors
    /// When the key stands for another request, or the record could not be written.
    pub async fn ask(&self, asking: &Asking<'_>) -> Result<Asked, AskError> {
        let Asking {
            staff,
            device,
            customer,
            reason,
            asked,
            rules,
            policy_hash,
            approvals_needed,
            idempotency_key,
            body_sha256,
        } = *asking;
        let mut tx = self.store.begin().await?;
        match tx.recall(staff, ROUTE, idempotency_key, body_sha256).await? {
            Remembered::Nothing => {}
            Remembered::Mismatch => return Err(AskError::IdempotencyMismatch),
            Remembered::Resource(id) => {
                if let Some(request) = tx.request(&RequestId(id)).await? {
                    return Ok(Asked { request, repeated: true });
                }
            }
        }
        self.refuse_when_stopped(&mut tx).await?;
        if tx.portal_disabled(&customer.portal).await? {
            return Err(AskError::PortalDisabled);
        }
        let now = self.clock.now();
        if let Some(open) = tx.open_request_of(staff, customer).await?
            && !self.lapse_in(&mut tx, &open, now).await?
        {
            return Ok(Asked { request: open, repeated: true });
        }
        if let Some(retry_after_seconds) = self.asks_too_much(&mut tx, staff, now).await? {
            return Err(AskError::TooMany { retry_after_seconds });
        }
        let id = RequestId(uuid_v7(&*self.clock, &*self.entropy));
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let expires_at = now.plus_seconds(i64::from(self.limits().request_seconds));
        tx.insert_request(&NewRequest {
            id: &id,
            staff,
            device,
            customer,
            customer_json: serde_json::to_string(customer)
                .map_err(|_| StoreError::UnknownValue { column: "customer_json" })?,
            reason,
            asked,
            rules,
            policy_hash,
            server: self.audit.writer(),
            nonce: &hex::encode(nonce),
            approvals_needed,
            created_at: now,
            expires_at,
            write: None,
        })
        .await?;
        let request = tx.request(&id).await?.ok_or(StoreError::UnknownValue { column: "id" })?;
        let detail = EventDetail::ApprovalRequested {
            request: id.clone(),
            scope: asked,
            reason: reason.clone(),
            rules: rules.to_vec(),
            expires_at,
            write: None,
        };
        self.audit.append_in(&mut tx, request.subject(), detail).await.map_err(SessionError::from)?;
        tx.remember(staff, ROUTE, idempotency_key, body_sha256, id.as_str(), now).await?;
        self.announce_request(&mut tx, &request);
        tx.commit().await?;
        Ok(Asked { request, repeated: false })
    }

    /// Where so many are open, or were asked for within the hour, that another one has to wait: so many seconds.
    pub(in super::super) async fn asks_too_much(
        &self,
        tx: &mut Tx,
        staff: &StaffId,
        now: UnixMillis,
    ) -> Result<Option<u32>, StoreError> {
        let so_far = tx.asked_so_far(staff, now.plus_seconds(-HOUR_SECONDS)).await?;
        let until = if so_far.open >= self.limits().open_requests_per_staff {
            so_far.first_lapses_at
        } else if so_far.since >= self.limits().requests_per_hour {
            so_far.first_asked_at.map(|at| at.plus_seconds(HOUR_SECONDS))
        } else {
            return Ok(None);
        };
        let seconds = until.map_or(1, |until| until.since(now).saturating_add(999).div_euclid(1000));
        Ok(Some(u32::try_from(seconds).unwrap_or(1).max(1)))
    }
}
