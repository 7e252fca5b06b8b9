//! Around every request: errors in one form with a reference, panics caught, headers that every answer carries.

use std::{panic::AssertUnwindSafe, sync::Arc};

use amberglass_system::Stopwatch;
use amberglass_wire::problem::{ErrorCode, PROBLEM_CONTENT_TYPE, Problem};
use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::{own_host, problem::ApiError};
use crate::{ServerState, metrics::known_method, request_id::HttpRequestId, watch::with_causes};

pub const READY: &str = "/v1/ready";

/// Where the request went, without what stands in its path or query: customers' ids are no matter for logs.
#[derive(Clone)]
struct Route {
    method: Method,
    path: Option<MatchedPath>,
}

/// With an id: the console's own, else a new one. It stands in the log, in the answer, and as the reference of a problem.
pub async fn finish(State(state): State<Arc<ServerState>>, mut request: Request, next: Next) -> Response {
    let since = Stopwatch::start();
    let id = HttpRequestId::of_console(request.headers()).unwrap_or_else(|| HttpRequestId::new(&*state.entropy));
    request.extensions_mut().insert(id.clone());
    let route = Route { method: request.method().clone(), path: request.extensions().get::<MatchedPath>().cloned() };
    let mut response = answer(&state, &id, &route, request, next).instrument(id.span()).await;
    id.mark(response.headers_mut());
    let path = route.path.as_ref().map(MatchedPath::as_str);
    state.metrics.api.answered(&route.method, path, response.status(), since.seconds());
    response
}

async fn answer(state: &Arc<ServerState>, id: &HttpRequestId, route: &Route, request: Request, next: Next) -> Response {
    // A load balancer looks at one server by its address.
    let is_probe = route.path.as_ref().is_some_and(|path| path.as_str() == READY);
    let mut response = if is_probe || own_host::is_own(state, request.uri(), request.headers()) {
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            ApiError::new(ErrorCode::Internal).into_response()
        })
    } else {
        ApiError::new(ErrorCode::WrongHost).into_response()
    };
    if route.method == Method::OPTIONS && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = options(&response);
    }
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = problem(id, route, &error, response);
    } else if let Some(error) = refusal_of_the_framework(&response) {
        response = problem(id, route, &error, response);
    } else {
        let path = route.path.as_ref().map_or("(none)", MatchedPath::as_str);
        tracing::debug!(status = response.status().as_u16(), method = known_method(&route.method), path, "answered");
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What may be done with the resource (RFC 9110, 9.3.7). Without a word about other origins: pages have no business here.
fn options(refused: &Response) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(allow) = refused.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

/// Router and extractors answer some requests themselves, in text; pages of ours are left alone.
fn refusal_of_the_framework(response: &Response) -> Option<ApiError> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/html") {
        return None;
    }
    Some(ApiError::new(match status {
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        _ if status.is_client_error() => ErrorCode::InvalidRequest,
        _ => ErrorCode::Internal,
    }))
}

fn problem(id: &HttpRequestId, route: &Route, error: &ApiError, answered: Response) -> Response {
    let reference = id.reference();
    let method = known_method(&route.method);
    // The framework's status is the more exact one: some of them have no code of their own.
    let status = answered.status();
    let path = route.path.as_ref().map_or("(none)", MatchedPath::as_str);
    let source = error.source.as_deref().map(|source| with_causes(source));
    if status.is_server_error() {
        tracing::error!(reference, code = ?error.code, status = status.as_u16(), method, path, source);
    } else {
        tracing::info!(reference, code = ?error.code, status = status.as_u16(), method, path, source);
    }
    let title = if status == error.status() {
        error.title()
    } else {
        status.canonical_reason().unwrap_or("The request is not understood")
    };
    let body = Problem {
        kind: "about:blank".into(),
        title: title.into(),
        status: status.as_u16(),
        detail: error.detail.clone(),
        code: error.code,
        reference: reference.to_owned(),
        rules: error.rules.clone(),
        session: error.session.clone(),
        held: error.held.clone(),
        retry_after_seconds: error.retry_after_seconds,
    };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_CONTENT_TYPE));
    if let Some(allow) = answered.headers().get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = error.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
