//! `GET /.well-known/jwks.json`: the keys with which portals check identities (RFC 7517). Public.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header::{CACHE_CONTROL, HeaderName},
};

use crate::ServerState;

pub async fn jwks(State(state): State<Arc<ServerState>>) -> ([(HeaderName, &'static str); 1], Json<serde_json::Value>) {
    ([(CACHE_CONTROL, "public, max-age=60")], Json(state.drivers.jwks()))
}
