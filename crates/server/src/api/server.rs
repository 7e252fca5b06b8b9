//! `GET /v1/server`: what a console shows before anybody signs in. Public, and says nothing that a stranger could use.

use std::sync::Arc;

use amberglass_wire::auth::{ServerResponse, SignInMethod};
use axum::{Json, extract::State};

use crate::ServerState;

/// Says what a console shows before anybody signs in.
#[utoipa::path(
    get,
    path = "/v1/server",
    operation_id = "describe_server",
    tag = "public",
    responses((status = 200, description = "Name, version and way of signing in", body = ServerResponse)),
)]
pub async fn server(State(state): State<Arc<ServerState>>) -> Json<ServerResponse> {
    Json(ServerResponse {
        product: "amberglass".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        name: state.config.name.clone(),
        sign_in: match state.config.openid_connect {
            Some(_) => SignInMethod::OpenidConnect,
            None => SignInMethod::Password,
        },
        demo: state.config.demo,
        audit_retention_months: state.config.audit_retention_months,
    })
}
