//! The header that makes a request repeatable.

use amberglass_wire::problem::ErrorCode;
use axum::http::HeaderMap;

use super::problem::ApiError;

const HEADER: &str = "idempotency-key";
const MAX_KEY_BYTES: usize = 200;

/// What the document says of it.
pub const MEANING: &str = "A word of your own for this request, such as a UUID. With the same body again it is the same \
                           request and carried out once; with another body it is refused.";

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
