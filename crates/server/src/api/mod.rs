//! The control API: one file per endpoint.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use tower_http::{decompression::RequestDecompressionLayer, timeout::RequestBodyDeadlineLayer};

use crate::ServerState;

mod authorize;
mod customer_card;
mod customers;
mod devices;
mod emergency_stop;
mod end_session;
mod entry;
mod events;
mod extend_session;
mod extract;
mod heartbeats;
mod idempotency;
mod journal_batches;
mod jwks;
mod layers;
mod own_host;
mod own_record;
mod portal_key;
mod portal_sessions;
mod problem;
mod provider;
mod provider_callback;
mod ready;
mod revoke_device;
mod second_factor;
mod server;
mod session;
mod session_list;
mod sign_in_page;
mod sign_out;
mod snapshot;
mod start_options;
mod start_session;
mod target;
mod token;
mod trail;

/// Requests are small but for the journal's.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// From the head of a request to the end of its body.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

pub fn router(state: Arc<ServerState>) -> Router {
    let journal = Router::new()
        .route("/v1/journal/batches", post(journal_batches::deliver))
        // The limit counts what comes out of the decompression, not what went in.
        .layer(DefaultBodyLimit::max(journal_batches::LIMIT_BYTES))
        .layer(RequestDecompressionLayer::new());
    Router::new()
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/v1/ready", get(ready::ready))
        .route("/v1/oauth/authorize", get(authorize::form).post(authorize::sign_in))
        .route("/v1/oauth/authorize/code", post(second_factor::check))
        .route("/v1/oauth/provider/callback", get(provider_callback::back))
        .route("/v1/oauth/token", post(token::token))
        .route("/v1/oauth/sign-out", post(sign_out::sign_out))
        .route("/v1/server", get(server::server))
        .route("/v1/snapshot", get(snapshot::snapshot))
        .route("/v1/customers", get(customers::find))
        .route("/v1/portals/{portal}/customers/{customer}", get(customer_card::card))
        .route("/v1/start-options", get(start_options::options))
        .route("/v1/sessions", get(session_list::list).post(start_session::start))
        .route("/v1/sessions/{id}", get(session::session))
        .route("/v1/sessions/{id}/entry", post(entry::enter))
        .route("/v1/sessions/{id}/end", post(end_session::end))
        .route("/v1/sessions/{id}/extensions", post(extend_session::extend))
        .route("/v1/sessions/{id}/trail", get(trail::trail))
        .route("/v1/emergency-stop", post(emergency_stop::stop))
        .route("/v1/emergency-stop/lift", post(emergency_stop::lift))
        .route("/v1/portal/sessions", get(portal_sessions::list))
        .route("/v1/portal/sessions/{id}/end", post(portal_sessions::end))
        .route("/v1/record/own", get(own_record::own_record))
        .route("/v1/devices", get(devices::list))
        .route("/v1/devices/{id}/revoke", post(revoke_device::revoke))
        .route("/v1/heartbeats", post(heartbeats::beat))
        .route("/v1/events", get(events::stream))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .merge(journal)
        .layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE))
        .layer(middleware::from_fn_with_state(state.clone(), layers::finish))
        .with_state(state)
}
