//! Exports as a server writes them, whole and tampered with.

mod program;
mod sample;
mod tampering;
mod whole;
