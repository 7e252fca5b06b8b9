//! What a person reads when the gateway shows no page: what happened, what was kept, what to do.

use amberglass_server::{gateway::GATEWAY_HEADER, sessions::Ending};
use amberglass_wire::{PortalId, session::EndedBy};
use http::{Method, StatusCode, header};

use crate::stage::{PATIENCE, Session, Stage};

/// Status, stable reason and the page's words, without its markup.
async fn read(request: reqwest::RequestBuilder) -> (StatusCode, String, String) {
    let answer = request.header("sec-fetch-dest", "document").send().await.unwrap();
    let status = answer.status();
    let reason = answer.headers()[GATEWAY_HEADER].to_str().unwrap().to_owned();
    let page = answer.text().await.unwrap();
    let body = page.split_once("<body>").unwrap().1;
    let mut words = String::new();
    let mut is_tag = false;
    for c in body.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                words.push(' ');
            }
            c if !is_tag => words.push(c),
            _ => {}
        }
    }
    (status, reason, words.split_whitespace().collect::<Vec<_>>().join(" "))
}

async fn assert_reads(
    stage: &Stage,
    request: reqwest::RequestBuilder,
    status: StatusCode,
    reason: &str,
    sentences: &[&str],
) {
    let before = stage.upstream.seen().len();
    let (answered, told, words) = read(request).await;
    assert_eq!((answered, told.as_str()), (status, reason), "{words}");
    for sentence in sentences {
        assert!(words.contains(sentence), "{sentence} is missing in: {words}");
    }
    assert!(words.contains("Reference"), "{words}");
    assert_eq!(stage.upstream.seen().len(), before, "the portal was not asked");
}

async fn until_over(stage: &Stage, session: &Session, by: EndedBy) {
    amberglass_testkit::wait_until(by.as_str(), PATIENCE, async || {
        let row = stage.server.state().sessions.get(&session.id).await.unwrap().unwrap();
        (row.ended_by == Some(by)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_cookie_of_an_ended_session_opens_a_page_that_says_who_ended_it() {
    let stage = Stage::new().await;
    for (by, happened, to_do) in [
        (EndedBy::Staff, "You ended it.", "start a session in the console"),
        (EndedBy::Lead, "A lead ended it.", "Ask your lead"),
        (EndedBy::Customer, "The customer ended it.", "only if the customer asks for it"),
        (EndedBy::EmergencyStop, "An emergency stop ended all sessions.", "The console shows when"),
    ] {
        let session = stage.session().await;
        stage.server.state().sessions.end(&session.id, &Ending::by(by)).await.unwrap();
        let kept = "what was seen is on record";
        let sentences = ["This session is over", happened, kept, to_do, session.code.as_str()];
        assert_reads(&stage, stage.get(&session, "/account"), StatusCode::GONE, "session-ended", &sentences).await;
    }
}

#[tokio::test]
async fn a_frozen_session_says_that_it_goes_on_by_itself() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.clock.advance_seconds(6);
    amberglass_testkit::wait_until("frozen", PATIENCE, async || {
        let row = stage.server.state().sessions.get(&session.id).await.unwrap().unwrap();
        row.frozen_at
    })
    .await;
    let sentences = [
        "This session is paused",
        "The console has lost its connection, so nothing of Jane Doe's is shown.",
        "goes on by itself once the console is back, until its time is up",
        "Wait a moment, then try again.",
    ];
    assert_reads(&stage, stage.get(&session, "/account"), StatusCode::FORBIDDEN, "session-frozen", &sentences).await;
}

#[tokio::test]
async fn a_portal_that_the_operator_switches_off_is_closed_at_once_and_says_so() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.get(&session, "/").send().await.unwrap();
    let mut tx = stage.server.state().store.begin().await.unwrap();
    let barkside = PortalId::new("barkside");
    assert!(tx.disable_portal(&barkside, "The portal was attacked", session_start(&stage)).await.unwrap());
    tx.commit().await.unwrap();
    // The row is a second old at most, and the timer looks twice a second.
    stage.clock.advance_millis(500);
    until_over(&stage, &session, EndedBy::PortalDisabled).await;
    let sentences = [
        "This session is over",
        "The portal was switched off here.",
        "what was seen is on record",
        "Ask the people who run",
    ];
    assert_reads(&stage, stage.get(&session, "/account"), StatusCode::GONE, "session-ended", &sentences).await;
}

fn session_start(stage: &Stage) -> amberglass_wire::UnixMillis {
    amberglass_domain::ports::Clock::now(&stage.clock)
}

#[tokio::test]
async fn a_portal_that_is_off_by_the_configuration_says_so() {
    let stage = Stage::new().await;
    let request = stage
        .stranger(Method::GET, "/")
        .header(header::HOST, format!("closed.localhost:{}", stage.server.gateway.port()));
    let sentences = ["This portal is switched off", "Nothing was opened", "Ask the people who run Amberglass"];
    let request = reqwest::RequestBuilder::from_parts(stage.client.clone(), only_last_host(request));
    assert_reads(&stage, request, StatusCode::FORBIDDEN, "portal-inactive", &sentences).await;
}

/// A second `header` call adds to the first one, and two hosts are none.
fn only_last_host(request: reqwest::RequestBuilder) -> reqwest::Request {
    let mut request = request.build().unwrap();
    let last = request.headers().get_all(header::HOST).iter().next_back().unwrap().clone();
    request.headers_mut().insert(header::HOST, last);
    request
}

#[tokio::test]
async fn without_a_session_the_way_to_one_is_told() {
    let stage = Stage::new().await;
    let cookie = format!("{}=made-up", amberglass_server::gateway::cookie_name(false));
    for request in [stage.stranger(Method::GET, "/"), stage.stranger(Method::GET, "/").header(header::COOKIE, cookie)] {
        let sentences =
            ["No session is open here", "Nothing was opened.", "To look again, start a session in the console."];
        assert_reads(&stage, request, StatusCode::UNAUTHORIZED, "no-session", &sentences).await;
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_put_on_record_is_not_shown_and_the_session_goes_on() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.break_the_audit_log().await;
    let sentences = [
        "This page cannot be put on record",
        "The portal was not asked.",
        "Try again. If it stays like this, give the reference below",
    ];
    let request = stage.get(&session, "/account");
    assert_reads(&stage, request, StatusCode::SERVICE_UNAVAILABLE, "audit-unavailable", &sentences).await;
    let row = stage.server.state().sessions.get(&session.id).await.unwrap().unwrap();
    assert!(row.state.is_running());
}

#[tokio::test]
async fn the_gateway_answers_at_its_own_port_only() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let other = if stage.server.gateway.port() == 1 { 2 } else { 1 };
    for host in ["barkside.localhost".to_owned(), format!("barkside.localhost:{other}")] {
        let request = stage.get(&session, "/account").header(header::HOST, host);
        let request = reqwest::RequestBuilder::from_parts(stage.client.clone(), only_last_host(request));
        let sentences = ["There is no portal at this address"];
        assert_reads(&stage, request, StatusCode::MISDIRECTED_REQUEST, "unknown-host", &sentences).await;
    }
}
