//! A session's end, freeze or expiry reaches every request of it, also those under way.

use amberglass_domain::{checkpoint::WriterHead, ports::Clock as _};
use amberglass_server::gateway::GATEWAY_HEADER;
use amberglass_wire::{
    event_stream::{ChainHead, SessionBeat},
    session::SessionState,
};
use http::StatusCode;

use crate::stage::{PATIENCE, SOON, Session, Stage};

/// An open stream that has shown its first chunk.
async fn watching(stage: &Stage, session: &Session) -> reqwest::Response {
    let mut answer = stage.get(session, "/ticker").send().await.unwrap();
    stage.upstream.shared.ticks.send("data: 1\n\n").unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    answer
}

/// The stream breaks off, rather than ending as if it were whole, and the portal's side of it is let go.
async fn assert_cut(stage: &Stage, mut answer: reqwest::Response) {
    let chunk = tokio::time::timeout(SOON, answer.chunk()).await.expect("the stream goes on");
    assert!(chunk.is_err(), "{chunk:?}");
    tokio::time::timeout(SOON, stage.upstream.shared.dropped.notified()).await.expect("the portal still sends");
}

async fn assert_refused(stage: &Stage, session: &Session, status: StatusCode, reasons: &[&str]) {
    let before = stage.upstream.seen().len();
    let answer = stage.get(session, "/account").send().await.unwrap();
    assert_eq!(answer.status(), status);
    let reason = answer.headers()[GATEWAY_HEADER].to_str().unwrap();
    assert!(reasons.contains(&reason), "{reason}");
    assert_eq!(stage.upstream.seen().len(), before);
}

/// Not within a second, but with the first request: whoever was told of the end sees nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_after_the_end_was_told_is_refused() {
    let stage = Stage::new().await;
    for _ in 0..20 {
        let session = stage.session().await;
        assert_eq!(stage.get(&session, "/account").send().await.unwrap().status(), StatusCode::OK);
        stage.end(&session).await;
        assert_refused(&stage, &session, StatusCode::GONE, &["session-ended"]).await;
    }
}

#[tokio::test]
async fn an_ended_session_cuts_what_is_open() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = watching(&stage, &session).await;
    stage.end(&session).await;
    assert_cut(&stage, answer).await;
    assert_refused(&stage, &session, StatusCode::GONE, &["session-ended"]).await;
    // A page that still asks while its window closes is no attempt of anyone's.
    assert!(stage.blocked(&session).await.is_empty());
}

/// One by one, with the place from which the page goes on, and not as a file that ends somewhere.
#[tokio::test]
async fn server_sent_events_pass_as_they_come_and_end_with_the_session() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let asked = stage.get(&session, "/ticker").header("accept", "text/event-stream").header("last-event-id", "7");
    let mut answer = asked.send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["content-type"]),
        (StatusCode::OK, &"text/event-stream".parse().unwrap())
    );
    assert!(!answer.headers().contains_key("content-length"));
    assert_eq!(stage.upstream.seen()[0].headers["last-event-id"], "7");
    for event in ["id: 8\nevent: visit\ndata: {}\n\n", ": still there\n\n", "retry: 1000\n\n"] {
        stage.upstream.shared.ticks.send(event).unwrap();
        let chunk = tokio::time::timeout(PATIENCE, answer.chunk()).await.expect("it waits for more").unwrap().unwrap();
        assert_eq!(chunk, event);
    }
    stage.end(&session).await;
    assert_cut(&stage, answer).await;
}

#[tokio::test]
async fn an_expired_session_cuts_what_is_open() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = watching(&stage, &session).await;
    let start = stage.clock.now();
    let mut tx = stage.server.state().store.begin().await.unwrap();
    // The console was alive to the last second.
    let last = start.plus_seconds(1799);
    tx.touch_session(&session.id, last, last, last).await.unwrap();
    tx.commit().await.unwrap();
    stage.clock.advance_seconds(1800);
    assert_cut(&stage, answer).await;
    assert_refused(&stage, &session, StatusCode::GONE, &["session-expired", "session-ended"]).await;
}

#[tokio::test]
async fn silence_of_the_console_cuts_what_is_open_and_makes_its_cookie_worthless() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = watching(&stage, &session).await;
    stage.clock.advance_seconds(7);
    assert_cut(&stage, answer).await;
    assert_refused(&stage, &session, StatusCode::FORBIDDEN, &["session-frozen", "console-silent"]).await;
    // A page that goes on asking behind the curtain is no attempt of anyone's.
    assert!(stage.blocked(&session).await.is_empty());
}

#[tokio::test]
async fn a_request_that_waits_for_the_portal_ends_with_its_session() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let asking = tokio::spawn(stage.get(&session, "/never").send());
    amberglass_testkit::wait_until("the portal to be asked", crate::stage::PATIENCE, async || {
        (!stage.upstream.seen().is_empty()).then_some(())
    })
    .await;
    stage.end(&session).await;
    let answer = tokio::time::timeout(SOON, asking).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::GONE);
}

#[tokio::test]
async fn the_end_of_one_session_leaves_another_alone() {
    let stage = Stage::new().await;
    let first = stage.session().await;
    stage.get(&first, "/").send().await.unwrap();
    stage.end(&first).await;
    let second = stage.session().await;
    let mut answer = watching(&stage, &second).await;
    stage.end(&first).await;
    assert_refused(&stage, &first, StatusCode::GONE, &["session-ended"]).await;
    stage.upstream.shared.ticks.send("data: 2\n\n").unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: 2\n\n");
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_open_streams() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let mut answer = watching(&stage, &session).await;
    tokio::time::timeout(SOON, stage.server.stop()).await.expect("the server waits for a page");
    assert!(answer.chunk().await.is_err());
}

#[tokio::test]
async fn a_session_that_resumes_is_shown_and_cut_anew() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = watching(&stage, &session).await;
    stage.clock.advance_seconds(7);
    assert_cut(&stage, answer).await;
    let sessions = &stage.server.state().sessions;
    amberglass_testkit::wait_until("the session to freeze", crate::stage::PATIENCE, async || {
        let row = sessions.get(&session.id).await.unwrap().unwrap();
        (row.state == SessionState::Frozen).then_some(())
    })
    .await;
    let beat = SessionBeat { session: session.id.clone(), idle_millis: 0 };
    let chain = WriterHead { writer: session.device.0.clone(), head: ChainHead::default() };
    sessions.beat(&session.staff, &session.device, stage.clock.now(), &chain, &[beat]).await.unwrap();
    let answer = watching(&stage, &session).await;
    stage.end(&session).await;
    assert_cut(&stage, answer).await;
}
