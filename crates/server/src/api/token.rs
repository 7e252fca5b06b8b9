//! `POST /v1/oauth/token`

use std::sync::Arc;

use amberglass_wire::auth::{TokenRequest, TokenResponse};
use axum::{Json, extract::State};

use super::{extract::Form, problem::ApiError};
use crate::{ServerState, accounts::tokens};

pub async fn token(
    State(state): State<Arc<ServerState>>,
    Form(request): Form<TokenRequest>,
) -> Result<Json<TokenResponse>, ApiError> {
    Ok(Json(tokens::answer(&state, request).await?))
}
