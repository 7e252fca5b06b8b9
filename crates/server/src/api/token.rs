//! `POST /v1/oauth/token`

use std::sync::Arc;

use amberglass_wire::{
    auth::{TokenRequest, TokenResponse},
    problem::ErrorCode,
};
use axum::{Json, extract::State};

use super::{extract::Form, problem::ApiError};
use crate::{ServerState, accounts::tokens};

/// Trades an authorization code or a refresh token for new tokens.
///
/// The device proves with `device_proof` that it holds its key. A code works once, for a minute. A refresh token is
/// replaced with each use; the same answer comes again for a minute if it was lost, and a copy that is used later ends
/// the whole sign-in.
#[utoipa::path(
    post,
    path = "/v1/oauth/token",
    operation_id = "issue_tokens",
    tag = "sign-in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 200,
            description = "An access token for five minutes and the next refresh token",
            body = TokenResponse,
        ),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::InvalidRequest, ErrorCode::PayloadTooLarge, ErrorCode::UnsupportedMediaType,
        ErrorCode::NotSignedIn, ErrorCode::DeviceRefused, ErrorCode::ClockSkew, ErrorCode::Unavailable,
        ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn token(
    State(state): State<Arc<ServerState>>,
    Form(request): Form<TokenRequest>,
) -> Result<Json<TokenResponse>, ApiError> {
    Ok(Json(tokens::answer(&state, request).await?))
}
