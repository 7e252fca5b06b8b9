//! The controller as the product runs it, with a real journal on disk; windows, server and keyring are doubles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm
)]

mod backend;
mod ending;
mod finding;
mod host;
mod keychain;
mod running;
mod sign_in;
mod starting;
mod world;
