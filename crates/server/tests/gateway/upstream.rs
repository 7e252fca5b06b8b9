//! A portal that remembers everything it was asked, with answers that try the gateway's rules.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
    routing::{any, get},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{Notify, broadcast},
};
use url::Url;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub struct Shared {
    seen: Mutex<Vec<Seen>>,
    /// Chunks of `/ticker` and `/answer/ticker`.
    pub ticks: broadcast::Sender<&'static str>,
    /// Told when the answer of `/ticker` is dropped.
    pub dropped: Notify,
    /// Set-Cookie, Location and other header lines of `/answer`.
    pub answer: Mutex<(u16, Vec<(String, String)>)>,
    /// Bytes that came over WebSockets, as they are.
    pub heard: Mutex<Vec<u8>>,
    /// Bytes that go to each page with a WebSocket.
    pub says: broadcast::Sender<Vec<u8>>,
}

#[derive(Clone)]
pub struct Upstream {
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
}

pub const BIG: usize = 2 * 1024 * 1024;

/// Bytes that show a lost, doubled or moved piece.
pub fn big_body() -> Vec<u8> {
    (0..BIG).map(|n| u8::try_from((n.wrapping_mul(31) ^ (n >> 8)) & 0xff).unwrap()).collect()
}

impl Upstream {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            ticks: broadcast::Sender::new(16),
            dropped: Notify::new(),
            answer: Mutex::new((200, Vec::new())),
            heard: Mutex::default(),
            says: broadcast::Sender::new(16),
        });
        let router = Router::new()
            .route("/ticker", get(ticker))
            .route("/big", get(|| async { big_body() }))
            .route("/answer", any(answer))
            .route("/answer/ticker", get(ticking_answer))
            .route("/answer/{*rest}", any(answer))
            .route("/live", get(live))
            .route("/live/{room}", get(live))
            .route("/graphql-live", get(live))
            .route("/never", get(std::future::pending::<()>))
            .fallback(|| async { "page" })
            .layer(axum::middleware::from_fn_with_state(shared.clone(), note))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    pub fn url(&self) -> Url {
        format!("http://{}", self.address).parse().unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// What came over WebSockets until now.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap().clone()
    }

    pub fn say(&self, frames: &[u8]) {
        self.shared.says.send(frames.to_vec()).unwrap();
    }

    pub fn will_answer(&self, status: u16, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        *self.shared.answer.lock().unwrap() = (status, headers);
    }
}

async fn note(State(shared): State<Arc<Shared>>, request: Request, next: axum::middleware::Next) -> Response {
    let (parts, body) = request.into_parts();
    // What breaks off is no request that a portal would act on.
    let Ok(body) = body.collect().await else {
        return http::Response::builder().status(400).body(Body::empty()).unwrap();
    };
    let body = body.to_bytes();
    shared.seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: body.clone(),
    });
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// What `content` says in its headers, else a word.
async fn answer(State(shared): State<Arc<Shared>>) -> Response {
    let (status, mut headers) = shared.answer.lock().unwrap().clone();
    let content = headers.iter().position(|(name, _)| name == "content").map(|at| headers.remove(at).1);
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(content.unwrap_or_else(|| "answer".into()))).unwrap()
}

/// Opens a WebSocket, with the header lines of `/answer`, and looks into no frame.
async fn live(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let Some(page) = request.extensions_mut().remove::<OnUpgrade>() else {
        return http::Response::builder().status(426).body("no socket".into()).unwrap();
    };
    let key = request.headers()[header::SEC_WEBSOCKET_KEY].as_bytes();
    let accept = Sha1::new_with_prefix(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    let mut says = shared.says.subscribe();
    let told = Told(shared.clone());
    tokio::spawn(async move {
        let told = told;
        let mut page = TokioIo::new(page.await.unwrap());
        let mut chunk = [0; 4096];
        loop {
            tokio::select! {
                read = page.read(&mut chunk) => match read {
                    Ok(read @ 1..) => told.0.heard.lock().unwrap().extend_from_slice(&chunk[..read]),
                    Ok(0) | Err(_) => return,
                },
                said = says.recv() => match said {
                    // Nothing more to say: it hangs up.
                    Ok(said) if said.is_empty() => return,
                    Ok(said) => page.write_all(&said).await.unwrap(),
                    Err(_) => return,
                },
            }
        }
    });
    let mut response = http::Response::builder()
        .status(101)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, STANDARD.encode(accept));
    for (name, value) in shared.answer.lock().unwrap().1.clone() {
        response = response.header(name, value);
    }
    response.body(Body::empty()).unwrap()
}

/// Tells when the answer is no longer wanted.
struct Told(Arc<Shared>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

async fn ticker(State(shared): State<Arc<Shared>>) -> Response {
    http::Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(chunks(shared)).unwrap()
}

/// With the header lines of `/answer`, and of no length that anybody says.
async fn ticking_answer(State(shared): State<Arc<Shared>>) -> Response {
    let headers = shared.answer.lock().unwrap().1.clone();
    let mut response = http::Response::builder();
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(chunks(shared)).unwrap()
}

fn chunks(shared: Arc<Shared>) -> Body {
    let ticks = shared.ticks.subscribe();
    let told = Told(shared);
    let chunks = futures_util::stream::unfold((ticks, told), |(mut ticks, told)| async move {
        let tick = ticks.recv().await.ok()?;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(tick.as_bytes())), (ticks, told)))
    });
    Body::from_stream(chunks)
}
