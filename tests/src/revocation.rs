//! All the ways in which somebody else takes a session from a console, each as the one who does it would do it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use amberglass_domain::ports::{Backend as _, BackendError, Clock};
use amberglass_server::{ServerState, operator::Operator, portals};
use amberglass_testkit::wait_until;
use amberglass_wire::{
    PortalId, RequestId, SessionId,
    approval::Verdict,
    portal::CustomerEndRequest,
    session::{EndSessionRequest, EndedBy},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    staff::Staff,
    world::{AMY, LEO, PASSWORD, SANA},
    world_console::{LIMIT, PORTAL, WorldConsole},
};

pub const WHY: &str = "The customer has called and wants it to stop";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    Lead,
    Security,
    /// Through the portal's own interface.
    Customer,
    /// By the operator, who writes into the same database and can tell no server.
    StaffDisabled,
    EmergencyStop,
    /// By the lead who had approved the session.
    ApprovalWithdrawn,
    /// That lead's own account; by the operator, as with staff.
    ApproverDisabled,
}

impl Revocation {
    /// The lead is signed out by the last of them.
    pub const ALL: [Self; 7] = [
        Self::Lead,
        Self::Security,
        Self::Customer,
        Self::StaffDisabled,
        Self::EmergencyStop,
        Self::ApprovalWithdrawn,
        Self::ApproverDisabled,
    ];

    /// Takes a session that somebody had to approve.
    const fn of_an_approval(self) -> bool {
        matches!(self, Self::ApprovalWithdrawn | Self::ApproverDisabled)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Lead => "ended by a lead",
            Self::Security => "ended by security",
            Self::Customer => "stopped by the customer",
            Self::StaffDisabled => "staff disabled by the operator",
            Self::EmergencyStop => "emergency stop",
            Self::ApprovalWithdrawn => "approval withdrawn",
            Self::ApproverDisabled => "approver disabled by the operator",
        }
    }

    pub const fn ended_by(self) -> EndedBy {
        match self {
            Self::Lead => EndedBy::Lead,
            Self::Security => EndedBy::Security,
            Self::Customer => EndedBy::Customer,
            Self::StaffDisabled => EndedBy::StaffDisabled,
            Self::EmergencyStop => EndedBy::EmergencyStop,
            Self::ApprovalWithdrawn => EndedBy::ApprovalWithdrawn,
            Self::ApproverDisabled => EndedBy::ApproverDisabled,
        }
    }
}

/// Everybody who can revoke, ready to do it.
pub struct Revokers {
    lead: Staff,
    security: Staff,
    operator: Operator,
    customer: Customer,
    clock: Arc<dyn Clock>,
}

/// What is taken: the session, and the request that it began with where somebody had to approve it.
pub struct Taken {
    pub session: SessionId,
    request: Option<RequestId>,
}

/// The stop button on the portal's page.
struct Customer {
    client: reqwest::Client,
    api: String,
    key: SecretString,
}

impl Revokers {
    /// At the server of this state, whose API is at `api`.
    pub async fn at(state: &Arc<ServerState>, api: &str) -> Self {
        let (clock, entropy) = (state.clock.clone(), state.entropy.clone());
        let operator = Operator::open(state.config.as_ref().clone(), clock.clone(), entropy).await.unwrap();
        let added = portals::add_key(&operator, &PortalId::new(PORTAL), "the customers' own pages").await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            lead: Staff::sign_in(api, LEO, PASSWORD).await.unwrap(),
            security: Staff::sign_in(api, SANA, PASSWORD).await.unwrap(),
            operator,
            customer: Customer { client, api: api.to_owned(), key: added.key },
            clock,
        }
    }

    /// Begins a session that can be revoked in this way, and shows its first page.
    pub async fn begin(&self, revocation: Revocation, console: &WorldConsole, duration_seconds: u32) -> Taken {
        let request = if revocation.of_an_approval() {
            let id = console.ask_approval().await;
            let waits = || async { self.lead.to_decide().await.ok()?.into_iter().find(|request| request.id == id) };
            let request = wait_until("the lead to see the request", LIMIT, waits).await;
            self.lead.decide(&request, Verdict::Approve, WHY, self.clock.now()).await.unwrap();
            console.start_approved(&id).await;
            Some(id)
        } else {
            console.start(duration_seconds).await;
            None
        };
        Taken { session: console.session(), request }
    }

    /// Takes the session from its console.
    pub async fn revoke(&self, revocation: Revocation, taken: &Taken) {
        let session = &taken.session;
        match revocation {
            Revocation::Lead => end(&self.lead, session).await.unwrap(),
            Revocation::Security => end(&self.security, session).await.unwrap(),
            Revocation::Customer => self.customer.stop(session).await.unwrap(),
            Revocation::StaffDisabled => assert!(self.set_active(AMY, false).await),
            Revocation::EmergencyStop => {
                let security = &self.security;
                security.backend.emergency_stop(&security.access, WHY).await.unwrap();
            }
            Revocation::ApprovalWithdrawn => {
                let request = taken.request.as_ref().unwrap();
                self.lead.backend.withdraw_request(&self.lead.access, request, Some(WHY)).await.unwrap();
            }
            Revocation::ApproverDisabled => assert!(self.set_active(LEO, false).await),
        }
    }

    /// The way is free for another session.
    pub async fn undo(&self, revocation: Revocation) {
        match revocation {
            Revocation::Lead | Revocation::Security | Revocation::Customer | Revocation::ApprovalWithdrawn => {}
            Revocation::StaffDisabled => assert!(self.set_active(AMY, true).await),
            Revocation::ApproverDisabled => assert!(self.set_active(LEO, true).await),
            Revocation::EmergencyStop => {
                self.security.backend.lift_emergency_stop(&self.security.access).await.unwrap();
            }
        }
    }

    /// Closes the operator's hold on the database.
    pub async fn leave(self) {
        self.operator.close().await;
    }

    async fn set_active(&self, email: &str, active: bool) -> bool {
        let staff = self.operator.store.staff_by_email(email).await.unwrap().unwrap();
        self.operator.accounts.set_active(&staff.id, active).await.unwrap()
    }
}

async fn end(staff: &Staff, session: &SessionId) -> Result<(), BackendError> {
    let request = EndSessionRequest { note: None, reason: Some(WHY.to_owned()) };
    staff.backend.end_session(&staff.access, session, request).await.map(drop)
}

impl Customer {
    async fn stop(&self, session: &SessionId) -> reqwest::Result<()> {
        let address = format!("{}/v1/portal/sessions/{session}/end", self.api);
        let request = CustomerEndRequest { reason: Some(WHY.to_owned()) };
        let request = self.client.post(address).bearer_auth(self.key.expose_secret()).json(&request);
        request.send().await?.error_for_status().map(drop)
    }
}
