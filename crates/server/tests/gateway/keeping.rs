//! Of a blocked write the gateway keeps what somebody may ask for; the page can't tell whether it did.

use amberglass_server::gateway::GATEWAY_HEADER;
use amberglass_wire::{audit::EventDetail, elevation::CannotAsk, session::Mode};
use http::{Method, StatusCode, header};

use crate::stage::{Session, Stage, raw, status_of};

const FORM: &str = "application/x-www-form-urlencoded";

/// The last that is kept of a session: what stands in the way of asking for it, if anything does.
async fn kept(stage: &Stage, session: &Session) -> Option<Result<(), CannotAsk>> {
    let mut tx = stage.server.state().store.begin().await.unwrap();
    let row = tx.last_kept_of(&session.id).await.unwrap()?;
    Some(row.sealed.map(drop))
}

#[tokio::test]
async fn the_page_gets_the_same_answer_whether_a_write_is_kept_or_not() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let mut answers = Vec::new();
    for (kind, body) in [(FORM, "a=1"), (FORM, "new_password=x"), ("text/plain", "a=1")] {
        stage.clock.advance_millis(1);
        let request = stage.ask(Method::POST, &session, "/appointments").header(header::CONTENT_TYPE, kind).body(body);
        let answer = request.send().await.unwrap();
        let mut headers: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        let records = stage.server.state().store.trail(&session.id).await.unwrap();
        let ids: Vec<String> = records.iter().map(|event| event.record.id.0.clone()).collect();
        assert!(ids.iter().all(|id| !text.contains(id)), "the page learns no record's id");
        // The reference is drawn anew for each answer.
        let text: String = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 8).collect();
        answers.push((status, headers, text, kept(&stage, &session).await.unwrap()));
    }
    let why: Vec<_> = answers.iter().map(|answer| answer.3).collect();
    assert_eq!(why, [Ok(()), Err(CannotAsk::NeverList), Err(CannotAsk::NotReadable)]);
    for answer in &answers {
        assert_eq!((answer.0, &answer.1, &answer.2), (answers[0].0, &answers[0].1, &answers[0].2));
    }
    assert!(stage.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_or_never_ends_is_explained_all_the_same() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let large = format!("a={}", "x".repeat(200_000));
    let request = stage.ask(Method::POST, &session, "/appointments").header(header::CONTENT_TYPE, FORM).body(large);
    let answer = request.send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()[GATEWAY_HEADER]),
        (StatusCode::FORBIDDEN, &"blocked".parse().unwrap())
    );
    assert_eq!(kept(&stage, &session).await, Some(Err(CannotAsk::TooLarge)));

    // Announced and never sent: time passes, and then it is answered.
    let head = format!(
        "{}Content-Type: {FORM}\r\nContent-Length: 100\r\n\r\na=1",
        stage.head(&session, "POST /slow HTTP/1.1")
    );
    let (gateway, clock) = (stage.server.gateway, stage.clock.clone());
    let asking = tokio::spawn(async move { raw(gateway, head.as_bytes()).await });
    let answer = amberglass_testkit::wait_until("its answer", crate::stage::PATIENCE, async || {
        clock.advance_millis(500);
        asking.is_finished().then_some(())
    });
    answer.await;
    assert_eq!(status_of(&asking.await.unwrap()), 403);
}

#[tokio::test]
async fn content_that_was_too_long_to_judge_is_kept_as_that_and_not_by_its_end() {
    let rules = "version = 1\n[[safe_write]]\nid = \"find\"\nmethod = \"POST\"\npath = \"/find\"";
    let stage = Stage::with_rules(rules).await;
    let session = stage.session().await;
    // What would be left of it is a write of its own.
    let long = format!("note={}&pet=7&day=Monday", "x".repeat(256 * 1024));
    let request = stage.ask(Method::POST, &session, "/find").header(header::CONTENT_TYPE, FORM).body(long);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(kept(&stage, &session).await, Some(Err(CannotAsk::TooLarge)));
}

#[tokio::test]
async fn nothing_is_kept_of_read_write_sessions_of_strangers_or_once_the_session_is_over() {
    let stage = Stage::new().await;
    let post = |session: &Session| {
        stage.ask(Method::POST, session, "/appointments").header(header::CONTENT_TYPE, FORM).body("a=1")
    };
    let writing = stage.session_in(Mode::ReadWrite).await;
    assert_eq!(post(&writing).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(kept(&stage, &writing).await, None);
    stage.end(&writing).await;

    let session = stage.session().await;
    stage.stranger(Method::POST, "/appointments").header(header::CONTENT_TYPE, FORM).body("a=1").send().await.unwrap();
    assert_eq!(kept(&stage, &session).await, None);
    post(&session).send().await.unwrap();
    assert_eq!(kept(&stage, &session).await, Some(Ok(())));
    stage.end(&session).await;
    assert_eq!(kept(&stage, &session).await, None, "it goes with the session");
    post(&session).send().await.unwrap();
    assert_eq!(kept(&stage, &session).await, None);
}

#[tokio::test]
async fn a_page_can_fill_no_more_than_a_little() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    for number in 0..30 {
        stage.clock.advance_millis(1);
        let path = format!("/appointments/{number}");
        stage.ask(Method::POST, &session, &path).header(header::CONTENT_TYPE, FORM).body("a=1").send().await.unwrap();
    }
    let blocked = stage.trail(&session.id).await;
    let blocked = blocked.iter().filter(|detail| matches!(detail, EventDetail::RequestBlocked { .. })).count();
    assert_eq!(blocked, 30, "each is on record");
    let mut tx = stage.server.state().store.begin().await.unwrap();
    let last = tx.last_kept_of(&session.id).await.unwrap().unwrap();
    assert_eq!(last.path, "/appointments/19", "and twenty a minute are kept");
}
