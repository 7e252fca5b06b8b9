//! What comes back, and what it is taken for.

use amberglass_domain::ports::{Backend as _, BackendError};
use amberglass_wire::{PortalId, SessionId, problem::ErrorCode};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Response, StatusCode, header},
    routing::{get, post},
};

use crate::world::{access, client_of, serve};

fn answer(status: u16, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_login_page_of_a_hotel_is_not_our_server() {
    let page = || async { answer(200, "text/html; charset=utf-8", "<html>Welcome! Please accept our terms.</html>") };
    let backend = serve(Router::new().fallback(page)).await;
    for outcome in [
        backend.snapshot(&access()).await.map(|_| ()),
        backend.sign_out(&access()).await,
        backend.events(&access(), tokio::sync::mpsc::channel(1).0).await,
    ] {
        assert!(
            matches!(outcome, Err(BackendError::NotOurs { status: 200, retry_after_seconds: None })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = || async {
        Response::builder().status(302).header(header::LOCATION, "/v1/snapshot-elsewhere").body(Body::empty()).unwrap()
    };
    let backend = serve(Router::new().fallback(elsewhere)).await;
    assert!(matches!(backend.snapshot(&access()).await, Err(BackendError::NotOurs { status: 302, .. })));
}

#[tokio::test]
async fn being_asked_to_wait_is_heard_with_and_without_a_number() {
    let with = || async {
        let mut answer = answer(429, "text/plain", "slow down");
        answer.headers_mut().insert(header::RETRY_AFTER, "42".parse().unwrap());
        answer
    };
    let router = Router::new()
        .route("/v1/snapshot", get(with))
        .route("/v1/sessions", get(|| async { answer(429, "text/plain", "slow down") }));
    let backend = serve(router).await;
    let with = backend.snapshot(&access()).await.err();
    assert!(matches!(with, Some(BackendError::NotOurs { status: 429, retry_after_seconds: Some(42) })), "{with:?}");
    let without = backend.sessions(&access()).await.err();
    assert!(matches!(without, Some(BackendError::NotOurs { status: 429, retry_after_seconds: None })), "{without:?}");
}

#[tokio::test]
async fn a_reset_in_the_middle_of_an_answer_leaves_open_whether_the_server_acted() {
    let broken = || async {
        let pieces = futures_util::stream::iter([
            Ok(Bytes::from_static(b"{\"sessions\":[")),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ]);
        Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, 1000)
            .body(Body::from_stream(pieces))
            .unwrap()
    };
    let backend = serve(Router::new().route("/v1/sessions", get(broken))).await;
    let outcome = backend.sessions(&access()).await;
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_the_reason_names_no_customer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = client_of(&server).find_customers(&access(), &PortalId::new("p"), "ada@example.com").await;
    match outcome {
        Err(BackendError::Unreachable { detail }) => {
            assert!(detail.to_lowercase().contains("refused"), "{detail}");
            assert!(!detail.contains("ada"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = || async {
        let piece = Bytes::from(vec![b' '; 64 * 1024]);
        let pieces = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        answer(200, "application/json", Body::from_stream(pieces))
    };
    let backend = serve(Router::new().route("/v1/sessions", get(endless))).await;
    let outcome = backend.sessions(&access()).await;
    assert!(matches!(outcome, Err(BackendError::NotOurs { status: 200, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_keeps_its_code_its_reference_and_what_it_is_about() {
    let refuse = || async {
        answer(
            409,
            "application/problem+json",
            r#"{"type":"about:blank","title":"Conflict","status":409,"code":"code_of_a_later_version","reference":"0a1b2c3d",
               "rules":["only-one"],"later":{"x":1}}"#,
        )
    };
    let backend = serve(Router::new().route("/v1/sessions/{id}/end", post(refuse))).await;
    match backend.end_session(&access(), &SessionId::new("s"), Default::default()).await {
        Err(BackendError::Refused(problem)) => {
            assert_eq!((problem.code, problem.status), (ErrorCode::Unknown, 409));
            assert_eq!((problem.reference.as_str(), problem.rules), ("0a1b2c3d", vec!["only-one".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn signing_out_needs_no_content_in_the_answer() {
    let backend = serve(Router::new().route("/v1/oauth/sign-out", post(|| async { StatusCode::NO_CONTENT }))).await;
    backend.sign_out(&access()).await.unwrap();
}
