//! Customers as the portal's driver reports them.

use serde::{Deserialize, Serialize};

use crate::{CustomerId, PortalId, UnixMillis};

/// One customer of one portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerResponse {
    pub portal: PortalId,
    pub id: CustomerId,
    pub name: String,
    pub email: String,
    /// The portal's own classification, such as `standard`, `gold` or `sensitive`. Policy looks at it.
    pub class: String,
    pub plan: Option<String>,
    /// When the customer joined the portal.
    pub since: Option<UnixMillis>,
    pub active: bool,
}

/// `GET /v1/customers?portal=..&query=..`: at most fifty, best first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerListResponse {
    pub customers: Vec<CustomerResponse>,
    /// True when there were more than fit.
    pub truncated: bool,
}

/// `GET /v1/portals/{portal}/customers/{customer}`: the card that confirms the right customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerCardResponse {
    pub customer: CustomerResponse,
    pub portal_name: String,
    pub last_looked: Option<LastLooked>,
}

/// Who opened this customer's portal last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastLooked {
    pub staff_name: String,
    pub at: UnixMillis,
    pub session_code: String,
}
