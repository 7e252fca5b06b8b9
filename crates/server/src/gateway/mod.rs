//! The gateway: what stands between the locked webview and a portal.
//!
//! Each request goes through the steps of [`pipeline`] in their order. Whatever is not understood is refused; what was
//! judged in its canonical form is exactly what is forwarded; nothing is forwarded that is not on record. Nothing of the
//! API is served here.

mod address;
mod admission;
mod answer_rules;
mod arrival;
mod cookie_jar;
mod downloads;
mod explanation;
mod jars;
mod judging;
mod keeping;
mod masking;
mod measured;
mod outgoing;
mod pipeline;
mod sending;
mod shadow;
mod stream;
mod support;
mod target;
mod upstream;
mod websocket;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use tracing::Instrument as _;

pub use downloads::DOWNLOAD_HEADER;
pub use explanation::{GATEWAY_HEADER, PORTAL_HEADER};
pub use support::SUPPORT_HEADER;

pub(crate) use pipeline::Gateway;
pub(crate) use support::support_value;

/// Name of the session cookie. Behind TLS the `__Host-` prefix ties it to the host and to `Secure` (RFC 6265bis,
/// 4.1.3.2); over plain http, on loopback, browsers would refuse that.
pub const fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-amberglass" } else { "amberglass" }
}

/// The one form in which a target is judged and forwarded.
///
/// # Errors
/// The stable id of the rule that refuses it.
pub fn canonical_target(uri: &http::Uri) -> Result<http::uri::PathAndQuery, &'static str> {
    target::canonical(uri)
}

/// Serves the gateway hosts of all portals. To be called within the runtime that serves it.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .fallback(|State(gateway): State<Arc<Gateway>>, request: Request| identified(gateway, request))
        .with_state(gateway)
}

/// With an id of its own in the log, in the answer and in what goes to the portal.
async fn identified(gateway: Arc<Gateway>, request: Request) -> Response {
    let measured = measured::Measured::new(&*gateway.state.entropy);
    let id = measured.id.clone();
    let mut response = gateway.answer(request, measured).instrument(id.span()).await;
    id.mark(response.headers_mut());
    response
}
