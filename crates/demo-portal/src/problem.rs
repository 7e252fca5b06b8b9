//! Refusals in words: a page for people, `application/problem+json` (RFC 9457) for scripts and the gateway.

use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::pages;

/// A refusal with the words that the page or the answer shows.
pub(crate) struct Problem {
    pub status: StatusCode,
    pub title: &'static str,
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// As JSON below `/api` and `/.well-known`, as a page elsewhere.
    pub fn answer(self, uri: &Uri) -> Response {
        let path = uri.path();
        if path.starts_with("/api/") || path.starts_with("/.well-known/") {
            self.into_response()
        } else {
            pages::refusal(self.status, self.title, &self.detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
    }
}
