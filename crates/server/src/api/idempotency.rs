//! The header that makes a request repeatable.

use amberglass_wire::problem::ErrorCode;
use axum::http::HeaderMap;

use super::problem::ApiError;

const HEADER: &str = "idempotency-key";
const MAX_KEY_BYTES: usize = 200;

/// # Errors
/// When it is missing or too long.
pub fn key_of(headers: &HeaderMap) -> Result<&str, ApiError> {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
        .filter(|key| !key.is_empty() && key.len() <= MAX_KEY_BYTES)
        .ok_or_else(|| {
            ApiError::new(ErrorCode::InvalidRequest).detail("The header Idempotency-Key is missing or too long.")
        })
}
