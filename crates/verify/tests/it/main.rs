//! Exports as a server writes them, whole and tampered with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod approvals;
mod gone;
mod program;
mod sample;
mod tampering;
mod whole;
mod words;
