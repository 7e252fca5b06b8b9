//! What is served where, and what all requests share.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use tokio::{net::TcpListener, sync::watch};
use url::Url;

use crate::{
    api, assets, data, directory, forms, hostile,
    identity::Jwks,
    pages,
    seen::PortalState,
    sign_in::{self, OwnSessions},
    store::{Refusal, Store},
    ticker,
};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = i64;

/// Where the time comes from. Asked on every request, so a test can move it.
pub type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

/// Requests carry a form or a message, nothing larger.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// How long open answers may take to end after the signal to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);
/// Only this origin, no inline scripts or styles, no frames around the pages.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Everything Barkside has to be told.
#[derive(Clone)]
pub struct PortalConfig {
    /// Where the gateway publishes its keys (RFC 7517). Plain http only to loopback.
    pub jwks_url: Url,
    /// Expected `iss`.
    pub issuer: String,
    /// Expected `aud`: this portal's id at the gateway.
    pub audience: String,
    /// Also fixes the dates of the sample data, when the portal is made.
    pub clock: Clock,
    /// Serves `/hostile/...`: pages that try to break out and to reach this other origin. For tests of the walls around
    /// the portal.
    pub hostile_pages: Option<Url>,
}

/// Why Barkside could not be started or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    #[error("Barkside listens on loopback addresses only, and {0} is none")]
    NotLoopback(SocketAddr),
    #[error("the keys of the gateway must come over https, or over http from loopback, not from {0}")]
    JwksUrl(Url),
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    #[error("listening failed")]
    Listen(#[from] std::io::Error),
}

/// What all requests share.
pub(crate) struct Shared {
    pub config: PortalConfig,
    pub jwks: Jwks,
    pub seen: Arc<PortalState>,
    pub own_sessions: OwnSessions,
    /// Turns true when the portal stops, so that endless answers end.
    pub stopping: watch::Sender<bool>,
    store: Mutex<Store>,
}

impl Shared {
    pub fn now(&self) -> UnixMillis {
        (self.config.clock)()
    }

    pub fn read<T>(&self, question: impl FnOnce(&Store) -> T) -> T {
        question(&self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The only way to change data: what took effect is counted here and nowhere else.
    pub fn change<T>(&self, change: impl FnOnce(&mut Store) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let outcome = change(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))?;
        self.seen.count_write();
        Ok(outcome)
    }
}

/// The portal, ready to be served or to be called in a test.
pub struct Portal {
    shared: Arc<Shared>,
}

impl Portal {
    /// Makes the sample data, with dates around the clock's present time. Fetches nothing yet.
    pub fn new(config: PortalConfig) -> Result<Self, PortalError> {
        let jwks = Jwks::new(config.jwks_url.clone(), config.clock.clone())?;
        let start = (config.clock)();
        let store = Store::new(data::customers(start));
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                jwks,
                seen: Arc::new(PortalState::new(start)),
                own_sessions: OwnSessions::default(),
                stopping: watch::Sender::new(false),
                store: Mutex::new(store),
            }),
        })
    }

    /// What this portal has seen and done so far; stays readable while it serves.
    pub fn state(&self) -> Arc<PortalState> {
        self.shared.seen.clone()
    }

    pub fn router(&self) -> Router {
        let shared = self.shared.clone();
        let mut routes = Router::new()
            .route("/", get(pages::overview::show))
            .route("/appointments", get(pages::appointments::show).post(forms::book))
            .route("/pets", get(pages::pets::show))
            .route("/invoices", get(pages::invoices::show))
            .route("/invoices/{id}/file", get(pages::invoices::file))
            .route("/messages", get(pages::messages::list))
            .route("/messages/{id}", get(pages::messages::show))
            .route("/messages/{id}/open", get(forms::open_message))
            .route("/account", get(pages::account::show))
            .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
            .route("/sign-out", post(sign_in::sign_out))
            .route("/account/address", post(forms::change_address))
            .route("/account/password", post(forms::change_password))
            .route("/api/me", get(api::me))
            .route("/api/appointments", get(api::appointments))
            .route("/api/appointments/search", post(api::search_appointments))
            .route("/api/appointments/{id}/cancel", post(api::cancel_appointment))
            .route("/api/invoices", get(api::invoices))
            .route("/api/invoices/{id}/pay", post(api::pay_invoice))
            .route("/api/messages", get(api::messages).post(api::send_message))
            .route("/api/ticker", get(ticker::ticker))
            .route("/.well-known/amberglass/customers", get(directory::search))
            .route("/.well-known/amberglass/customers/{id}", get(directory::one))
            .route("/.well-known/amberglass/effects", get(directory::effects))
            .route("/assets/{name}", get(assets::file))
            .route("/assets/pets/{name}", get(assets::pet))
            .fallback(pages::not_found);
        if shared.config.hostile_pages.is_some() {
            routes = routes.merge(hostile::routes());
        }
        routes
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .layer(middleware::map_response(with_safe_headers))
            .layer(middleware::from_fn_with_state(shared.clone(), note_request))
            .with_state(shared)
    }

    /// Serves until `stop` is ready, then lets open answers end. Refuses a listener beyond loopback.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), PortalError> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(PortalError::NotLoopback(address));
        }
        tracing::info!(%address, "Barkside is open");
        let shared = self.shared.clone();
        let mut stopping = shared.stopping.subscribe();
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            stop.await;
            shared.stopping.send_replace(true);
        });
        tokio::select! {
            outcome = served.into_future() => outcome?,
            () = async {
                // An error here means the sender is gone, and then nothing is left to wait for either.
                let _ = stopping.wait_for(|stopping| *stopping).await;
                tokio::time::sleep(STOP_GRACE).await;
            } => {}
        }
        tracing::info!("Barkside is closed");
        Ok(())
    }
}

/// Serves a portal until the future is dropped.
pub async fn serve(listener: TcpListener, config: PortalConfig) -> Result<(), PortalError> {
    Portal::new(config)?.serve(listener, std::future::pending()).await
}

async fn note_request(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    shared.seen.note(request.method(), request.uri().path());
    next.run(request).await
}

/// Hostile pages go out bare: a policy of their own would hide whether the walls around them hold.
async fn with_safe_headers(mut response: Response) -> Response {
    if response.extensions().get::<hostile::Bare>().is_some() {
        return response;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
