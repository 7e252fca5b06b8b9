//! The door before the sample portal: both sides of the bench go through it, so that it costs both the same. It lets the
//! page say when it has painted, and tells the bench when what arrived.
//!
//! Two listeners, because the sides differ in one thing: the gateway brings an identity, the bare window has none and
//! gets one here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use super::identity::{HEADER, Identity};

const PAINTED: &str = "/bench/painted";
const KEYS: &str = "/bench/keys";
/// The page loads it anyway, deferred: no request is added before the page has painted.
const SCRIPT: &str = "/assets/barkside.js";
/// The first frame after the callback of the second is on its way to the screen.
const BEACON: &str =
    "\n;requestAnimationFrame(() => requestAnimationFrame(() => fetch('/bench/painted', { cache: 'no-store' })));\n";
const LIMIT: Duration = Duration::from_secs(20);
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Of one connection only, or made anew on the other side.
const NOT_PASSED_ON: [&str; 6] =
    ["connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "host"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Through console and gateway.
    Gateway,
    /// A window that comes by itself.
    Direct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The document was asked for.
    Asked,
    /// Two animation frames after the page's script ran.
    Painted,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    side: Side,
    what: What,
    /// Monotonic milliseconds.
    at: i64,
}

/// Bound, so that its addresses are known before there is a portal behind it.
pub struct Door {
    gateway: TcpListener,
    direct: TcpListener,
}

/// What the portal behind the door is, and whose keys it trusts.
pub struct Behind {
    pub portal: String,
    /// The backend, such as `http://127.0.0.1:40123`.
    pub api: String,
    pub identity: Identity,
}

/// Serves until it is dropped.
pub struct OpenDoor {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    /// Where the bare side goes.
    pub direct: String,
    _serving: JoinSet<()>,
}

struct Passage {
    behind: Behind,
    client: reqwest::Client,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl Door {
    pub async fn bind() -> Result<Self> {
        Ok(Self { gateway: TcpListener::bind("127.0.0.1:0").await?, direct: TcpListener::bind("127.0.0.1:0").await? })
    }

    /// What the gateway takes for the portal.
    pub fn upstream(&self) -> Result<String> {
        Ok(address(self.gateway.local_addr()?))
    }

    /// Where the portal gets the keys whose signatures it believes.
    pub fn keys(&self) -> Result<String> {
        Ok(format!("{}{KEYS}", address(self.direct.local_addr()?)))
    }

    pub fn open(self, behind: Behind) -> Result<OpenDoor> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No limit on the whole answer: one of them is a stream without an end.
        let client = reqwest::Client::builder().no_proxy().connect_timeout(LIMIT).build()?;
        let (sender, arrivals) = mpsc::unbounded_channel();
        let direct = address(self.direct.local_addr()?);
        let passage = Arc::new(Passage { behind, client, arrivals: sender });
        let mut serving = JoinSet::new();
        for (listener, side) in [(self.gateway, Side::Gateway), (self.direct, Side::Direct)] {
            let passage = Arc::clone(&passage);
            let router = Router::new()
                .fallback(move |State(passage): State<Arc<Passage>>, request: Request| async move {
                    passage.answer(side, request).await
                })
                .with_state(passage);
            serving.spawn(async move { drop(axum::serve(listener, router).await) });
        }
        Ok(OpenDoor { arrivals, direct, _serving: serving })
    }
}

fn address(socket: SocketAddr) -> String {
    format!("http://{socket}")
}

impl OpenDoor {
    /// What came before does not count any more.
    pub fn forget(&mut self) {
        while self.arrivals.try_recv().is_ok() {}
    }

    /// When the document was asked for and when the page had painted, in monotonic milliseconds.
    pub async fn painted(&mut self, side: Side) -> Result<(i64, i64)> {
        let waiting = async {
            let mut asked = None;
            loop {
                let arrival = self.arrivals.recv().await.context("the door is closed")?;
                match (arrival.side == side, arrival.what) {
                    (true, What::Asked) => asked = asked.or(Some(arrival.at)),
                    (true, What::Painted) => return Ok((asked.context("painted before asked for")?, arrival.at)),
                    (false, What::Asked | What::Painted) => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, waiting)
            .await
            .with_context(|| format!("no page of the side {side:?} has painted within {LIMIT:?}"))?
    }
}

impl Passage {
    async fn answer(&self, side: Side, request: Request) -> Response {
        let at = SystemClock.monotonic_millis();
        let note = |what| {
            // Nobody listens any more only when the bench is over.
            let _ = self.arrivals.send(Arrival { side, what, at });
        };
        let answered = match request.uri().path() {
            PAINTED => {
                note(What::Painted);
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            KEYS => self.keys().await,
            path => {
                if path == "/" {
                    note(What::Asked);
                }
                self.pass_on(side, request).await
            }
        };
        answered.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
    }

    /// The gateway's keys and the bench's own.
    async fn keys(&self) -> Result<Response> {
        let address = format!("{}/.well-known/jwks.json", self.behind.api);
        let mut set: Value = self.client.get(address).timeout(LIMIT).send().await?.json().await?;
        let keys = set.get_mut("keys").and_then(Value::as_array_mut).context("the backend publishes no keys")?;
        keys.push(self.behind.identity.public_key());
        Ok(axum::Json(set).into_response())
    }

    async fn pass_on(&self, side: Side, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut headers = passed_on(&parts.headers);
        if side == Side::Direct {
            headers.insert(HEADER, self.behind.identity.token().parse()?);
        }
        let body = axum::body::to_bytes(body, MOST_BYTES).await?;
        let asked = self.client.request(parts.method, format!("{}{target}", self.behind.portal));
        let answer = asked.headers(headers).body(body).send().await?;
        let (status, headers) = (answer.status(), passed_on(answer.headers()));
        let body = if parts.uri.path() == SCRIPT && status.is_success() {
            with_beacon(&answer.bytes().await?)
        } else {
            Body::from_stream(answer.bytes_stream())
        };
        Ok((status, headers, body).into_response())
    }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in NOT_PASSED_ON {
        kept.remove(name);
    }
    // Nobody may send the script without asking again: it would be one without the beacon.
    kept.remove(header::ETAG);
    kept
}

fn with_beacon(script: &Bytes) -> Body {
    Body::from([script.as_ref(), BEACON.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn serve(router: Router) -> (String, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = address(listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (address, serving)
    }

    #[tokio::test]
    async fn the_portal_believes_the_bare_side_and_its_page_says_when_it_has_painted() {
        let keys = axum::routing::get(|| async { axum::Json(serde_json::json!({ "keys": [] })) });
        let (api, _backend) = serve(Router::new().route("/.well-known/jwks.json", keys)).await;
        let door = Door::bind().await.unwrap();
        let portal = amberglass_demo_portal::Portal::new(amberglass_demo_portal::PortalConfig {
            jwks_url: door.keys().unwrap().parse().unwrap(),
            issuer: api.clone(),
            audience: "barkside".to_owned(),
            clock: Arc::new(|| SystemClock.now().0),
            hostile_pages: None,
        });
        let (portal, _portal) = serve(portal.unwrap().router()).await;
        let identity = Identity::new(&api, "staff-1", "1042");
        let gateway = door.upstream().unwrap();
        let mut door = door.open(Behind { portal, api, identity }).unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        let get = async |address: String| client.get(address).send().await.unwrap();

        let page = get(format!("{}/", door.direct)).await;
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("Jane Doe"));
        assert!(get(format!("{}{SCRIPT}", door.direct)).await.text().await.unwrap().ends_with(BEACON));
        // Who comes by the gateway's way brings an identity or gets nothing.
        assert_eq!(get(format!("{gateway}/")).await.status(), 401);
        get(format!("{}{PAINTED}", door.direct)).await;
        let (asked, painted) = door.painted(Side::Direct).await.unwrap();
        assert!(asked <= painted);
    }
}
