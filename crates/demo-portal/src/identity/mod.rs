//! Who is looking: support by the gateway's signed identity, or the customer by the cookie of their own sign-in.
//!
//! A request carries `Amberglass-Identity: <JWT>`, signed with Ed25519 (RFC 8037) by a key that the gateway publishes.
//! There are two kinds, and one never passes for the other: a `Viewer` opens pages as one customer on behalf of one
//! staff member (`act`, RFC 8693), a `DirectoryReader` may look customers up and open nothing.
//!
//! A token may be used for more than one request within its minute: the gateway decides on every request anyway, and
//! one page needs many of them.

mod claims;
mod jwks;
mod request;
mod support;

pub use claims::{IDENTITY_HEADER, MAX_LIFETIME_S};
pub(crate) use claims::{IdentityRefusal, Mode, read_directory, read_viewer, verify};
pub(crate) use jwks::Jwks;
pub(crate) use request::{DirectoryReader, Looker, Support, Viewer};
pub(crate) use support::Effect;
pub use support::SUPPORT_HEADER;
