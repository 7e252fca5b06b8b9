//! What is taken for a server of ours before anybody signs in.

use amberglass_backend_client::HttpServerLookup;
use amberglass_domain::ports::{BackendError, FoundServer, LookupError, ServerLookup as _};
use amberglass_wire::auth::SignInMethod;
use axum::{Json, Router, http::HeaderMap, response::Html, routing::get};
use serde_json::{Value, json};

use crate::world::{PATIENCE, request_ids};

fn lookup() -> HttpServerLookup {
    HttpServerLookup {
        proxy: None,
        client: "amberglass/0.0.0-test".into(),
        patience: PATIENCE,
        request_ids: request_ids(),
    }
}

async fn look_at(router: Router) -> Result<FoundServer, LookupError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    // As a person types it.
    lookup().look_up(&format!(" {address}/ ")).await
}

fn ours(product: &str) -> Value {
    json!({
        "product": product, "version": "0.1.0", "name": "Support", "sign_in": "password", "demo": true,
        "audit_retention_months": 13, "of_a_later_version": 1,
    })
}

#[tokio::test]
async fn a_server_of_ours_is_found_without_a_token() {
    let answer = |headers: HeaderMap| async move {
        assert!(headers.get("authorization").is_none());
        Json(ours("amberglass"))
    };
    let found = look_at(Router::new().route("/v1/server", get(answer))).await.unwrap();
    assert!(found.address.starts_with("http://127.0.0.1:") && !found.address.ends_with('/'), "{}", found.address);
    assert_eq!((found.server.name.as_str(), found.server.sign_in), ("Support", SignInMethod::Password));
}

#[tokio::test]
async fn whatever_else_answers_is_told_from_a_server_that_does_not() {
    let page = Router::new().fallback(|| async { Html("<h1>It works</h1>") });
    assert!(matches!(look_at(page).await, Err(LookupError::Backend(BackendError::NotOurs { status: 200, .. }))));
    let other = Router::new().route("/v1/server", get(|| async { Json(ours("something else")) }));
    assert!(matches!(look_at(other).await, Err(LookupError::Backend(BackendError::NotOurs { .. }))));
    let nobody = amberglass_testkit::address_of_its_own().to_string();
    let silent = lookup().look_up(&nobody).await;
    assert!(matches!(silent, Err(LookupError::Backend(BackendError::Unreachable { .. }))), "{silent:?}");
    let plain = lookup().look_up("http://amberglass.example").await;
    assert!(matches!(plain, Err(LookupError::Address { .. })), "{plain:?}");
}
