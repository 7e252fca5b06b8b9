//! Staff sign-in: OAuth 2 code flow with PKCE (RFC 7636) and a loopback redirect (RFC 8252), and devices.
//!
//! `GET /v1/oauth/authorize` (HTML form) -> redirect with `code` and `state` -> `POST /v1/oauth/token`.

use serde::{Deserialize, Serialize};

use crate::{
    DeviceId, PortalId, StaffId, UnixMillis, alarm::AlarmsResponse, approval::RequestResponse,
    break_glass::ReviewResponse, news::NewsResponse, session::SessionResponse,
};

/// The console's public client id.
pub const CLIENT_ID: &str = "amberglass-console";

/// `POST /v1/oauth/token`, `application/x-www-form-urlencoded`.
///
/// With `grant_type=authorization_code`: `code`, `redirect_uri`, `code_verifier`, `device_key` (Ed25519 public
/// key, base64), `device_name`, `device_proof` (signature over `domain::signing::device_enrolment`).
/// With `grant_type=refresh_token`: `refresh_token`, `device`, `signed_at`, `device_proof` (signature over
/// `domain::signing::token_refresh`).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "grant_type", rename_all = "snake_case")]
pub enum TokenRequest {
    AuthorizationCode {
        client_id: String,
        code: String,
        redirect_uri: String,
        code_verifier: String,
        device_key: String,
        device_name: String,
        device_proof: String,
    },
    RefreshToken {
        client_id: String,
        refresh_token: String,
        device: DeviceId,
        /// Text, because form fields of an internally tagged enum are text: milliseconds.
        signed_at: String,
        device_proof: String,
    },
}

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u32,
    pub refresh_token: String,
    pub device: DeviceId,
    pub staff: StaffResponse,
    /// When the person last proved who they are. What needs a fresh sign-in wants it within five minutes.
    #[serde(default)]
    pub authenticated_at: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Agent,
    Lead,
    Security,
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Agent, Self::Lead, Self::Security, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::Security => "security",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffResponse {
    pub id: StaffId,
    pub name: String,
    pub email: String,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PortalResponse {
    pub id: PortalId,
    pub name: String,
    /// Scheme, host and port under which the gateway shows it.
    pub gateway_origin: String,
    pub active: bool,
    /// Its rules mask something that may be shown on a stated reason.
    #[serde(default)]
    pub unmasks: bool,
}

/// `GET /v1/snapshot`: the truth that events only hint at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotResponse {
    pub staff: StaffResponse,
    pub server_time: UnixMillis,
    pub portals: Vec<PortalResponse>,
    /// The staff member's own running sessions.
    pub sessions: Vec<SessionResponse>,
    /// What the server's policy fixes and the console shows and applies.
    pub limits: LimitsResponse,
    /// Verifier keys (C2SP signed-note) of the servers that sign checkpoints of this audit log.
    #[serde(default)]
    pub signers: Vec<String>,
    /// To which consoles seal their journal keys (`domain::recovery`).
    #[serde(default)]
    pub recovery_key: Option<String>,
    /// In force now, if any.
    #[serde(default)]
    pub emergency_stop: Option<EmergencyStopResponse>,
    /// Reason codes, for extensions; those of a start come with its options.
    #[serde(default)]
    pub reason_codes: Vec<crate::session::ReasonCodeResponse>,
    /// What this staff member may do beyond their own sessions, as the policy has it.
    #[serde(default)]
    pub rights: RightsResponse,
    /// What does not agree and nobody has looked at yet; for those alone who may see it.
    #[serde(default)]
    pub alarms: AlarmsResponse,
    /// The staff member's own requests for approval, newest first.
    #[serde(default)]
    pub requests: Vec<RequestResponse>,
    /// Those that wait for this staff member's decision, oldest first.
    #[serde(default)]
    pub to_decide: Vec<RequestResponse>,
    /// Approvals that this staff member has given and can still withdraw, oldest first: not used yet, or the session that began
    /// with it runs.
    #[serde(default)]
    pub given: Vec<RequestResponse>,
    /// Break-glass that waits for this staff member's review, oldest first.
    #[serde(default)]
    pub reviews: Vec<ReviewResponse>,
    /// What was changed in the last seven days and what broke the glass, fifty at the most, newest first: for whoever may see
    /// alarms; for whoever may review, break-glass alone.
    #[serde(default)]
    pub news: Vec<NewsResponse>,
    /// Portals that are stopped while the server runs; for whoever may stop and lift.
    #[serde(default)]
    pub stopped_portals: Vec<StoppedPortalResponse>,
}

/// What the policy lets a staff member do beyond their own sessions. The console shows or hides by it; the server asks the
/// policy again on every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RightsResponse {
    /// Sees everybody's sessions and may end them.
    pub end_any: bool,
    pub read_audit: bool,
    /// May stop everything at once.
    pub emergency_stop: bool,
    /// Sees everybody's devices and may revoke them.
    pub manage_devices: bool,
    /// Sees the alarms and says that they were looked at.
    #[serde(default)]
    pub see_alarms: bool,
    /// Decides about requests for approval.
    #[serde(default)]
    pub approve: bool,
}

/// `GET /v1/server`, without a token: what a console shows before anybody signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerResponse {
    /// Always `amberglass`: tells a server of ours from anything else that answers.
    pub product: String,
    /// Of the server, such as `0.1.0`.
    pub version: String,
    /// What the operator calls this installation.
    pub name: String,
    pub sign_in: SignInMethod,
    /// Sample staff with known passwords, on this machine only.
    pub demo: bool,
    /// How long the audit log is kept, in months.
    pub audit_retention_months: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    Password,
    OpenidConnect,
}

/// `GET /v1/devices?scope=own|all`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceListResponse {
    pub devices: Vec<DeviceResponse>,
}

/// One console installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceResponse {
    pub id: DeviceId,
    pub name: String,
    pub registered_at: UnixMillis,
    /// Who signed in on it first.
    pub registered_by_name: String,
    /// Everybody who ever signed in on it.
    pub staff_names: Vec<String>,
    /// Latest sign-in or renewal of one.
    pub last_seen_at: Option<UnixMillis>,
    pub revoked_at: Option<UnixMillis>,
    /// The device that asks.
    pub this_device: bool,
}

/// `POST /v1/devices/{id}/revoke`. Revoking a revoked device is success. Its sessions end, its tokens are worth nothing, its
/// journal may still be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokeDeviceRequest {
    pub reason: String,
}

/// `POST /v1/emergency-stop` (ends every session, none begins) and `POST /v1/emergency-stop/lift` (empty body).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmergencyStopRequest {
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmergencyStopResponse {
    pub reason: String,
    /// Nobody when the operator did it at the server itself.
    pub stopped_by_name: Option<String>,
    pub stopped_at: UnixMillis,
}

/// `POST /v1/portals/{portal}/stop` (every session of it ends, none begins) and `POST /v1/portals/{portal}/lift`. What is so
/// already is success, and the first one's reason stands. Answered with the portal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchPortalRequest {
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoppedPortalResponse {
    pub portal: PortalId,
    pub reason: String,
    pub stopped_at: UnixMillis,
}

/// Limits in force: the defaults of `docs/operations.md` unless the operator set others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsResponse {
    pub heartbeat_seconds: u32,
    /// Silence after which the page is covered and the session freezes.
    pub silence_seconds: u32,
    /// Frozen for so long ends the session as `console_lost`.
    pub lost_after_seconds: u32,
    pub idle_seconds: u32,
    #[serde(default)]
    pub max_duration_seconds: u32,
    #[serde(default)]
    pub max_extensions: u32,
    #[serde(default)]
    pub extension_seconds: u32,
    /// Warnings, in seconds before the deadline, longest first.
    pub warnings_seconds: Vec<u32>,
    /// No new session when the oldest unsent record is older.
    pub max_unsent_age_seconds: u32,
    /// Days after which a console clears the contents of records that it has delivered; zero for the default.
    #[serde(default)]
    pub journal_contents_days: u32,
    /// Days after which it removes them whole.
    #[serde(default)]
    pub journal_keep_days: u32,
    /// No new session when less is free, in bytes.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub min_free_disk_bytes: u64,
}
