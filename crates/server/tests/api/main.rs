//! The control API over real sockets: a real server, the sample portal behind it, consoles with keys of their own, and
//! a clock that is moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod customers;
mod entry;
mod events;
mod journal;
mod lifetime;
mod problems;
mod program;
mod sign_in;
mod start;
mod tokens;
mod trail;
mod world;
