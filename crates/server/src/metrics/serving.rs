//! What is served on the listener for metrics and health. For who watches the server, and for load balancers: it says
//! nothing about anybody, and answers under any Host, because they look at one server by its address.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use prometheus_client::encoding::prometheus_text;

use crate::{ServerState, readiness::NotReady};

/// For the numbers that stand in the database: shorter than whoever asks will wait.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn router(state: Arc<ServerState>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(state)
}

async fn metrics(State(state): State<Arc<ServerState>>) -> Response {
    let ready = tokio::time::timeout(PATIENCE, state.readiness());
    let running = tokio::time::timeout(PATIENCE, state.store.count_running());
    let (ready, running) = tokio::join!(ready, running);
    let is_ready = ready.is_ok_and(|ready| ready.is_ok());
    state.metrics.look(is_ready, running.ok().and_then(Result::ok));
    match state.metrics.text() {
        Ok(text) => answer(StatusCode::OK, prometheus_text::CONTENT_TYPE, text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics could not be written");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "The metrics could not be written.")
        }
    }
}

/// That the process answers. It says nothing about the database: to start the server anew would not mend that.
async fn live() -> Response {
    plain(StatusCode::OK, "live")
}

async fn ready(State(state): State<Arc<ServerState>>) -> Response {
    match state.readiness().await {
        Ok(()) => plain(StatusCode::OK, "ready"),
        Err(NotReady { why, error }) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            plain(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

fn plain(status: StatusCode, words: &str) -> Response {
    answer(status, "text/plain; charset=utf-8", format!("{words}\n"))
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}
