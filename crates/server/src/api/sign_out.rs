//! `POST /v1/oauth/sign-out`: the tokens of this sign-in are worth nothing from now on.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use super::{extract::SignedIn, problem::ApiError};
use crate::{ServerState, accounts::tokens};

pub async fn sign_out(State(state): State<Arc<ServerState>>, who: SignedIn) -> Result<StatusCode, ApiError> {
    tokens::sign_out(&state, &who.family, who.id(), &who.device).await?;
    Ok(StatusCode::NO_CONTENT)
}
