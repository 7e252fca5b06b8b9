//! `POST /v1/oauth/sign-out`: the tokens of this sign-in are worth nothing from now on.

use std::sync::Arc;

use amberglass_wire::problem::ErrorCode;
use axum::{extract::State, http::StatusCode};

use super::{extract::SignedIn, problem::ApiError};
use crate::{ServerState, accounts::tokens};

/// Ends the sign-in that the token belongs to.
///
/// All its tokens are worth nothing from then on.
#[utoipa::path(
    post,
    path = "/v1/oauth/sign-out",
    operation_id = "sign_out",
    tag = "sign-in",
    security(("staff" = [])),
    responses((status = 204, description = "Signed out")),
    extensions(("x-error-codes" = json!([ErrorCode::AuditUnavailable]))),
)]
pub async fn sign_out(State(state): State<Arc<ServerState>>, who: SignedIn) -> Result<StatusCode, ApiError> {
    tokens::sign_out(&state, &who.family, who.id(), &who.device).await?;
    Ok(StatusCode::NO_CONTENT)
}
