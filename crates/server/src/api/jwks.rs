//! `GET /.well-known/jwks.json`: the keys with which portals check identities (RFC 7517). Public.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header::{CACHE_CONTROL, HeaderName},
};

use crate::ServerState;

/// Gives the public keys with which portals check the gateway's identities.
///
/// A JSON Web Key Set (RFC 7517). Portals may keep it for a minute.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "list_identity_keys",
    tag = "public",
    responses((status = 200, description = "The key set", body = Object)),
)]
pub async fn jwks(State(state): State<Arc<ServerState>>) -> ([(HeaderName, &'static str); 1], Json<serde_json::Value>) {
    ([(CACHE_CONTROL, "public, max-age=60")], Json(state.drivers.jwks()))
}
