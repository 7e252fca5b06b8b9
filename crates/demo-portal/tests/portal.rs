//! Barkside from outside: through its router and through a real socket, with identities signed here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "portal/data.rs"]
mod data;
#[path = "portal/directory.rs"]
mod directory;
#[path = "portal/effects.rs"]
mod effects;
#[path = "portal/gateway.rs"]
mod gateway;
#[path = "portal/hostile.rs"]
mod hostile;
#[path = "portal/identity.rs"]
mod identity;
#[path = "portal/pages.rs"]
mod pages;
#[path = "portal/serving.rs"]
mod serving;
#[path = "portal/writes.rs"]
mod writes;
