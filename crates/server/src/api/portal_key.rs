//! Who a portal is: it shows a key of its own.

use std::sync::Arc;

use amberglass_wire::{PortalId, problem::ErrorCode};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::problem::ApiError;
use crate::{ServerState, secrets::sha256_hex};

/// How exactly it is known when a key was used last: each request would be a write otherwise.
const USE_NOTED_MILLIS: i64 = 60_000;

/// A portal with a key that holds now. Looked up by its hash, so that no comparison takes a telling time.
#[derive(Clone, Debug)]
pub struct AsPortal(pub PortalId);

impl FromRequestParts<Arc<ServerState>> for AsPortal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ServerState>) -> Result<Self, ApiError> {
        let refused = || ApiError::new(ErrorCode::NotSignedIn).detail("This takes a portal key.");
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim())
            .ok_or_else(refused)?;
        let row = state.store.portal_key(&sha256_hex(key.as_bytes())).await?.ok_or_else(refused)?;
        if row.revoked_at.is_some() || state.config.portal(&row.portal).is_none() {
            return Err(refused());
        }
        state.rates.portals.take(&row.id, state.clock.monotonic_millis()).map_err(ApiError::too_many)?;
        let now = state.clock.now();
        if row.last_used_at.is_none_or(|at| now.since(at) >= USE_NOTED_MILLIS) {
            let mut tx = state.store.begin().await?;
            tx.portal_key_used(&row.id, now).await?;
            tx.commit().await?;
        }
        Ok(Self(row.portal))
    }
}
