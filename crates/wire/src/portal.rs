//! What a portal may ask about its own customers, with a key of its own (`Authorization: Bearer <portal key>`).

use serde::{Deserialize, Serialize};

use crate::{
    CustomerId, SessionId, UnixMillis,
    session::{EndedBy, Mode, SessionState},
};

/// `GET /v1/portal/sessions?customer=..&state=running|any`: newest first, at most two hundred, of this portal alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerSessionListResponse {
    pub sessions: Vec<CustomerSessionResponse>,
}

/// A session as its customer may know it: no staff name, no free text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerSessionResponse {
    pub id: SessionId,
    /// What support staff name it by, such as `AG-7K3QX`.
    pub code: String,
    pub customer: CustomerId,
    pub state: SessionState,
    pub mode: Mode,
    /// Label of the reason code.
    pub reason: String,
    pub started_at: Option<UnixMillis>,
    pub expires_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub ended_by: Option<EndedBy>,
}

/// `POST /v1/portal/sessions/{id}/end`: the customer stops it. Ending an ended session is success. Answered with the session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerEndRequest {
    /// What the customer says about it, if anything.
    #[serde(default)]
    pub reason: Option<String>,
}
