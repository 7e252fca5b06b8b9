//! Identifiers, each a type of its own so that none can be passed where another belongs.

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A staff member; UUID v7 text made by the server.
    StaffId
);
text_id!(
    /// A console installation with a key pair of its own; UUID v7 text made by the server.
    DeviceId
);
text_id!(
    /// One impersonation; UUID v7 text made by the server. The short code people see is not this.
    SessionId
);
text_id!(
    /// A request for approval; UUID v7 text made by the server.
    RequestId
);
text_id!(
    /// The portal's own id of a customer, opaque to us.
    CustomerId
);
text_id!(
    /// A portal's name in the server's configuration, such as `barkside`.
    PortalId
);
text_id!(
    /// One audit event; UUID v7 text made by its writer.
    EventId
);
