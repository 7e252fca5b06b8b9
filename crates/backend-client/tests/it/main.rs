//! The client against a real server on a port of its own, which answers as no server of ours ever would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
mod lookup;
mod requests;
mod stream;
mod world;
