//! The connection to the portals: pooled, without redirects, without a proxy of the environment, nothing unpacked.

use std::time::Duration;

use amberglass_domain::ports::Clock;
use axum::body::Body;
use http::{Request, Response, Uri, uri::PathAndQuery};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From sending to the answer's head. A body may take as long as the session.
const HEAD_TIMEOUT_MILLIS: i64 = 10_000;
const POOL_IDLE: Duration = Duration::from_secs(30);
/// Idle connections per portal: what one page opens at once, several times over.
const POOL_SIZE: usize = 64;
/// In bytes, of one connection, and so of the longest head too. What a fast portal fills is held for as long as a slow page
/// takes.
const MAX_BUFFER: usize = 128 * 1024;

/// Why a portal gave no answer that could be passed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpstreamError {
    #[error("the portal could not be reached, or broke off")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// Of [`Self::Unreachable`], where it was not the portal that broke off.
    #[error("the page's content broke off, or could not be read")]
    Content(#[source] hyper_util::client::legacy::Error),
    #[error("the portal did not answer in time")]
    TimedOut,
    #[error("the portal's answer changes the protocol")]
    Switches,
    /// Portals over TLS are not served by this version.
    #[error("the portal's address cannot be asked")]
    Address,
}

impl UpstreamError {
    /// Not a byte of the request has left.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_connect(),
            Self::Address => true,
            Self::Content(_) | Self::TimedOut | Self::Switches => false,
        }
    }
}

pub(super) struct Upstream {
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .http1_max_buf_size(MAX_BUFFER)
            .build(connector);
        Self { client }
    }

    /// For what must reach a portal once or not at all: a connection of its own each time, and nothing is tried again.
    pub fn once() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_buf_size(MAX_BUFFER)
            .build(connector);
        Self { client }
    }

    /// Sends and waits for the head of the answer.
    pub async fn ask(&self, request: Request<Body>, clock: &dyn Clock) -> Result<Response<Incoming>, UpstreamError> {
        let response = self.ask_to_switch(request, clock).await?;
        if response.status().is_informational() {
            return Err(UpstreamError::Switches);
        }
        Ok(response)
    }

    /// The same, where the answer may change the protocol.
    pub async fn ask_to_switch(
        &self,
        request: Request<Body>,
        clock: &dyn Clock,
    ) -> Result<Response<Incoming>, UpstreamError> {
        if request.uri().scheme_str() != Some("http") {
            return Err(UpstreamError::Address);
        }
        let late = clock.sleep_until(clock.monotonic_millis().saturating_add(HEAD_TIMEOUT_MILLIS));
        tokio::select! {
            outcome = self.client.request(request) => outcome.map_err(failed),
            () = late => Err(UpstreamError::TimedOut),
        }
    }
}

/// Whose fault it is: hyper says of an error that it came from its user where the content it was given has failed.
fn failed(error: hyper_util::client::legacy::Error) -> UpstreamError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user) {
            break;
        }
        cause = error.source();
    }
    if cause.is_some() { UpstreamError::Content(error) } else { UpstreamError::Unreachable(error) }
}

/// The address at the portal, with the path exactly as it was judged.
pub(super) fn address(upstream: &Url, target: &PathAndQuery) -> Result<Uri, UpstreamError> {
    Uri::builder()
        .scheme(upstream.scheme())
        .authority(authority(upstream))
        .path_and_query(target.clone())
        .build()
        .map_err(|_| UpstreamError::Address)
}

/// Host, and port where it is not the scheme's own.
pub(super) fn authority(upstream: &Url) -> String {
    let host = upstream.host_str().unwrap_or_default();
    match upstream.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
