//! The start: the session, its audit record and its idempotency key in one transaction, or none of them.

use amberglass_domain::{ports::uuid_v7, session_code};
use amberglass_wire::{
    DeviceId, RequestId, SessionId, StaffId,
    audit::EventDetail,
    customer::CustomerResponse,
    session::{Mode, Reason},
};

use super::{Breaking, Change, Grant, SessionError, Sessions, emergency::Stopped, subject_of};
use crate::store::{NewSession, Remembered, SessionRow, StoreError, Tx};

/// Scope of the idempotency keys.
const ROUTE: &str = "POST /v1/sessions";
/// Of 24 million codes a free one is found at once; this only bounds the loop.
const DRAWS: usize = 64;

/// A start that policy, reason, customer and portal have allowed.
pub struct Starting<'a> {
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub customer: &'a CustomerResponse,
    pub reason: &'a Reason,
    pub mode: Mode,
    pub duration_seconds: u32,
    /// What it needs to begin, and how often that lets it be extended.
    pub approval: Option<(&'a RequestId, u32)>,
    /// Or the emergency because of which it begins at once.
    pub break_glass: Option<Breaking<'a>>,
    pub policy_hash: &'a str,
    pub idempotency_key: &'a str,
    pub body_sha256: &'a str,
}

impl Starting<'_> {
    /// A stated emergency covers the time that was asked for; more of it is another one.
    fn max_extensions(&self) -> Option<u32> {
        let of_break_glass = self.break_glass.map(|_| 0);
        of_break_glass.or(self.approval.map(|(_, extensions)| extensions))
    }
}

pub struct Started {
    pub session: SessionRow,
    /// `None` when a repeated request finds the session entered or over.
    pub grant: Option<Grant>,
    /// True when the idempotency key was seen before.
    pub repeated: bool,
}

/// Why no session began. Nothing is half-started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the staff member already has a running session")]
    Conflict(Box<SessionRow>),
    #[error("an emergency stop is in force")]
    EmergencyStop { reason: String },
    #[error("the portal is switched off")]
    PortalDisabled,
    /// Withdrawn, lapsed, used, or given by somebody who holds no account any more.
    #[error("the approval does not hold any more")]
    ApprovalGone,
    /// What the policy was asked with is not so any more.
    #[error("something changed while the policy was asked")]
    Meanwhile,
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<Stopped> for StartError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::InForce(reason) => Self::EmergencyStop { reason },
            Stopped::Unknown(error) => error.into(),
        }
    }
}

impl Sessions {
    /// What an earlier request with the same key made, with a fresh grant as long as nobody entered.
    ///
    /// # Errors
    /// When the key stands for another request.
    pub async fn recall(
        &self,
        staff: &StaffId,
        idempotency_key: &str,
        body_sha256: &str,
    ) -> Result<Option<Started>, StartError> {
        let mut tx = self.store.begin().await?;
        let started = self.recall_in(&mut tx, staff, idempotency_key, body_sha256).await?;
        tx.commit().await?;
        Ok(started)
    }

    async fn recall_in(
        &self,
        tx: &mut Tx,
        staff: &StaffId,
        idempotency_key: &str,
        body_sha256: &str,
    ) -> Result<Option<Started>, StartError> {
        let id = match tx.recall(staff, ROUTE, idempotency_key, body_sha256).await? {
            Remembered::Nothing => return Ok(None),
            Remembered::Mismatch => return Err(StartError::IdempotencyMismatch),
            Remembered::Resource(id) => SessionId(id),
        };
        let Some(row) = tx.session(&id).await? else { return Ok(None) };
        let now = self.clock.now();
        let ended = self.end_if_due(tx, &row, now).await?;
        let grant = if ended { None } else { self.grant_in(tx, &id).await? };
        let Some(session) = tx.session(&id).await? else { return Ok(None) };
        Ok(Some(Started { session, grant, repeated: true }))
    }

    /// Starts the session, or says which one is in the way.
    ///
    /// # Errors
    /// On a conflict, a mismatching key, or when the record could not be written.
    pub async fn start(&self, starting: &Starting<'_>) -> Result<Started, StartError> {
        let mut tx = self.store.begin().await?;
        if let Some(started) =
            self.recall_in(&mut tx, starting.staff, starting.idempotency_key, starting.body_sha256).await?
        {
            tx.commit().await?;
            return Ok(started);
        }
        // With the write lock held: what is switched off from now on waits until this session is there to be ended.
        self.refuse_when_stopped(&mut tx).await?;
        if tx.portal_disabled(&starting.customer.portal).await? {
            return Err(StartError::PortalDisabled);
        }
        let now = self.clock.now();
        // A session past its deadline must not be in the way only because the timer has not come by yet.
        for row in tx.running_sessions_of(starting.staff).await? {
            self.end_if_due(&mut tx, &row, now).await?;
        }
        let Some(session) = self.insert(&mut tx, starting).await? else {
            let running = tx.running_sessions_of(starting.staff).await?.into_iter().next();
            // What was past its deadline stays ended, whether or not the new one could begin.
            tx.commit().await?;
            return Err(match running {
                Some(row) => StartError::Conflict(Box::new(row)),
                None => StoreError::UnknownValue { column: "code" }.into(),
            });
        };
        if let Some((request, _)) = starting.approval {
            if !tx.use_request(request, &session.id, now).await? {
                return Err(StartError::ApprovalGone);
            }
            tx.note_request(&session.id, request).await?;
            let detail = EventDetail::ApprovalUsed { request: request.clone() };
            self.audit.append_in(&mut tx, subject_of(&session), detail).await.map_err(SessionError::from)?;
            self.announce_change(&mut tx, Change::Request(starting.staff.clone()));
        }
        let session = match &starting.break_glass {
            Some(breaking) => self.break_glass_in(&mut tx, starting, breaking, session).await?,
            None => session,
        };
        let detail = EventDetail::SessionStarted {
            mode: session.mode,
            reason: session.reason.clone(),
            expires_at: session.expires_at,
            code: session.code.clone(),
            request: starting.approval.map(|(request, _)| request.clone()),
        };
        self.audit.append_in(&mut tx, subject_of(&session), detail).await.map_err(SessionError::from)?;
        tx.remember(starting.staff, ROUTE, starting.idempotency_key, starting.body_sha256, session.id.as_str(), now)
            .await?;
        let grant = self.grant_in(&mut tx, &session.id).await?;
        self.announce(&mut tx, &session.id);
        tx.commit().await?;
        Ok(Started { session, grant, repeated: false })
    }

    /// `None` when no slot is free; the unique index decides.
    async fn insert(&self, tx: &mut Tx, starting: &Starting<'_>) -> Result<Option<SessionRow>, StartError> {
        let id = SessionId(uuid_v7(&*self.clock, &*self.entropy));
        let started_at = self.clock.now();
        let mut code = session_code::draw(&*self.entropy);
        for _ in 0..DRAWS {
            if !tx.session_code_taken(&code).await? {
                break;
            }
            code = session_code::draw(&*self.entropy);
        }
        let customer_json = serde_json::to_string(starting.customer)
            .map_err(|_| StoreError::UnknownValue { column: "customer_json" })?;
        for slot in 0..self.limits().sessions_per_staff {
            let new = NewSession {
                id: &id,
                code: &code,
                slot,
                staff: starting.staff,
                device: starting.device,
                customer: starting.customer,
                customer_json: customer_json.clone(),
                reason: starting.reason,
                mode: starting.mode,
                policy_hash: starting.policy_hash,
                started_at,
                expires_at: started_at.plus_seconds(i64::from(starting.duration_seconds)),
                max_extensions: starting.max_extensions(),
            };
            if tx.insert_session(&new).await? {
                return Ok(tx.session(&id).await?);
            }
        }
        Ok(None)
    }
}
