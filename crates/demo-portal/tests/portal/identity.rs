use std::sync::atomic::Ordering;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};

use crate::gateway::{Gateway, START, directory_claims, key, page_claims, signed, text, token, token_with};

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

async fn status(gateway: &Gateway, path: &str, token: &str) -> StatusCode {
    gateway.ask(signed(Method::GET, path, token, Body::empty(), None)).await.status()
}

#[tokio::test]
async fn only_a_whole_and_fresh_identity_for_this_portal_opens_a_page() {
    let gateway = Gateway::start().await;
    let now = START / 1000;
    let good = || page_claims("1042");
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let unsigned = {
        let whole = token_with(&header("none", "one"), &good(), &key(1));
        format!("{}.", whole.rsplit_once('.').unwrap().0)
    };
    let changed_after_signing = {
        let whole = token(&good());
        let other = token(&page_claims("1077"));
        let parts: Vec<&str> = whole.split('.').collect();
        format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2])
    };
    let table = [
        ("a good one", token(&good()), StatusCode::OK),
        ("read_write", token(&with(good(), "mode", json!("read_write"))), StatusCode::OK),
        ("one second left", token(&with(with(good(), "iat", json!(now - 59)), "exp", json!(now + 1))), StatusCode::OK),
        (
            "a clock slightly ahead",
            token(&with(with(good(), "iat", json!(now + 2)), "exp", json!(now + 62))),
            StatusCode::OK,
        ),
        ("other audience", token(&with(good(), "aud", json!("elsewhere"))), StatusCode::UNAUTHORIZED),
        (
            "a list of audiences",
            token(&with(good(), "aud", json!(["barkside", "elsewhere"]))),
            StatusCode::UNAUTHORIZED,
        ),
        ("no audience", token(&with(good(), "aud", Value::Null)), StatusCode::UNAUTHORIZED),
        ("other issuer", token(&with(good(), "iss", json!("https://elsewhere.test"))), StatusCode::UNAUTHORIZED),
        ("expired", token(&with(with(good(), "iat", json!(now - 60)), "exp", json!(now))), StatusCode::UNAUTHORIZED),
        ("no expiry", token(&with(good(), "exp", Value::Null)), StatusCode::UNAUTHORIZED),
        ("no time of issue", token(&with(good(), "iat", Value::Null)), StatusCode::UNAUTHORIZED),
        ("too long-lived", token(&with(good(), "exp", json!(now + 61))), StatusCode::UNAUTHORIZED),
        (
            "from the future",
            token(&with(with(good(), "iat", json!(now + 3)), "exp", json!(now + 60))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "times that overflow",
            token(&with(with(good(), "iat", json!(i64::MIN)), "exp", json!(i64::MAX))),
            StatusCode::UNAUTHORIZED,
        ),
        ("not valid yet", token(&with(good(), "nbf", json!(now + 3))), StatusCode::UNAUTHORIZED),
        ("valid since now", token(&with(good(), "nbf", json!(now))), StatusCode::OK),
        ("no staff member", token(&with(good(), "act", Value::Null)), StatusCode::UNAUTHORIZED),
        ("empty staff member", token(&with(good(), "act", json!({ "sub": "" }))), StatusCode::UNAUTHORIZED),
        ("no session", token(&with(good(), "sid", Value::Null)), StatusCode::UNAUTHORIZED),
        ("no mode", token(&with(good(), "mode", Value::Null)), StatusCode::UNAUTHORIZED),
        ("unheard-of mode", token(&with(good(), "mode", json!("admin"))), StatusCode::UNAUTHORIZED),
        ("no token id", token(&with(good(), "jti", Value::Null)), StatusCode::UNAUTHORIZED),
        ("page and scope in one", token(&with(good(), "scope", json!("customers.read"))), StatusCode::UNAUTHORIZED),
        ("directory token", token(&directory_claims()), StatusCode::UNAUTHORIZED),
        (
            "other key under the known id",
            token_with(&header("EdDSA", "one"), &good(), &key(2)),
            StatusCode::UNAUTHORIZED,
        ),
        ("unknown key id", token_with(&header("EdDSA", "two"), &good(), &key(1)), StatusCode::UNAUTHORIZED),
        (
            "a key of broken length",
            token_with(&header("EdDSA", "too-short"), &good(), &key(1)),
            StatusCode::UNAUTHORIZED,
        ),
        ("no key id", token_with(&json!({ "alg": "EdDSA" }), &good(), &key(1)), StatusCode::UNAUTHORIZED),
        (
            "an extension that must be understood",
            token_with(&json!({ "alg": "EdDSA", "kid": "one", "crit": ["x"], "x": 1 }), &good(), &key(1)),
            StatusCode::UNAUTHORIZED,
        ),
        ("algorithm none, signed", token_with(&header("none", "one"), &good(), &key(1)), StatusCode::UNAUTHORIZED),
        ("algorithm none, unsigned", unsigned, StatusCode::UNAUTHORIZED),
        ("algorithm HS256", token_with(&header("HS256", "one"), &good(), &key(1)), StatusCode::UNAUTHORIZED),
        ("claims changed after signing", changed_after_signing, StatusCode::UNAUTHORIZED),
        ("no JWT", "Jane".to_owned(), StatusCode::UNAUTHORIZED),
        ("unknown customer", token(&page_claims("9999")), StatusCode::FORBIDDEN),
        ("inactive customer", token(&page_claims("1013")), StatusCode::FORBIDDEN),
    ];
    for (what, token, expected) in table {
        for path in ["/", "/account", "/api/me"] {
            assert_eq!(status(&gateway, path, &token).await, expected, "{what} at {path}");
        }
    }
}

#[tokio::test]
async fn without_an_identity_every_door_is_closed_and_says_why() {
    let gateway = Gateway::start().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/appointments"),
        (Method::GET, "/pets"),
        (Method::GET, "/invoices"),
        (Method::GET, "/messages"),
        (Method::GET, "/messages/104201"),
        (Method::GET, "/messages/104203/open"),
        (Method::GET, "/account"),
        (Method::POST, "/appointments"),
        (Method::POST, "/account/address"),
        (Method::POST, "/account/password"),
        (Method::GET, "/api/me"),
        (Method::GET, "/api/appointments"),
        (Method::GET, "/api/invoices"),
        (Method::GET, "/api/messages"),
        (Method::GET, "/api/ticker"),
        (Method::POST, "/api/messages"),
        (Method::POST, "/api/appointments/search"),
        (Method::POST, "/api/appointments/104205/cancel"),
        (Method::POST, "/api/invoices/104201/pay"),
        (Method::GET, "/.well-known/amberglass/customers"),
        (Method::GET, "/.well-known/amberglass/customers/1042"),
        (Method::GET, "/.well-known/amberglass/effects?customer=1042"),
        (Method::POST, "/sign-out"),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        let answer = gateway.ask(request).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let body = text(answer).await;
        assert!(body.contains("without a valid identity from it"), "{method} {path}: {body}");
        assert!(!body.contains("Jane"), "{method} {path}");
    }
    assert_eq!(gateway.state.writes(), 0);
}

#[tokio::test]
async fn two_identities_in_one_request_are_none() {
    let gateway = Gateway::start().await;
    let token = token(&page_claims("1042"));
    let request = Request::builder()
        .uri("/")
        .header("Amberglass-Identity", &token)
        .header("Amberglass-Identity", &token)
        .body(Body::empty())
        .unwrap();
    assert_eq!(gateway.ask(request).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_for_pages_does_not_open_the_directory() {
    let gateway = Gateway::start().await;
    let path = "/.well-known/amberglass/customers?query=jane";
    let mut mixed = directory_claims();
    mixed["act"] = json!({ "sub": "amy.lee" });
    for (claims, expected) in [
        (directory_claims(), StatusCode::OK),
        (page_claims("1042"), StatusCode::UNAUTHORIZED),
        (mixed, StatusCode::UNAUTHORIZED),
        (with(directory_claims(), "scope", json!("customers.write")), StatusCode::UNAUTHORIZED),
        (with(directory_claims(), "sub", json!("1042")), StatusCode::UNAUTHORIZED),
        (with(directory_claims(), "aud", json!("elsewhere")), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(status(&gateway, path, &token(&claims)).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_key_at_most_every_ten_seconds() {
    let gateway = Gateway::start().await;
    let good = token(&page_claims("1042"));
    let unknown = token_with(&json!({ "alg": "EdDSA", "kid": "two" }), &page_claims("1042"), &key(1));
    let fetches = || gateway.fetches.load(Ordering::SeqCst);
    for _ in 0..5 {
        status(&gateway, "/", &good).await;
    }
    assert_eq!(fetches(), 1);
    gateway.now.store(START + 9_999, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(status(&gateway, "/", &unknown).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(fetches(), 1);
    gateway.now.store(START + 10_000, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(status(&gateway, "/", &unknown).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(fetches(), 2);
    assert_eq!(status(&gateway, "/", &good).await, StatusCode::OK);
    assert_eq!(fetches(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_said_in_clear_words_and_asked_for_again() {
    let gateway = Gateway::start().await;
    gateway.broken.store(true, Ordering::SeqCst);
    let (code, page) = gateway.page("1042", "/").await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("signing keys could not be fetched"), "{page}");
    gateway.broken.store(false, Ordering::SeqCst);
    gateway.now.store(START + 1_000, Ordering::SeqCst);
    assert_eq!(gateway.page("1042", "/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn keys_older_than_ten_minutes_no_longer_count() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.page("1042", "/").await.0, StatusCode::OK);
    let later = START + 10 * 60_000;
    gateway.now.store(later, Ordering::SeqCst);
    gateway.broken.store(true, Ordering::SeqCst);
    let claims = with(with(page_claims("1042"), "iat", json!(later / 1000)), "exp", json!(later / 1000 + 60));
    assert_eq!(status(&gateway, "/", &token(&claims)).await, StatusCode::SERVICE_UNAVAILABLE);
}
