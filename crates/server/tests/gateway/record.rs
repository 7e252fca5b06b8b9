//! Nothing is forwarded that is not on record, and nothing is forwarded that a rule blocks.

use amberglass_server::gateway::GATEWAY_HEADER;
use amberglass_wire::{
    CustomerId, PortalId,
    audit::EventDetail,
    problem::{ErrorCode, Problem},
    session::Mode,
};
use http::{Method, StatusCode};

use crate::stage::{CUSTOMER, Stage};

fn viewed(method: &str, path: &str, document: bool) -> EventDetail {
    EventDetail::PageViewed { method: method.into(), path: path.into(), document, rule: None, unmasked: Vec::new() }
}

fn refused(method: &str, path: &str, rule: &str) -> EventDetail {
    EventDetail::RequestBlocked { method: method.into(), path: path.into(), rule: rule.into() }
}

#[tokio::test]
async fn a_page_is_recorded_before_it_is_forwarded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    // The answer hangs, so whatever is on record now was written before the portal said a word.
    let asking = tokio::spawn(stage.get(&session, "/never?token=abc").send());
    amberglass_testkit::wait_until("the portal to be asked", crate::stage::PATIENCE, async || {
        (!stage.upstream.seen().is_empty()).then_some(())
    })
    .await;
    let trail = stage.trail(&session.id).await;
    assert_eq!(trail.last(), Some(&viewed("GET", "/never?token", false)));
    asking.abort();
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_forwarded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    assert_eq!(stage.get(&session, "/before").send().await.unwrap().status(), StatusCode::OK);
    stage.break_the_audit_log().await;
    for method in [Method::GET, Method::HEAD, Method::POST] {
        let answer = stage.ask(method.clone(), &session, "/after").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{method}");
        assert_eq!(answer.headers()[GATEWAY_HEADER], "audit-unavailable");
    }
    let targets: Vec<String> = stage.upstream.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/before"]);
}

#[tokio::test]
async fn every_record_names_both_identities_and_what_was_in_force() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.get(&session, "/pets?page=2").header("sec-fetch-dest", "document").send().await.unwrap();
    stage.ask(Method::POST, &session, "/pets").send().await.unwrap();
    let bodies = stage.bodies(&session.id).await;
    let details: Vec<_> = bodies.iter().rev().take(2).map(|body| body.detail.clone()).collect();
    assert_eq!(details, [refused("POST", "/pets", "read-only-method"), viewed("GET", "/pets?page", true)]);
    for body in bodies {
        let subject = body.subject;
        assert_eq!(subject.staff.as_ref(), Some(&session.staff));
        assert_eq!(subject.customer, Some(CustomerId::new(CUSTOMER)));
        assert_eq!(subject.portal, Some(PortalId::new("barkside")));
        assert_eq!(subject.session.as_ref(), Some(&session.id));
        assert!(subject.device.is_some());
        assert_eq!(subject.policy_hash.as_deref(), Some("policy"));
    }
}

#[tokio::test]
async fn a_blocked_write_never_reaches_the_portal_and_is_explained() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let document = stage
        .ask(Method::POST, &session, "/account/address")
        .header("sec-fetch-dest", "document")
        .header("referer", format!("{}/account?tab=2", stage.origin()))
        .body("street=Elm+Street")
        .send()
        .await
        .unwrap();
    assert_eq!(document.status(), StatusCode::FORBIDDEN);
    assert_eq!(document.headers()[GATEWAY_HEADER], "blocked");
    let page = document.text().await.unwrap();
    for words in [
        "This change was not made",
        "This session is read-only",
        "read-only-method",
        "POST /account/address",
        &session.code,
        "href=\"/account?tab=2\"",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    let fetched =
        stage.ask(Method::DELETE, &session, "/api/pets/3").header("sec-fetch-dest", "empty").send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "application/problem+json");
    let problem: Problem = fetched.json().await.unwrap();
    assert_eq!((problem.status, problem.code), (403, ErrorCode::Forbidden));
    assert_eq!(problem.rules, ["read-only-method"]);
    assert!(stage.upstream.seen().is_empty());
    assert_eq!(stage.blocked(&session).await, ["read-only-method", "read-only-method"]);
}

#[tokio::test]
async fn a_large_refused_upload_still_gets_its_explanation() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = stage.ask(Method::POST, &session, "/photos").body(crate::upstream::big_body()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(stage.upstream.seen().is_empty());
}

#[tokio::test]
async fn every_kind_of_hidden_write_is_blocked_and_recorded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let ask = |method: Method, path: &str| stage.ask(method, &session, path);
    let table = [
        (ask(Method::POST, "/account/password"), "never-password"),
        (ask(Method::POST, "/account/mfa/totp"), "never-mfa"),
        (ask(Method::OPTIONS, "/account"), "read-only-method"),
        (ask(Method::TRACE, "/account"), "read-only-method"),
        (ask(Method::from_bytes(b"get").unwrap(), "/account"), "read-only-method"),
        (ask(Method::GET, "/account").body("x=1"), "body-on-read"),
        (ask(Method::GET, "/account?_method=DELETE"), "method-override"),
        (ask(Method::GET, "/account").header("x-http-method-override", "PUT"), "method-override"),
        (ask(Method::GET, "/socket").header("upgrade", "websocket").header("connection", "upgrade"), "upgrade-refused"),
        (ask(Method::GET, "/sw.js").header("service-worker", "script"), "service-worker"),
        (ask(Method::GET, "/.well-known/amberglass/customers"), "path-reserved"),
    ];
    let mut expected = Vec::new();
    for (request, rule) in table {
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{rule}: {}", answer.status());
        expected.push(rule);
    }
    assert!(stage.upstream.seen().is_empty(), "{:?}", stage.upstream.seen());
    assert_eq!(stage.blocked(&session).await, expected);
}

#[tokio::test]
async fn read_write_passes_no_write_that_nobody_has_listed() {
    let stage = Stage::new().await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let answer = stage.ask(Method::POST, &session, "/appointments").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(stage.blocked(&session).await, ["unlisted-write"]);
    assert!(stage.upstream.seen().is_empty());
}

#[tokio::test]
async fn requests_of_other_sites_are_refused() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    for site in ["cross-site", "same-site", "nonsense"] {
        let request = stage
            .stranger(Method::GET, "/")
            .header("cookie", format!("{}={}", amberglass_server::gateway::cookie_name(false), session.cookie))
            .header("sec-fetch-site", site);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{site}");
    }
    assert!(stage.upstream.seen().is_empty());
    assert_eq!(stage.blocked(&session).await, ["other-site"; 3]);
}
