//! Fields that a portal's rules mask, shown one at a time in a running session, each on a reason of its own.

use serde::{Deserialize, Serialize};

use crate::{UnixMillis, session::PolicyAnswer};

/// `GET /v1/sessions/{id}/unmaskings`: what the portal's rules mask and let be shown on a stated reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaskedFieldsResponse {
    /// In the order of the rules.
    pub fields: Vec<MaskedFieldResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaskedFieldResponse {
    /// Id of the portal's `mask` rule.
    pub rule: String,
    /// The JSON pointer as it stands in the rule.
    pub pointer: String,
    /// On which paths, as the rule says it.
    pub path: String,
    /// In the words of the portal's owner.
    pub why: Option<String>,
    /// What the policy says to it: `allowed` or `refused`.
    pub answer: PolicyAnswer,
    /// Ids of the policy's rules that decided.
    pub rules: Vec<String>,
    /// While it is shown.
    pub shown_until: Option<UnixMillis>,
}

/// `POST /v1/sessions/{id}/unmaskings`, with an `Idempotency-Key` header.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnmaskFieldRequest {
    /// Id of the portal's `mask` rule.
    pub rule: String,
    /// The JSON pointer as it stands in the rule.
    pub pointer: String,
    /// Why this field: ten characters or more that say something, and not what the session itself was begun with.
    pub reason: String,
}

/// It is shown from the next answer on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnmaskFieldResponse {
    pub rule: String,
    pub pointer: String,
    /// Five minutes from when it was asked for, and never beyond the session.
    pub shown_until: UnixMillis,
}
