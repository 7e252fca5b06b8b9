//! The controller as the product runs it, with a real journal on disk; windows, server and keyring are doubles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm
)]

mod acts;
mod answered;
mod approving;
mod backend;
mod break_glass;
mod delivering;
mod elevating;
mod ending;
mod export;
mod extending;
mod finding;
mod first_run;
mod fresh_sign_in;
mod held;
mod host;
mod keychain;
mod news;
mod outside;
mod quiet_hours;
mod recovered;
mod reviewing;
mod running;
mod samples;
mod sign_in;
mod starting;
mod stopping;
mod told;
mod unmasking;
mod world;
