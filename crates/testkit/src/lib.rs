//! Doubles and builders for tests: a clock that is moved by hand, seeded randomness, a bounded wait, databases, addresses,
//! a browser's frames.
//!
//! Only ever a dev-dependency (and of `tests`); never part of what is shipped.

pub mod certificate;
pub mod clock;
pub mod database;
pub mod entropy;
pub mod ports;
#[cfg(unix)]
pub mod postgres;
pub mod wait;
pub mod websocket;

pub use certificate::untrusted_certificate;
pub use clock::ManualClock;
pub use database::{Engine, TestDatabase};
pub use entropy::SeededEntropy;
pub use ports::{address_of_its_own, until_nobody_listens_at};
pub use wait::{wait_until, wait_until_telling};
