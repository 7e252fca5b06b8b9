//! The gateway over real sockets: a real server, a real portal behind it, and clients that send what they like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
mod conformance;
mod directory;
mod forwarding;
mod keeping;
mod lifetime;
mod raw_requests;
mod record;
mod rules;
mod sample_portal;
mod stage;
mod upstream;
mod words;
mod wrong_portal;
