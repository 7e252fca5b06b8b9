//! Sessions: one staff member, one customer, one portal, one reason, a deadline.

use serde::{Deserialize, Serialize};

use crate::{CustomerId, PortalId, RequestId, SessionId, StaffId, UnixMillis, customer::CustomerResponse};

/// What the gateway lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    ReadOnly,
    ReadWrite,
}

impl Mode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::ReadWrite => "read_write",
        }
    }
}

/// `pending -> approved -> active <-> frozen -> ended` and the ways out before a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    AwaitingConsent,
    Pending,
    Approved,
    Active,
    Frozen,
    Ended,
    Denied,
    Withdrawn,
    Lapsed,
}

impl SessionState {
    pub const ALL: [Self; 9] = [
        Self::AwaitingConsent,
        Self::Pending,
        Self::Approved,
        Self::Active,
        Self::Frozen,
        Self::Ended,
        Self::Denied,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingConsent => "awaiting_consent",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Ended => "ended",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Active or frozen: the session occupies its staff member's slot.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::Frozen)
    }
}

/// Who or what ended a session. Exactly one per ended session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Staff,
    Lead,
    Security,
    Customer,
    Expired,
    Idle,
    ConsoleLost,
    StaffDisabled,
    ApproverDisabled,
    CustomerDisabled,
    PortalDisabled,
    ApprovalWithdrawn,
    EmergencyStop,
    PolicyChanged,
    AuditFailed,
    PortalError,
}

impl EndedBy {
    pub const ALL: [Self; 16] = [
        Self::Staff,
        Self::Lead,
        Self::Security,
        Self::Customer,
        Self::Expired,
        Self::Idle,
        Self::ConsoleLost,
        Self::StaffDisabled,
        Self::ApproverDisabled,
        Self::CustomerDisabled,
        Self::PortalDisabled,
        Self::ApprovalWithdrawn,
        Self::EmergencyStop,
        Self::PolicyChanged,
        Self::AuditFailed,
        Self::PortalError,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Lead => "lead",
            Self::Security => "security",
            Self::Customer => "customer",
            Self::Expired => "expired",
            Self::Idle => "idle",
            Self::ConsoleLost => "console_lost",
            Self::StaffDisabled => "staff_disabled",
            Self::ApproverDisabled => "approver_disabled",
            Self::CustomerDisabled => "customer_disabled",
            Self::PortalDisabled => "portal_disabled",
            Self::ApprovalWithdrawn => "approval_withdrawn",
            Self::EmergencyStop => "emergency_stop",
            Self::PolicyChanged => "policy_changed",
            Self::AuditFailed => "audit_failed",
            Self::PortalError => "portal_error",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text)
    }
}

/// Why a session is needed: a code from the policy's list, own words, and a ticket where the code asks for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    pub code: String,
    /// At least ten characters that are not filler; see `domain::reason`.
    pub text: String,
    pub ticket: Option<String>,
}

/// `POST /v1/sessions`, with an `Idempotency-Key` header.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartSessionRequest {
    pub portal: PortalId,
    pub customer: CustomerId,
    pub reason: Reason,
    pub mode: Mode,
    pub duration_seconds: u32,
    /// The approval that it begins with, where the policy wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Break-glass: why it has to begin at once, in ten characters or more that say something. Read-only, with a fresh sign-in,
    /// told to leads and security, and reviewed afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
}

/// `201` (or `200` when the idempotency key was seen before).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartSessionResponse {
    pub session: SessionResponse,
    /// Present when the session may be entered now.
    pub grant: Option<EntryGrant>,
}

/// One-time right to enter the gateway; worth nothing without the device's signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryGrant {
    pub token: String,
    /// Thirty seconds after it was made.
    pub expires_at: UnixMillis,
    /// Scheme, host and port of the gateway for this portal, such as `http://barkside.localhost:7401`.
    pub gateway_origin: String,
}

/// `POST /v1/sessions/{id}/entry`: the device redeems a grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeemGrantRequest {
    pub device: crate::DeviceId,
    pub grant: String,
    pub gateway_origin: String,
    pub signed_at: UnixMillis,
    /// Ed25519, base64 (standard, padded), over `domain::signing::entry(...)`.
    pub signature: String,
}

/// The cookie that the console puts into the session's ephemeral store before it loads the page.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeemGrantResponse {
    pub cookie_name: String,
    pub cookie_value: String,
    /// True behind TLS: the name then carries the `__Host-` prefix.
    pub secure: bool,
    /// Where the locked webview starts, on the gateway origin.
    pub entry_url: String,
}

/// `POST /v1/sessions/{id}/end`. Ending an ended session is success and returns it as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndSessionRequest {
    /// The agent's own closing words; also taken once the session is over.
    #[serde(default)]
    pub note: Option<String>,
    /// Why: required from whoever ends somebody else's session.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `POST /v1/sessions/{id}/extensions`, with an `Idempotency-Key` header. Answered with the session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtendSessionRequest {
    pub seconds: u32,
    pub reason: Reason,
}

/// `GET /v1/sessions/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionResponse {
    pub id: SessionId,
    /// Such as `AG-7K3QX`; what the watermark shows.
    pub code: String,
    pub state: SessionState,
    pub staff: StaffId,
    pub staff_name: String,
    pub customer: CustomerResponse,
    pub portal_name: String,
    pub reason: Reason,
    pub mode: Mode,
    pub created_at: UnixMillis,
    pub started_at: Option<UnixMillis>,
    /// The server's clock decides; equal to `ended_at` when `ended_by` is `expired`.
    pub expires_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub ended_by: Option<EndedBy>,
    /// SHA-256 of the policy in force when it was decided, hex.
    pub policy_hash: String,
    pub pages: u32,
    pub blocked: u32,
    /// Extensions used so far.
    #[serde(default)]
    pub extensions: u32,
    /// How many it may have, where its approval or its emergency says so; else what the server allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_extensions: Option<u32>,
    /// The agent's closing words.
    #[serde(default)]
    pub note: Option<String>,
    /// Why somebody else ended it.
    #[serde(default)]
    pub end_reason: Option<String>,
    /// Who ended it, where that is another staff member.
    #[serde(default)]
    pub ended_by_name: Option<String>,
    /// Path of the page that was opened last; in lists of running sessions only.
    #[serde(default)]
    pub last_page: Option<String>,
    /// What was stated where it began with break-glass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
}

/// `GET /v1/sessions?scope=own|all&state=running|any`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionListResponse {
    pub sessions: Vec<SessionResponse>,
}

/// `GET /v1/start-options?portal=..&customer=..`: what the policy says before one clicks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartOptionsResponse {
    pub reason_codes: Vec<ReasonCodeResponse>,
    pub modes: Vec<ModeOption>,
    /// What it would say to break-glass, which is read-only.
    #[serde(default)]
    pub break_glass: Option<ModeOption>,
    pub default_duration_seconds: u32,
    pub max_duration_seconds: u32,
    /// Extensions that a session may have, and how long one lasts at most.
    #[serde(default)]
    pub max_extensions: u32,
    #[serde(default)]
    pub extension_seconds: u32,
    /// The staff member's session that is in the way, if any.
    pub running: Option<SessionResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReasonCodeResponse {
    pub code: String,
    pub label: String,
    pub ticket_required: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeOption {
    pub mode: Mode,
    pub answer: PolicyAnswer,
    /// Ids of the rules that decided, such as `agents-start-read-only`.
    pub rules: Vec<String>,
    /// How many people have to approve; 0 where nobody has to.
    #[serde(default)]
    pub approvals: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyAnswer {
    Allowed,
    NeedsApproval,
    Refused,
}
