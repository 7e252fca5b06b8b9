//! Shows Barkside in a browser without a gateway: signs an identity for one customer and adds it to every request.
//!
//! `cargo run -p amberglass-demo-portal --example look -- 127.0.0.1:7500 1042`

use std::{net::SocketAddr, sync::Arc};

use amberglass_demo_portal::{Clock, Portal, PortalConfig, identity::IDENTITY_HEADER};
use anyhow::Context;
use axum::{Json, Router, extract::Request, http::HeaderValue, middleware, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:7500".into()).parse()?;
    let customer = arguments.next().unwrap_or_else(|| "1042".into());
    anyhow::ensure!(address.ip().is_loopback(), "only loopback: everyone who reaches this is customer {customer}");
    // Known to everyone who reads this file, and good for nothing but this program's own key set.
    let key = SigningKey::from_bytes(&[7; 32]);
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let keys = serde_json::json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "look", "x": x }] });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let jwks_url = format!("http://{}/jwks.json", listener.local_addr()?).parse()?;
    let published = Router::new().route("/jwks.json", get(move || async move { Json(keys) }));
    tokio::spawn(async move { axum::serve(listener, published).await });

    #[allow(clippy::disallowed_methods)]
    let clock: Clock = Arc::new(|| chrono::Utc::now().timestamp_millis());
    let portal = Portal::new(PortalConfig {
        jwks_url,
        issuer: "look".into(),
        audience: "barkside".into(),
        clock: clock.clone(),
        hostile_pages: "http://127.0.0.1:9".parse().ok(),
    })?;
    let signed = portal.router().layer(middleware::from_fn(move |mut request: Request, next: middleware::Next| {
        let token = token(&key, &customer, clock());
        async move {
            if let Ok(token) = HeaderValue::from_str(&token) {
                request.headers_mut().insert(IDENTITY_HEADER, token);
            }
            next.run(request).await
        }
    }));
    let listener = tokio::net::TcpListener::bind(address).await.context("could not listen")?;
    axum::serve(listener, signed).await?;
    Ok(())
}

fn token(key: &SigningKey, customer: &str, now: i64) -> String {
    let header = serde_json::json!({ "alg": "EdDSA", "kid": "look" });
    let claims = serde_json::json!({
        "iss": "look", "aud": "barkside", "sub": customer, "act": { "sub": "amy.lee" }, "sid": "look",
        "mode": "read_only", "jti": "look", "iat": now / 1000, "exp": now / 1000 + 30,
    });
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes()))
}
