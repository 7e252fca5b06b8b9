//! Accepts connections and serves them with a router, and leaves nobody the time to hold one open without asking
//! anything.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Sleep,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Of one listener; more wait in its backlog.
const MAX_CONNECTIONS: usize = 4096;
/// TLS is spoken at once or not at all.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);
/// Of one request over HTTP/2, in bytes: pages with many cookies have long ones.
const MAX_HEAD: u32 = 64 * 1024;
/// Pause after the system refused to accept (no descriptors left), so that the loop doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who may come in, and how long.
#[derive(Clone)]
pub(crate) struct Door {
    /// Speaks TLS first.
    pub tls: Option<TlsAcceptor>,
    pub stop: CancellationToken,
    /// How long a connection may stay without a complete request head on it; answers may take longer.
    pub head_timeout: Duration,
}

/// Until `stop`, and then until what is being answered is answered. Dropped, it cuts every connection.
pub(crate) async fn serve(listener: TcpListener, router: Router, door: Door) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = door.stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), door.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, door: Door) {
    let _ = stream.set_nodelay(true);
    let late = Box::pin(tokio::time::sleep(door.head_timeout));
    let Some(tls) = &door.tls else { return speak(stream, late, peer, router, door).await };
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(GREETING_TIMEOUT.min(door.head_timeout), tls.accept(stream)) => greeted,
        () = door.stop.cancelled() => return,
    };
    match greeted {
        Ok(Ok(stream)) => speak(stream, late, peer, router, door).await,
        Ok(Err(error)) => tracing::debug!(error = &error as &dyn std::error::Error, "somebody does not speak TLS"),
        Err(_) => {}
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    mut late: Pin<Box<Sleep>>,
    peer: SocketAddr,
    router: Router,
    Door { stop, head_timeout, .. }: Door,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(head_timeout).keep_alive_timeout(head_timeout);
    builder.http2().max_header_list_size(MAX_HEAD);
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let (mut is_ending, mut is_known) = (false, false);
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "a connection broke");
                }
                return;
            }
            () = stop.cancelled(), if !is_ending => {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            // The timeouts above begin once it is known which version of HTTP is spoken; who never says so is cut by this one. Over
            // HTTP/2 they go on for ever as long as somebody answers pings: who has asked and asks no more is let go when what is
            // being answered is answered.
            () = late.as_mut(), if !is_ending => {
                if asked.swap(false, Ordering::Relaxed) {
                    is_known = true;
                    let next = late.deadline() + head_timeout;
                    late.as_mut().reset(next);
                } else if is_known {
                    is_ending = true;
                    serving.as_mut().graceful_shutdown();
                } else {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::{extract::State, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::Notify,
    };

    use super::*;

    const HEAD_TIMEOUT: Duration = Duration::from_millis(100);
    /// For what is waited for, on a machine that does other things too.
    const PATIENCE: Duration = Duration::from_secs(10);

    async fn say(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn until_closed(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is still open").unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn who_never_finishes_asking_is_cut_and_who_waits_for_an_answer_is_not() {
        let release = Arc::new(Notify::new());
        let router = Router::new()
            .route(
                "/slow",
                get(|State(release): State<Arc<Notify>>, ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
                    release.notified().await;
                    peer.to_string()
                }),
            )
            .with_state(release.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let door = Door { tls: None, stop: stop.clone(), head_timeout: HEAD_TIMEOUT };
        let serving = tokio::spawn(serve(listener, router, door));

        let waiting = say(address, b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let waiting_at = waiting.local_addr().unwrap();
        // Nothing at all, half a head, and what may yet become HTTP/2.
        for unfinished in [&b""[..], b"GET /slow HTTP/1.1\r\nHost: x\r\nX-A: ", b"PRI * HTTP/2.0\r\n\r\n"] {
            let answer = until_closed(say(address, unfinished).await).await;
            assert!(!answer.contains("200 OK"), "{answer}");
        }
        release.notify_one();
        let answer = until_closed(waiting).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(&waiting_at.to_string()), "{answer}");
        stop.cancel();
        tokio::time::timeout(PATIENCE, serving).await.expect("it does not stop").unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    async fn served(tls: Option<TlsAcceptor>) -> (SocketAddr, CancellationToken) {
        let router = Router::new().route("/", get(|| async { "here" }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, router, Door { tls, stop: stop.clone(), head_timeout: HEAD_TIMEOUT }));
        (address, stop)
    }

    #[tokio::test]
    async fn who_has_asked_over_http_2_and_asks_no_more_is_let_go() {
        let (address, _stop) = served(None).await;
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        // It answers every ping.
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
        let (mut asking, connection) = handshake.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get("http://127.0.0.1/").body(Body::empty()).unwrap();
        assert!(asking.send_request(request).await.unwrap().status().is_success());
        let ended = tokio::time::timeout(PATIENCE, connection).await.expect("it is still open");
        ended.unwrap().unwrap();
        assert!(asking.is_closed());
    }

    #[tokio::test]
    async fn who_never_greets_a_listener_with_tls_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = amberglass_testkit::untrusted_certificate(dir.path());
        let tls = crate::config::Tls { certificate, key }.acceptor([]).unwrap();
        let (address, _stop) = served(Some(tls)).await;
        // Nothing at all, and the beginning of a greeting.
        for unfinished in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
            let said = until_closed(say(address, unfinished).await).await;
            assert_eq!(said, "", "{unfinished:?}");
        }
    }
}
