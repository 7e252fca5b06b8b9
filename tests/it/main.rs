//! Stories of the whole product, with the real server over sockets and the real controller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod ending;
mod network;
mod record;
mod start;
mod telling;
