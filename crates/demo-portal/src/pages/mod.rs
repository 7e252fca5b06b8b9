//! The pages, rendered here and complete without a script; the script only adds what a form cannot do.

pub(crate) mod account;
pub(crate) mod appointments;
mod icons;
pub(crate) mod invoices;
mod layout;
pub(crate) mod messages;
pub(crate) mod overview;
pub(crate) mod pets;
pub(crate) mod sign_in;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    data::Customer,
    effects::Happened,
    identity::Viewer,
    portal::{Shared, UnixMillis},
    store::Refusal,
};

pub(crate) use layout::refusal;
use layout::{Section, frame};

/// All that a page is made from: a copy, so that nothing is locked while it is rendered.
pub(crate) struct View {
    pub customer: Customer,
    pub viewer: Viewer,
    pub happened: Happened,
    pub now: UnixMillis,
    /// The other origin that the test pages try to reach, when there are test pages.
    pub hostile: Option<String>,
}

impl View {
    #[allow(clippy::result_large_err)]
    pub fn new(shared: &Shared, viewer: Viewer) -> Result<Self, Response> {
        match shared.read(|store| store.customer(&viewer.customer).cloned()) {
            Some(customer) => Ok(Self {
                customer,
                happened: shared.seen.effects.of(&viewer.customer),
                viewer,
                now: shared.now(),
                hostile: shared.config.hostile_pages.as_ref().map(|other| other.origin().ascii_serialization()),
            }),
            None => Err(Refusal::NotFound.into_response()),
        }
    }

    fn first_name(&self) -> &str {
        self.customer.name.split(' ').next().unwrap_or_default()
    }
}

/// For paths that lead nowhere. Shows no customer, so it needs no identity.
pub(crate) async fn not_found() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "We looked everywhere",
        "There is nothing at this address. It may have been moved, or the link was cut short.",
    )
}
