//! The control API: one file per endpoint.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, extract::DefaultBodyLimit, middleware};
use tower_http::{decompression::RequestDecompressionLayer, timeout::RequestBodyDeadlineLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ServerState, gateway::Gateway};

mod alarms;
mod ask_approval;
mod ask_elevation;
mod authorize;
mod break_glass;
mod customer_card;
mod customers;
mod decide_request;
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
mod news;
mod openapi;
mod own_host;
mod own_record;
mod portal_key;
mod portal_sessions;
mod portal_stop;
mod problem;
mod provider;
mod provider_callback;
mod ready;
mod requests;
mod reviews;
mod revoke_device;
mod second_factor;
mod send_write;
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
mod unmaskings;
mod withdraw_request;

pub use openapi::document;

/// Requests are small but for the journal's.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// From the head of a request to the end of its body.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn router(state: Arc<ServerState>, gateway: Arc<Gateway>) -> Router {
    Router::from(endpoints())
        .layer(Extension(gateway))
        .layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE))
        .layer(middleware::from_fn_with_state(state.clone(), layers::finish))
        .with_state(state)
}

/// Where each endpoint is and what it does stands beside its handler; what is served and what `openapi` says both come
/// from here.
fn endpoints() -> OpenApiRouter<Arc<ServerState>> {
    let journal = OpenApiRouter::new()
        .routes(routes!(journal_batches::deliver))
        // The limit counts what comes out of the decompression, not what went in.
        .layer(DefaultBodyLimit::max(journal_batches::LIMIT_BYTES))
        .layer(RequestDecompressionLayer::new());
    OpenApiRouter::new()
        .routes(routes!(openapi::openapi))
        .routes(routes!(jwks::jwks))
        .routes(routes!(ready::ready))
        .routes(routes!(server::server))
        .routes(routes!(authorize::form, authorize::sign_in))
        .routes(routes!(second_factor::check))
        .routes(routes!(provider_callback::back))
        .routes(routes!(token::token))
        .routes(routes!(sign_out::sign_out))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(customers::find))
        .routes(routes!(customer_card::card))
        .routes(routes!(start_options::options))
        .routes(routes!(session_list::list, start_session::start))
        .routes(routes!(session::session))
        .routes(routes!(entry::enter))
        .routes(routes!(end_session::end))
        .routes(routes!(extend_session::extend))
        .routes(routes!(requests::list, ask_approval::ask))
        .routes(routes!(requests::request))
        .routes(routes!(decide_request::decide))
        .routes(routes!(withdraw_request::withdraw))
        .routes(routes!(ask_elevation::ask))
        .routes(routes!(send_write::send))
        .routes(routes!(unmaskings::list, unmaskings::unmask))
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::review))
        .routes(routes!(trail::trail))
        .routes(routes!(emergency_stop::stop))
        .routes(routes!(emergency_stop::lift))
        .routes(routes!(portal_stop::stop))
        .routes(routes!(portal_stop::lift))
        .routes(routes!(portal_sessions::list))
        .routes(routes!(portal_sessions::end))
        .routes(routes!(own_record::own_record))
        .routes(routes!(devices::list))
        .routes(routes!(revoke_device::revoke))
        .routes(routes!(alarms::acknowledge))
        .routes(routes!(heartbeats::beat))
        .routes(routes!(events::stream))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .merge(journal)
}
