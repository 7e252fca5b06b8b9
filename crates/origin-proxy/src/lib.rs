//! The forward proxy that the locked webview is configured with: every request of the page goes through it, and it
//! passes nothing but the gateway's exact host and port.
//!
//! It is the wall for what the engine asks for without a navigation: fetch, images, style sheets, beacons, workers,
//! WebSockets. It must never resolve, connect to or name any other origin, never change what passes beyond what RFC 9110
//! demands of a proxy, and never add a header of its own. Whether a request to the gateway is allowed is not decided
//! here: that is the gateway's task.
//!
//! Start reading at [`OriginProxy`] and `judge`, where it is decided what passes.

mod forward;
mod judge;
mod upstream;

#[cfg(test)]
mod tests;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use amberglass_domain::navigation::GatewayOrigin;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

/// One page opens far fewer; more wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 64;
/// Request line and headers together, in bytes; larger ones are answered with 431.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// How long a connection may stay without a complete request on it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept (no descriptors left), so that the loop doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum OriginProxyError {
    /// No port of the loopback interface could be opened. Without the proxy no page may be shown.
    #[error("the origin proxy could not listen on the loopback interface")]
    Listen(#[source] std::io::Error),
}

/// A request that did not go to the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    /// `scheme://host:port`, or `host:port` for a tunnel: without credentials, path and query. What the Host header says
    /// when the request names no target.
    pub target: String,
}

/// A running proxy for one gateway origin. Stops listening and cuts every connection when dropped.
#[derive(Debug)]
pub struct OriginProxy {
    address: SocketAddr,
    stop: CancellationToken,
}

/// What every connection needs.
struct Rules {
    origin: GatewayOrigin,
    refused: Box<dyn Fn(RefusedRequest) + Send + Sync>,
    stop: CancellationToken,
}

impl OriginProxy {
    /// Listens on a free port of 127.0.0.1. `refused` is called once for each request that was refused; it runs on the
    /// runtime and must not block. What is not even HTTP is answered with 400 or cut, and not reported.
    ///
    /// # Errors
    /// [`OriginProxyError::Listen`].
    pub async fn start(
        origin: GatewayOrigin,
        refused: impl Fn(RefusedRequest) + Send + Sync + 'static,
    ) -> Result<Self, OriginProxyError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(OriginProxyError::Listen)?;
        let address = listener.local_addr().map_err(OriginProxyError::Listen)?;
        let stop = CancellationToken::new();
        let rules = Arc::new(Rules { origin, refused: Box::new(refused), stop: stop.clone() });
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(listener, rules)));
        Ok(Self { address, stop })
    }

    /// Where it listens: for the webview's proxy setting.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for OriginProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: TcpListener, rules: Arc<Rules>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Ends when the semaphore is closed, which nobody does, or when the token is cancelled.
    while let Ok(slot) = slots.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let stop = rules.stop.clone();
                tokio::spawn(stop.run_until_cancelled_owned(serve(stream, rules.clone(), Arc::new(slot))));
            }
            Err(error) => {
                tracing::warn!(%error, "the origin proxy could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection of the webview. A tunnel that grows out of it keeps the slot.
async fn serve(stream: TcpStream, rules: Arc<Rules>, slot: Arc<OwnedSemaphorePermit>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| forward::answer(request, rules.clone(), slot.clone()));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the webview broke");
    }
}
