//! Errors: `application/problem+json` (RFC 9457) with a stable code and a reference id.

use serde::{Deserialize, Serialize};

/// Stable across releases; each has words in `ui/src/lib/text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Shape or content of the request is wrong; `detail` says where.
    InvalidRequest,
    NotSignedIn,
    /// Signed in, but not allowed by policy.
    Forbidden,
    NotFound,
    TooManyRequests,
    Internal,
    Unavailable,
    /// Device unknown, revoked, or signature wrong.
    DeviceRefused,
    /// `signed_at` too far from the server's clock.
    ClockSkew,
    ReasonTooShort,
    ReasonIsFiller,
    ReasonCodeUnknown,
    TicketRequired,
    DurationTooLong,
    ModeNotOffered,
    NeedsApproval,
    /// The target is the staff member themself (by e-mail).
    TargetIsSelf,
    /// The target is staff of the same or a higher level.
    TargetIsStaff,
    CustomerUnknown,
    CustomerInactive,
    PortalUnknown,
    PortalInactive,
    PortalUnreachable,
    /// The staff member already has a running session; `session` names it.
    SessionConflict,
    SessionNotRunning,
    /// It has to be over first.
    SessionStillRunning,
    /// All extensions that the policy allows are used.
    ExtensionsUsedUp,
    /// The session would last longer than the policy allows in all.
    TotalDurationTooLong,
    /// An emergency stop is in force: nothing starts and nothing is extended.
    EmergencyStopInForce,
    /// The sign-in is too long ago for this: sign in again, then repeat the request.
    FreshSignInRequired,
    GrantInvalid,
    /// The policy lets this begin at once.
    ApprovalNotNeeded,
    /// The approval was withdrawn, has lapsed, was used, or does not cover this.
    ApprovalGone,
    /// The blocked write is on the never-list, too large, not kept, or not to be read unmistakably.
    WriteNotElevatable,
    /// The portal's rules mask no such field, or never let it be shown.
    FieldStaysMasked,
    /// The decision is not about this request as it is, or allows more than was asked for.
    DecisionInvalid,
    IdempotencyMismatch,
    /// Records do not continue what the server holds.
    JournalGap,
    /// A record differs from the one the server holds under the same number.
    JournalFork,
    JournalInvalid,
    PayloadTooLarge,
    /// The body is not of the content type that the endpoint takes.
    UnsupportedMediaType,
    MethodNotAllowed,
    /// The Host of the request is not one of this server's.
    WrongHost,
    /// The audit record could not be written, so nothing was done.
    AuditUnavailable,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`, or a URI of the documentation.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    pub code: ErrorCode,
    /// Eight hex digits that also stand in the server's log.
    pub reference: String,
    /// Names of the policy rules that refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The session in the way, for `session_conflict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<crate::session::SessionResponse>>,
    /// What the server holds, for `journal_gap` and `journal_fork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<crate::event_stream::ChainHead>,
    /// What the header `Retry-After` says, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// The id of one HTTP request, 32 lower-case hex digits: in every answer of the server and of the gateway, in what the
/// gateway sends to a portal, and in the server's log. A console makes its own and sends it along.
pub const REQUEST_ID_HEADER: &str = "amberglass-request-id";

pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";
