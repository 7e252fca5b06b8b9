use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};

use crate::gateway::{Gateway, text};

fn bare(method: Method, path: &str, body: Body) -> Request<Body> {
    Request::builder().method(method).uri(path).body(body).unwrap()
}

#[tokio::test]
async fn hostile_pages_are_absent_unless_asked_for() {
    let gateway = Gateway::start().await;
    for path in ["/hostile/cover", "/hostile/probe", "/hostile/report?json=1", "/hostile/reports"] {
        assert_eq!(gateway.ask(bare(Method::GET, path, Body::empty())).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn hostile_pages_carry_nothing_that_holds_them_back() {
    let gateway = Gateway::with(true).await;
    for path in [
        "/hostile/cover",
        "/hostile/dialog",
        "/hostile/probe",
        "/hostile/probe.js",
        "/hostile/reach.js",
        "/hostile/worker.js",
    ] {
        let answer = gateway.ask(bare(Method::GET, path, Body::empty())).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(!answer.headers().contains_key("content-security-policy"), "{path}");
    }
    // The portal's own pages keep theirs.
    let answer = gateway.ask(bare(Method::GET, "/", Body::empty())).await;
    assert!(answer.headers().contains_key("content-security-policy"));
}

#[tokio::test]
async fn reports_are_kept_however_they_come() {
    let gateway = Gateway::with(true).await;
    let by_post = bare(Method::POST, "/hostile/report", Body::from(r#"{"stage":"loaded"}"#));
    let by_get = bare(Method::GET, "/hostile/report?json=%7B%22stage%22%3A%22clicked%22%7D", Body::empty());
    let broken = bare(Method::POST, "/hostile/report", Body::from("no JSON"));
    assert_eq!(gateway.ask(by_post).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(gateway.ask(by_get).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(gateway.ask(broken).await.status(), StatusCode::BAD_REQUEST);
    let expected = vec![json!({ "stage": "loaded" }), json!({ "stage": "clicked" })];
    assert_eq!(gateway.state.hostile_reports(), expected);
    let told = text(gateway.ask(bare(Method::GET, "/hostile/reports", Body::empty())).await).await;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), json!({ "reports": expected }));
}
