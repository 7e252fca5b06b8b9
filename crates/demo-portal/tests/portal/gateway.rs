//! Stands where the gateway stands: publishes keys, signs identities, asks the portal.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use amberglass_demo_portal::{Portal, PortalConfig, PortalState};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response, StatusCode},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A Saturday, 2026-11-21T10:00:00Z.
pub const START: i64 = 1_795_255_200_000;
pub const ISSUER: &str = "https://amberglass.test";

pub struct Gateway {
    pub now: Arc<AtomicI64>,
    /// How often the keys were asked for.
    pub fetches: Arc<AtomicU64>,
    /// Makes the key set fail with 500.
    pub broken: Arc<AtomicBool>,
    pub jwks_url: String,
    pub router: Router,
    pub state: Arc<PortalState>,
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

impl Gateway {
    pub async fn start() -> Self {
        Self::with(false).await
    }

    pub async fn with(with_hostile_pages: bool) -> Self {
        let (fetches, broken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let x = URL_SAFE_NO_PAD.encode(key(1).verifying_key().as_bytes());
        let keys = json!({ "keys": [
            { "kty": "RSA", "kid": "other-reader", "n": "AQAB", "e": "AQAB" },
            { "kty": "OKP", "crv": "Ed25519", "kid": "too-short", "x": "AQAB" },
            { "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x },
        ]});
        let answer = {
            let (fetches, broken) = (fetches.clone(), broken.clone());
            move || {
                fetches.fetch_add(1, Ordering::SeqCst);
                let broken = broken.load(Ordering::SeqCst);
                let keys = keys.to_string();
                async move { if broken { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { keys.into_response() } }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let jwks_url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/jwks.json", get(answer))).await });
        let now = Arc::new(AtomicI64::new(START));
        let portal = Portal::new(config(&jwks_url, now.clone(), with_hostile_pages)).unwrap();
        Self { now, fetches, broken, jwks_url, router: portal.router(), state: portal.state() }
    }

    pub async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A request to a page as Amy Lee looking at a customer.
    pub async fn page(&self, customer: &str, path: &str) -> (StatusCode, String) {
        let answer = self.ask(signed(Method::GET, path, &token(&page_claims(customer)), Body::empty(), None)).await;
        (answer.status(), text(answer).await)
    }

    pub async fn json(&self, customer: &str, path: &str) -> Value {
        let (status, body) = self.page(customer, path).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub async fn post_json(&self, customer: &str, path: &str, body: Value) -> Response<Body> {
        let body = Body::from(body.to_string());
        self.ask(signed(Method::POST, path, &token(&page_claims(customer)), body, Some("application/json"))).await
    }

    pub async fn post_form(&self, customer: &str, path: &str, body: &str) -> Response<Body> {
        let kind = Some("application/x-www-form-urlencoded");
        let body = Body::from(body.to_owned());
        self.ask(signed(Method::POST, path, &token(&page_claims(customer)), body, kind)).await
    }

    pub async fn directory(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.ask(signed(Method::GET, path, &token(&directory_claims()), Body::empty(), None)).await;
        (answer.status(), serde_json::from_str(&text(answer).await).unwrap())
    }
}

pub fn config(jwks_url: &str, now: Arc<AtomicI64>, with_hostile_pages: bool) -> PortalConfig {
    PortalConfig {
        jwks_url: jwks_url.parse().unwrap(),
        issuer: ISSUER.into(),
        audience: "barkside".into(),
        clock: Arc::new(move || now.load(Ordering::SeqCst)),
        hostile_pages: with_hostile_pages.then(|| "http://127.0.0.1:9".parse().unwrap()),
    }
}

pub fn signed(method: Method, path: &str, token: &str, body: Body, kind: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("Amberglass-Identity", token);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    request.body(body).unwrap()
}

pub async fn text(answer: Response<Body>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub fn page_claims(customer: &str) -> Value {
    let now = START / 1000;
    json!({
        "iss": ISSUER, "aud": "barkside", "sub": customer, "act": { "sub": "amy.lee" }, "sid": "s-1",
        "mode": "read_only", "jti": "t-1", "iat": now, "exp": now + 60,
    })
}

pub fn directory_claims() -> Value {
    let now = START / 1000;
    json!({
        "iss": ISSUER, "aud": "barkside", "sub": "amberglass", "scope": "customers.read", "jti": "t-2",
        "iat": now, "exp": now + 60,
    })
}

pub fn token(claims: &Value) -> String {
    token_with(&json!({ "alg": "EdDSA", "typ": "JWT", "kid": "one" }), claims, &key(1))
}

pub fn token_with(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes()))
}
