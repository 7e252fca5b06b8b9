//! The HTTP contract of Amberglass: requests, responses, audit event v1 and error codes, shared by
//! server, console and tests.
//!
//! Never does I/O and never decides anything: types and their serialisation only. Unknown fields are
//! ignored everywhere, so that an older console can talk to a newer server; enums that may grow have
//! an `Unknown` arm for the same reason.
//!
//! Start reading at [`session`], then [`audit`].

pub mod alarm;
pub mod approval;
pub mod audit;
pub mod auth;
pub mod break_glass;
pub mod customer;
pub mod elevation;
pub mod event_stream;
pub mod export;
pub mod ids;
pub mod journal;
pub mod news;
pub mod portal;
pub mod problem;
pub mod session;
pub mod time;
pub mod unmasking;

pub use ids::{CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, StaffId};
pub use time::UnixMillis;
