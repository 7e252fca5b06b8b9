//! What security is told of: changes of staff, devices, portals, keys and policy, tests of portals, stops, break-glass.

use serde::{Deserialize, Serialize};

use crate::{EventId, StaffId, UnixMillis, audit::EventDetail};

/// One record of the audit log, with the names of whom it is about and of who did it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewsResponse {
    pub id: EventId,
    pub at: UnixMillis,
    /// `EventDetail::kind()` of the record, also where its body was erased.
    pub kind: String,
    /// What the record says; nothing where its body was erased.
    pub detail: Option<EventDetail>,
    pub staff_name: Option<String>,
    pub device_name: Option<String>,
    pub portal_name: Option<String>,
    pub session_code: Option<String>,
    pub customer_name: Option<String>,
    /// Who did it: a staff member; nobody where the operator did it at the server itself, or the server.
    pub by_name: Option<String>,
    /// The same by id: names are not unique.
    #[serde(default)]
    pub by: Option<StaffId>,
}
