//! Barkside, the sample portal: a pet-grooming salon's customer pages, two hundred invented customers, and an API.
//!
//! It stands behind the gateway in the demo and in the tests, and behaves like a portal that someone else wrote: it
//! knows nothing of journals or policies, and carries out every write that reaches it. So when a write is
//! stopped, it was the gateway that stopped it, and [`PortalState`] can prove that nothing arrived.
//!
//! It must never believe anything about who is looking but the gateway's signed identity ([`identity`]) and the cookie of a
//! customer who signed in with their own password, never let happen beside a page what the gateway suppresses, never listen
//! beyond loopback, and never read a clock itself (the time comes in through [`PortalConfig::clock`]).
//!
//! Start reading at `portal.rs` (what is served where), then [`identity`] (who is let in).

pub mod data;
pub mod identity;

mod api;
mod assets;
mod directory;
mod effects;
mod format;
mod forms;
mod hostile;
mod pages;
mod portal;
mod problem;
mod seen;
mod sign_in;
mod store;
mod ticker;

/// What a gateway needs to know of Barkside, as its owner would write it: `rules.toml` beside the crate.
pub const RULES: &str = include_str!("../rules.toml");

pub use effects::{Happened, Mail};
pub use hostile::attacks;
pub use portal::{Clock, Portal, PortalConfig, PortalError, UnixMillis, serve};
pub use seen::{PortalState, Received};
