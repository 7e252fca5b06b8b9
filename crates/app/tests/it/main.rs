//! The controller as the product runs it, with a real journal on disk; windows, server and keyring are doubles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm
)]

mod acts;
mod approving;
mod backend;
mod delivering;
mod elevating;
mod ending;
mod export;
mod extending;
mod finding;
mod first_run;
mod fresh_sign_in;
mod host;
mod keychain;
mod outside;
mod recovered;
mod running;
mod samples;
mod sign_in;
mod starting;
mod world;
