//! The gateway over real sockets: a real server, a real portal behind it, and clients that send what they like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
#[path = "../api/captured_log.rs"]
mod captured_log;
mod conformance;
mod directory;
mod downloads;
mod forwarding;
mod jar;
mod keeping;
mod lifetime;
#[path = "../api/metrics.rs"]
mod metrics;
mod observed;
mod raw_requests;
mod record;
mod rules;
mod sample_portal;
mod smuggling;
mod smuggling_http2;
mod stage;
mod tls;
mod unmasking;
mod upstream;
mod websockets;
mod words;
mod wrong_portal;
