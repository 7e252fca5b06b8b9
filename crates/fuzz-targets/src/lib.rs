//! What is promised of everything that the gateway decides on, for any bytes at all: one function per kind of input.
//!
//! A broken promise panics. `fuzz/` feeds these functions what a fuzzer makes up, and `tests/corpus.rs` here what is kept in
//! `fuzz/corpus`, with every change and on the stable compiler. Inputs are texts where they can be, so that a person reads and
//! writes them. A new target is a function, a line in [`TARGETS`], a file in `fuzz/fuzz_targets` with its lines in
//! `fuzz/Cargo.toml`, and a folder in `fuzz/corpus`; the test finds what is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken promise has to end the run"
)]

mod content;
mod decisions;
mod gateway;
mod masking;
mod operations;
mod paths;
mod text;
mod websockets;

pub use content::{content_type, form, json, multipart};
pub use decisions::{decide, never_list, rules_file};
pub use gateway::{headers, set_cookie, target};
pub use masking::mask;
pub use operations::{graphql, json_rpc};
pub use paths::path_pattern;
pub use websockets::{websocket_frames, websocket_messages};

/// Panics where a promise does not hold of these bytes.
pub type Target = fn(&[u8]);

/// Each by the name of its file and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("content_type", content_type),
    ("decide", decide),
    ("form", form),
    ("graphql", graphql),
    ("headers", headers),
    ("json", json),
    ("json_rpc", json_rpc),
    ("mask", mask),
    ("multipart", multipart),
    ("never_list", never_list),
    ("path_pattern", path_pattern),
    ("rules_file", rules_file),
    ("set_cookie", set_cookie),
    ("target", target),
    ("websocket_frames", websocket_frames),
    ("websocket_messages", websocket_messages),
];
