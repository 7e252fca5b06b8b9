//! Requests for approval: who asks to look at whom, what leads decide, and what they sign for it.

use serde::{Deserialize, Serialize};

use crate::{
    DeviceId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    customer::CustomerResponse,
    elevation::WriteResponse,
    session::{EndedBy, Mode, Reason},
};

/// `pending -> approved -> used`, and the ways out of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Pending,
    Approved,
    /// A session began with it, or the write that it is about was sent.
    Used,
    Denied,
    /// By who asked, or by who had approved.
    Withdrawn,
    /// Nobody decided in time, or the approval was not used in time.
    Lapsed,
}

impl RequestState {
    pub const ALL: [Self; 6] = [Self::Pending, Self::Approved, Self::Used, Self::Denied, Self::Withdrawn, Self::Lapsed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Somebody can still decide about it, or use it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Deny,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approve, Self::Deny].into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// What an approval allows: at most what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scope {
    pub mode: Mode,
    /// From the first use to the first deadline.
    pub duration_seconds: u32,
    /// How often the session may be extended.
    pub extensions: u32,
}

/// `POST /v1/requests`, with an `Idempotency-Key` header: asks for what the policy lets begin after approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskApprovalRequest {
    pub portal: PortalId,
    pub customer: crate::CustomerId,
    pub reason: Reason,
    pub mode: Mode,
    pub duration_seconds: u32,
}

/// What an approver's device signs (`domain::signing::decision`), whole. It stands on record as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedDecision {
    /// The server that asked for it, as it calls itself in checkpoints.
    pub server: String,
    pub request: RequestId,
    /// Of the request, so that no decision fits another one.
    pub nonce: String,
    pub verdict: Verdict,
    pub approver: StaffId,
    pub device: DeviceId,
    pub portal: PortalId,
    pub customer: crate::CustomerId,
    /// Who asked.
    pub staff: StaffId,
    /// What was asked for, as the approver saw it.
    pub scope: Scope,
    /// SHA-256 over reason and ticket (`domain::signing::reason_sha256`), hex.
    pub reason_sha256: String,
    pub policy_hash: String,
    /// Of the write that is to be sent (`domain::kept_request`), hex, where it is about one and not about a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_sha256: Option<String>,
    pub comment: String,
    /// It is worth nothing after.
    pub not_after: UnixMillis,
    pub signed_at: UnixMillis,
    /// Ed25519, base64 (standard, padded).
    pub signature: String,
}

/// `POST /v1/requests/{id}/decisions`. Answered with the request as it is then, also where another was faster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecideRequest {
    pub decision: SignedDecision,
}

/// `POST /v1/requests/{id}/withdraw`: by who asked, or by who has approved. A session that began with it ends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawRequest {
    /// Why; required from who has approved.
    #[serde(default)]
    pub reason: Option<String>,
}

/// One decision about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecisionResponse {
    pub verdict: Verdict,
    pub approver: StaffId,
    pub approver_name: String,
    pub scope: Scope,
    pub comment: String,
    pub decided_at: UnixMillis,
}

/// A past or running session, as far as whoever decides needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastSession {
    pub code: String,
    pub staff_name: String,
    pub customer_name: String,
    pub mode: Mode,
    pub reason: Reason,
    pub started_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub ended_by: Option<EndedBy>,
    pub blocked: u32,
}

/// What whoever decides sees beside the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecisionContext {
    /// Of who asks, newest first; five at the most.
    pub of_staff: Vec<PastSession>,
    /// Of this customer, by anybody, newest first; five at the most.
    pub of_customer: Vec<PastSession>,
    /// Sessions that who asks has begun within the last hour.
    pub sessions_last_hour: u32,
}

/// `GET /v1/requests/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestResponse {
    pub id: RequestId,
    pub state: RequestState,
    pub staff: StaffId,
    pub staff_name: String,
    pub portal_name: String,
    pub customer: CustomerResponse,
    pub reason: Reason,
    /// What is asked for.
    pub asked: Scope,
    /// What may begin, once everybody who has to has approved.
    pub granted: Option<Scope>,
    /// The rules that want an approval.
    pub rules: Vec<String>,
    pub policy_hash: String,
    /// As the server calls itself.
    pub server: String,
    pub nonce: String,
    pub created_at: UnixMillis,
    /// Pending: somebody has to decide until then. Approved: it has to be used until then.
    pub expires_at: UnixMillis,
    pub approvals_needed: u32,
    pub decisions: Vec<DecisionResponse>,
    /// The session that began with it, or in which the write was blocked.
    pub session: Option<SessionId>,
    /// Where it is about one write of a running session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<WriteResponse>,
    /// This staff member may decide about it now.
    #[serde(default)]
    pub may_decide: bool,
    /// This staff member is told of it at once; others who may decide when nobody has reacted.
    #[serde(default)]
    pub next_level: bool,
    /// When those were told.
    #[serde(default)]
    pub escalated_at: Option<UnixMillis>,
    /// For whoever may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<DecisionContext>,
}

/// `GET /v1/requests?scope=own|to_decide`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestListResponse {
    pub requests: Vec<RequestResponse>,
}
