//! Sessions and their states: started, entered, alive, ended.
//!
//! Each change of state is one conditional update in one transaction with its audit record. Who loses a race gets the
//! state as it is. Only the server writes the end, and exactly once.

use std::sync::Arc;

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId, StaffId, UnixMillis,
    audit::EventSubject,
    session::{EndedBy, Mode, SessionResponse, SessionState},
};
use tokio::sync::broadcast;

use crate::{
    audit::{AuditError, AuditLog},
    config::{Limits, ServerConfig},
    store::{SessionRow, Store, StoreError, Tallies, Tx},
};

mod approval;
mod beat;
mod break_glass;
mod changes;
mod customer_check;
mod device;
mod elevation;
mod emergency;
mod end;
mod entry;
mod extend;
mod policy_change;
mod portal_stop;
mod start;
mod timer;
mod unmask;

pub use approval::{AskError, Asked, Asking, DecideError, Deciding, WithdrawError, Withdrawing};
pub use break_glass::{Breaking, ReviewError, Reviewing};
pub use changes::{Change, ChangedSession};
pub(crate) use customer_check::run as run_customer_check;
pub use elevation::{ElevateError, Elevating, Keeping, SendError, Sending, ToSend};
pub(crate) use elevation::{open as open_kept, seal};
pub use emergency::{lift_as_operator, stop_as_operator};
pub use end::Ending;
pub use entry::{EntryError, Grant};
pub use extend::{ExtendError, Extending};
pub use policy_change::DecideAgainError;
pub use start::{StartError, Started, Starting};
pub(crate) use timer::run as run_timer;
pub use unmask::{UnmaskError, Unmasking};

/// Hints that wait for a slow listener; who falls behind is told so and looks at the truth.
const HINTS: usize = 1024;

/// Why a session could not be changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// A session as the gateway needs it on every request.
#[derive(Clone, Debug)]
pub struct GatewaySession {
    pub id: SessionId,
    pub code: String,
    pub staff: StaffId,
    pub staff_name: String,
    pub customer: CustomerId,
    pub customer_name: String,
    pub portal: PortalId,
    pub device: DeviceId,
    pub mode: Mode,
    pub state: SessionState,
    pub expires_at: UnixMillis,
    pub last_heartbeat_at: UnixMillis,
    pub policy_hash: String,
    /// The account is active and the device is not revoked.
    pub staff_active: bool,
    /// The operator switched the portal off while the server runs.
    pub portal_disabled: bool,
    pub ended_by: Option<EndedBy>,
    /// It began with a stated emergency.
    pub is_break_glass: bool,
}

/// All sessions of this server.
pub struct Sessions {
    store: Store,
    audit: AuditLog,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    config: Arc<ServerConfig>,
    changes: broadcast::Sender<Change>,
}

impl Sessions {
    pub fn new(
        store: Store,
        audit: AuditLog,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        config: Arc<ServerConfig>,
    ) -> Self {
        Self { store, audit, clock, entropy, config, changes: broadcast::Sender::new(HINTS) }
    }

    /// The session that a gateway cookie stands for, also when it is over.
    pub async fn by_cookie(&self, cookie_sha256_hex: &str) -> Result<Option<GatewaySession>, StoreError> {
        Ok(self.store.session_by_cookie(cookie_sha256_hex).await?.map(GatewaySession::from))
    }

    /// Hints that something changed: drop caches, look again, cut streams.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub async fn get(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        self.store.session(id).await
    }

    /// Newest first. `staff` narrows to one member's.
    pub async fn list(&self, staff: Option<&StaffId>, running_only: bool) -> Result<Vec<SessionRow>, StoreError> {
        self.store.sessions(staff, running_only).await
    }

    pub async fn last_look(&self, portal: &PortalId, customer: &CustomerId) -> Result<Option<SessionRow>, StoreError> {
        self.store.last_look(portal, customer).await
    }

    /// A portal's sessions with one customer or with all of them, newest first.
    pub async fn list_of_portal(
        &self,
        portal: &PortalId,
        customer: Option<&CustomerId>,
        running_only: bool,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.store.portal_sessions(portal, customer, running_only).await
    }

    /// The row as it goes over the wire, with what the gateway counted.
    pub async fn response(&self, row: SessionRow) -> Result<SessionResponse, StoreError> {
        let tallies = self.store.tallies(&row.id).await?;
        Ok(self.response_with(row, tallies))
    }

    /// The same for a list, each with the page that was opened last if the session runs.
    pub async fn responses_with_pages(&self, rows: Vec<SessionRow>) -> Result<Vec<SessionResponse>, StoreError> {
        let all: Vec<SessionId> = rows.iter().map(|row| row.id.clone()).collect();
        let running: Vec<SessionId> =
            rows.iter().filter(|row| row.state.is_running()).map(|row| row.id.clone()).collect();
        let tallies = self.store.tallies_of(&all).await?;
        let mut pages = self.store.last_pages_of(&running).await?;
        let response = |row: SessionRow| {
            let (page, counted) = (pages.remove(&row.id), tallies.get(&row.id).copied().unwrap_or_default());
            SessionResponse { last_page: page, ..self.response_with(row, counted) }
        };
        Ok(rows.into_iter().map(response).collect())
    }

    fn response_with(&self, row: SessionRow, tallies: Tallies) -> SessionResponse {
        let portal_name =
            self.config.portal(&row.portal).map_or_else(|| row.portal.0.clone(), |portal| portal.name.clone());
        SessionResponse {
            id: row.id,
            code: row.code,
            state: row.state,
            staff: row.staff,
            staff_name: row.staff_name,
            customer: row.customer,
            portal_name,
            reason: row.reason,
            mode: row.mode,
            created_at: row.created_at,
            started_at: Some(row.started_at),
            expires_at: Some(row.expires_at),
            ended_at: row.ended_at,
            ended_by: row.ended_by,
            policy_hash: row.policy_hash,
            pages: tallies.pages,
            blocked: tallies.blocked,
            extensions: row.extensions,
            max_extensions: row.max_extensions,
            note: row.note,
            end_reason: row.end_reason,
            ended_by_name: row.ended_by_name,
            last_page: None,
            emergency: row.emergency,
        }
    }

    fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// To be called with the transaction that changes the session.
    fn announce(&self, tx: &mut Tx, id: &SessionId) {
        self.announce_change(tx, Change::Session(ChangedSession::new(id.clone())));
    }

    /// To be called with the transaction that makes the change.
    pub(crate) fn announce_change(&self, tx: &mut Tx, change: Change) {
        tx.tell_others(change.clone().into());
        let changes = self.changes.clone();
        // Nobody listening is fine: a hint is no more than that.
        tx.after_commit(move || drop(changes.send(change)));
    }

    /// What another server on the same database changed.
    pub(crate) fn hear(&self, change: Change) {
        drop(self.changes.send(change));
    }

    /// By the configuration and by the operator's switch.
    fn portal_active(&self, row: &SessionRow) -> bool {
        !row.portal_disabled && self.config.portal(&row.portal).is_some_and(|portal| portal.active)
    }
}

/// Both identities and what was in force, for every event of a session.
pub(crate) fn subject_of(row: &SessionRow) -> EventSubject {
    EventSubject {
        staff: Some(row.staff.clone()),
        customer: Some(row.customer.id.clone()),
        portal: Some(row.portal.clone()),
        session: Some(row.id.clone()),
        device: Some(row.device.clone()),
        policy_hash: Some(row.policy_hash.clone()),
    }
}

impl From<SessionRow> for GatewaySession {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            staff: row.staff,
            staff_name: row.staff_name,
            customer: row.customer.id,
            customer_name: row.customer.name,
            portal: row.portal,
            device: row.device,
            mode: row.mode,
            state: row.state,
            expires_at: row.expires_at,
            last_heartbeat_at: row.last_heartbeat_at,
            policy_hash: row.policy_hash,
            staff_active: row.staff_active,
            portal_disabled: row.portal_disabled,
            ended_by: row.ended_by,
            is_break_glass: row.emergency.is_some(),
        }
    }
}
