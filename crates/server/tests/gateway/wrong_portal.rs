//! A small portal that keeps the contract but for one rule of it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use amberglass_domain::ports::Clock as _;
use amberglass_server::{drivers::IDENTITY_HEADER, gateway::SUPPORT_HEADER};
use amberglass_system::SystemClock;
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const AUDIENCE: &str = "sample";
pub const CUSTOMER: &str = "c-1";
const NAME: &str = "Ann & Bo";
const EMAIL: &str = "ann@example.com";

/// The one thing that it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    RefusesGoodTokens,
    ShowsStrangers,
    UsesTokensOnce,
    TakesTheFirstOfTwo,
    IgnoresExpiry,
    IgnoresTimeOfIssue,
    IgnoresNotBefore,
    IgnoresLifetime,
    IgnoresAudience,
    IgnoresIssuer,
    IgnoresSignature,
    BelievesUnsigned,
    BelievesTheHeadersAlgorithm,
    DemandsNoClaims,
    NeedsNoActor,
    MakesAccounts,
    OpensPagesToTheDirectorysToken,
    ListsNothing,
    TellsAnotherPlan,
    KnowsEverybody,
    SearchesNames,
    ListsToAnyToken,
    BelievesTheHeader,
    NeedsTheHeader,
    EffectsAreWords,
    EffectsAreOpen,
    CountsSignIns,
    CountsPresence,
    MarksAsRead,
    SendsMail,
    CountsVisits,
    CountsWithoutTheHeader,
    EndsOwnSessions,
    ChangesWhenAsked,
    IsKeptByCaches,
    SetsASession,
    OpensByCookie,
    LeadsElsewhere,
    NamesItsOwnAddress,
    LoadsFromElsewhere,
    ShowsTheToken,
    FetchesForEveryKey,
    KeepsItsKeys,
    /// No rule forbids it; the kit must not take it for something else.
    RefusesAfterALot,
}

pub struct WrongPortal {
    pub url: url::Url,
    shared: Arc<Shared>,
    listener: Option<TcpListener>,
}

struct Shared {
    fault: Fault,
    origin: String,
    issuer: Mutex<(String, String)>,
    client: reqwest::Client,
    /// With the time of the last fetch.
    keys: tokio::sync::Mutex<(HashMap<String, String>, Option<i64>)>,
    used: Mutex<Vec<String>>,
    refusals: AtomicU64,
    effects: [AtomicI64; 6],
    turn: AtomicBool,
}

impl WrongPortal {
    /// It has an address, but does not listen yet to whom it should believe.
    pub async fn new(fault: Fault) -> Self {
        // An error says that another test has done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            fault,
            origin: origin.clone(),
            issuer: Mutex::default(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            keys: tokio::sync::Mutex::default(),
            used: Mutex::default(),
            refusals: AtomicU64::new(0),
            effects: [0, 0, 0, 0, 0, 1].map(AtomicI64::new),
            turn: AtomicBool::new(false),
        });
        Self { url: origin.parse().unwrap(), shared, listener: Some(listener) }
    }

    pub fn serve(&mut self, issuer: &str, jwks: String) {
        *self.shared.issuer.lock().unwrap() = (issuer.to_owned(), jwks);
        let router = Router::new()
            .route("/", get(page))
            .route("/letters", get(page))
            .route("/.well-known/amberglass/customers", get(list))
            .route("/.well-known/amberglass/customers/{id}", get(one))
            .route("/.well-known/amberglass/effects", get(effects))
            .with_state(self.shared.clone());
        let listener = self.listener.take().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    }
}

impl Shared {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The claims of a token that is believed.
    async fn believed(&self, headers: &HeaderMap) -> Option<Value> {
        let mut given = headers.get_all(IDENTITY_HEADER).iter();
        let token = given.next()?.to_str().ok()?.to_owned();
        if given.next().is_some() && !self.has(Fault::TakesTheFirstOfTwo) {
            return None;
        }
        let claims = self.verified(&token).await?;
        let now = SystemClock.now().0 / 1000;
        let number = |name: &str| claims[name].as_i64();
        let lax = self.has(Fault::DemandsNoClaims);
        let (issuer, _) = self.issuer.lock().unwrap().clone();
        let complete = lax || ["exp", "iat", "aud"].iter().all(|name| !claims[*name].is_null());
        let (exp, iat) = (number("exp").unwrap_or(now + 1), number("iat").unwrap_or(now));
        let good = complete
            && (self.has(Fault::IgnoresExpiry) || exp > now)
            && (self.has(Fault::IgnoresTimeOfIssue) || iat <= now + 5)
            && (self.has(Fault::IgnoresNotBefore) || number("nbf").is_none_or(|nbf| nbf <= now + 5))
            && (self.has(Fault::IgnoresLifetime) || exp - iat <= 60)
            && (self.has(Fault::IgnoresIssuer) || claims["iss"] == issuer.as_str())
            && (self.has(Fault::IgnoresAudience) || claims["aud"] == AUDIENCE || lax && claims["aud"].is_null());
        if self.has(Fault::UsesTokensOnce) {
            let id = claims["jti"].to_string();
            let mut used = self.used.lock().unwrap();
            if used.contains(&id) {
                return None;
            }
            used.push(id);
        }
        good.then_some(claims)
    }

    async fn verified(&self, token: &str) -> Option<Value> {
        let part = |n: usize| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(n)?).ok()?).ok()
        };
        let (header, claims) = (part(0)?, part(1)?);
        let alg = header["alg"].as_str()?;
        if alg.eq_ignore_ascii_case("none") {
            return self.has(Fault::BelievesUnsigned).then_some(claims);
        }
        let x = self.key(header["kid"].as_str()?).await?;
        if self.has(Fault::IgnoresSignature) && alg == "EdDSA" {
            // Whoever knows a key's id is believed.
            return Some(claims);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        let mut key = DecodingKey::from_ed_components(&x).ok()?;
        if alg == "HS256" && self.has(Fault::BelievesTheHeadersAlgorithm) {
            validation = Validation::new(Algorithm::HS256);
            key = DecodingKey::from_secret(x.as_bytes());
        }
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|token| token.claims)
    }

    /// Fetched again for an unknown id, every two seconds at the most.
    async fn key(&self, kid: &str) -> Option<String> {
        let mut held = self.keys.lock().await;
        if let Some(x) = held.0.get(kid) {
            return Some(x.clone());
        }
        let now = SystemClock.monotonic_millis();
        let waits = match held.1 {
            None => false,
            Some(_) if self.has(Fault::KeepsItsKeys) => true,
            Some(at) => now - at < 2000 && !self.has(Fault::FetchesForEveryKey),
        };
        if waits {
            return None;
        }
        let (_, url) = self.issuer.lock().unwrap().clone();
        let set: Value = self.client.get(url).send().await.ok()?.json().await.ok()?;
        let keys = set["keys"].as_array()?.iter();
        held.0 = keys.map(|key| (key["kid"].as_str().unwrap().into(), key["x"].as_str().unwrap().into())).collect();
        held.1 = Some(now);
        held.0.get(kid).cloned()
    }

    /// Whose page it is.
    async fn viewer(&self, headers: &HeaderMap) -> Option<String> {
        if self.has(Fault::OpensByCookie) && headers.contains_key(header::COOKIE) {
            return Some(CUSTOMER.into());
        }
        if self.has(Fault::ShowsStrangers) && !headers.contains_key(IDENTITY_HEADER) {
            return Some(CUSTOMER.into());
        }
        if self.has(Fault::BelievesTheHeader)
            && headers.contains_key(SUPPORT_HEADER)
            && !headers.contains_key(IDENTITY_HEADER)
        {
            return Some(CUSTOMER.into());
        }
        let claims = self.believed(headers).await.filter(|_| !self.has(Fault::RefusesGoodTokens))?;
        let acts = claims["act"]["sub"].as_str().is_some_and(|sub| !sub.is_empty());
        let complete = self.has(Fault::DemandsNoClaims) || !claims["sid"].is_null() && !claims["mode"].is_null();
        if !claims["scope"].is_null() {
            return self.has(Fault::OpensPagesToTheDirectorysToken).then(|| CUSTOMER.into());
        }
        let support = headers.get(SUPPORT_HEADER).and_then(|value| value.to_str().ok());
        let has_header = support.is_some_and(|value| value.contains("suppress=(last-login"));
        if self.has(Fault::NeedsTheHeader) && !has_header {
            return None;
        }
        let customer = claims["sub"].as_str()?.to_owned();
        let is_known = customer == CUSTOMER || self.has(Fault::MakesAccounts);
        (is_known && complete && (acts || self.has(Fault::NeedsNoActor))).then_some(customer)
    }

    fn count(&self, headers: &HeaderMap) {
        let faults =
            [Fault::CountsSignIns, Fault::CountsPresence, Fault::MarksAsRead, Fault::SendsMail, Fault::CountsVisits];
        let place = faults.iter().position(|fault| self.has(*fault));
        if let Some(place) = place {
            // This one is only about the header that is there.
            if headers.get(SUPPORT_HEADER).is_some_and(|value| value.as_bytes().starts_with(b"session=")) {
                self.effects[place].fetch_add(1, Ordering::SeqCst);
            }
        }
        if self.has(Fault::CountsWithoutTheHeader) && !headers.contains_key(SUPPORT_HEADER) {
            self.effects[4].fetch_add(1, Ordering::SeqCst);
        }
        if self.has(Fault::EndsOwnSessions) {
            self.effects[5].store(0, Ordering::SeqCst);
        }
    }
}

async fn page(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let headers = request.headers();
    if shared.has(Fault::RefusesAfterALot) && shared.refusals.load(Ordering::SeqCst) > 5 {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    if shared.viewer(headers).await.is_none() {
        shared.refusals.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    shared.count(headers);
    let is_second_page = request.uri().path() == "/letters";
    if shared.has(Fault::LeadsElsewhere) && is_second_page {
        return (StatusCode::FOUND, [(header::LOCATION, "https://elsewhere.invalid/")]).into_response();
    }
    if shared.has(Fault::ChangesWhenAsked) && is_second_page && shared.turn.fetch_xor(true, Ordering::SeqCst) {
        return StatusCode::GONE.into_response();
    }
    let token = headers.get(IDENTITY_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let script = if shared.has(Fault::LoadsFromElsewhere) { "https://cdn.invalid/a.js" } else { "/a.js" };
    let shown = if shared.has(Fault::ShowsTheToken) { token } else { "" };
    let mut answer = Html(format!("<script src=\"{script}\"></script><h1>{CUSTOMER}</h1>{shown}")).into_response();
    let mut set = |name, value: &str| {
        answer.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    };
    set(header::CACHE_CONTROL, if shared.has(Fault::IsKeptByCaches) { "public, max-age=60" } else { "no-store" });
    let own = if shared.has(Fault::NamesItsOwnAddress) { shared.origin.as_str() } else { "'self'" };
    set(
        header::CONTENT_SECURITY_POLICY,
        &format!("default-src 'none'; script-src {own}; style-src 'self' {}", shared.origin),
    );
    if shared.has(Fault::SetsASession) {
        set(header::SET_COOKIE, "sid=1; Path=/; HttpOnly");
    }
    if shared.has(Fault::OpensByCookie) {
        set(header::SET_COOKIE, "theme=dark; Path=/");
    }
    answer
}

/// Whether a request may ask the directory.
async fn may_list(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(claims) = shared.believed(headers).await else { return false };
    claims["scope"] == "customers.read" && claims["act"].is_null() && claims["sub"] == "amberglass"
}

fn entry(plan: &str) -> Value {
    json!({ "id": CUSTOMER, "name": NAME, "email": EMAIL, "class": "standard", "plan": plan, "since_ms": null, "active": true })
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let opens_to_any = shared.has(Fault::ListsToAnyToken) && shared.believed(&headers).await.is_some();
    if !opens_to_any && !may_list(&shared, &headers).await {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if shared.has(Fault::ListsNothing) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let query = query.get("query").map(|query| query.to_lowercase()).unwrap_or_default();
    let found = NAME.to_lowercase().contains(&query) || !shared.has(Fault::SearchesNames) && EMAIL.contains(&query);
    let customers: Vec<Value> = found.then(|| entry("one")).into_iter().collect();
    Json(json!({ "customers": customers, "truncated": false })).into_response()
}

async fn one(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !may_list(&shared, &headers).await {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut told = entry(if shared.has(Fault::TellsAnotherPlan) { "two" } else { "one" });
    if id != CUSTOMER && !shared.has(Fault::KnowsEverybody) {
        return StatusCode::NOT_FOUND.into_response();
    }
    told["id"] = id.into();
    Json(told).into_response()
}

async fn effects(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !may_list(&shared, &headers).await && !shared.has(Fault::EffectsAreOpen) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let [last_login, presence, read_marks, mail, analytics, own_sessions] =
        shared.effects.each_ref().map(|effect| effect.load(Ordering::SeqCst));
    if shared.has(Fault::EffectsAreWords) {
        return Json(json!({ "customer": CUSTOMER, "last_login": "never" })).into_response();
    }
    Json(json!({
        "customer": CUSTOMER, "last_login": last_login, "presence": presence, "read_marks": read_marks, "mail": mail,
        "analytics": analytics, "own_sessions": own_sessions,
    }))
    .into_response()
}
