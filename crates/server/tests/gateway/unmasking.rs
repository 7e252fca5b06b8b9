//! A masked field that is shown on a stated reason: for whom, for how long, and what stands on record of it.

use amberglass_domain::ports::Clock as _;
use amberglass_server::{
    RunningServer,
    gateway::cookie_name,
    sessions::{UnmaskError, Unmasking},
};
use amberglass_testkit::Engine;
use amberglass_wire::{
    UnixMillis,
    audit::{EventDetail, UnmaskedField},
};
use reqwest::{Method, header};

use crate::stage::{HOST, Session, Stage};

const RULES: &str = r#"
version = 1

[[mask]]
id = "bank-details"
path = "/answer/bank"
fields = ["/iban", "/cards/*/number"]
unmask = true
why = "Asked for on the phone"

[[mask]]
id = "secrets"
path = "/answer/bank"
fields = ["/secret"]
"#;

const CONTENT: &str = r#"{"iban":"DE89","cards":[{"number":"4111"}],"secret":"s","n":1.50}"#;
const MASKED: &str = r#"{"iban":"••••","cards":[{"number":"••••"}],"secret":"••••","n":1.50}"#;
const IBAN_SHOWN: &str = r#"{"iban":"DE89","cards":[{"number":"••••"}],"secret":"••••","n":1.50}"#;
const REASON: &str = "She reads it to me on the phone";

async fn stage() -> Stage {
    let stage = Stage::with_rules(RULES).await;
    stage.upstream.will_answer(200, &[("content-type", "application/json"), ("content", CONTENT)]);
    stage
}

async fn unmask(
    server: &RunningServer,
    session: &Session,
    rule: &str,
    pointer: &str,
) -> Result<UnixMillis, UnmaskError> {
    let key = server.state().new_id();
    let unmasking = Unmasking {
        session: &session.id,
        staff: &session.staff,
        rule,
        pointer,
        reason: REASON,
        idempotency_key: &key,
        body_sha256: "body",
    };
    server.state().sessions.unmask(&unmasking).await
}

async fn bank(stage: &Stage, session: &Session) -> String {
    stage.get(session, "/answer/bank").send().await.unwrap().text().await.unwrap()
}

/// At any of the servers that share a database.
async fn bank_at(stage: &Stage, server: &RunningServer, session: &Session) -> String {
    let request = stage.client.request(Method::GET, format!("http://{}/answer/bank", server.gateway));
    let answer = request
        .header(header::HOST, format!("{HOST}:{}", server.gateway.port()))
        .header(header::COOKIE, format!("{}={}", cookie_name(false), session.cookie))
        .header("sec-fetch-site", "same-origin")
        .send();
    answer.await.unwrap().text().await.unwrap()
}

/// What the newest record of a page says was shown in it.
async fn seen(stage: &Stage, session: &Session) -> Vec<UnmaskedField> {
    match stage.trail(&session.id).await.pop() {
        Some(EventDetail::PageViewed { unmasked, .. }) => unmasked,
        other => panic!("{other:?}"),
    }
}

/// So long nothing but heartbeats.
async fn live(stage: &Stage, session: &Session, seconds: i64) {
    let mut left = seconds;
    while left > 0 {
        let step = left.min(4);
        stage.clock.advance_seconds(step);
        stage.beat(session).await;
        left -= step;
    }
}

fn iban() -> UnmaskedField {
    UnmaskedField { rule: "bank-details".into(), pointer: "/iban".into() }
}

#[tokio::test]
async fn a_field_is_shown_on_a_reason_for_five_minutes_and_each_answer_says_so_on_record() {
    let stage = stage().await;
    let (session, other) = (stage.session().await, stage.session_of_another().await);
    assert_eq!(bank(&stage, &session).await, MASKED);
    assert_eq!(seen(&stage, &session).await, []);

    let until = unmask(&stage.server, &session, "bank-details", "/iban").await.unwrap();
    assert_eq!(until, stage.clock.now().plus_seconds(300));
    let asked = stage.trail(&session.id).await.pop().unwrap();
    let (rule, pointer) = ("bank-details".to_owned(), "/iban".to_owned());
    assert_eq!(asked, EventDetail::FieldUnmasked { rule, pointer, reason: REASON.into(), until });
    // The other field of the same rule, and what is never shown, stay masked; so does another session.
    assert_eq!(bank(&stage, &session).await, IBAN_SHOWN);
    assert_eq!(seen(&stage, &session).await, [iban()]);
    assert_eq!(bank(&stage, &other).await, MASKED);
    assert_eq!(seen(&stage, &other).await, []);
    // The answer to a HEAD shows nothing, and an answer that nothing masks is none of this.
    stage.ask(Method::HEAD, &session, "/answer/bank").send().await.unwrap();
    assert_eq!(seen(&stage, &session).await, []);
    stage.get(&session, "/answer/other").send().await.unwrap();
    assert_eq!(seen(&stage, &session).await, []);

    live(&stage, &session, 299).await;
    assert_eq!(bank(&stage, &session).await, IBAN_SHOWN);
    live(&stage, &session, 1).await;
    assert_eq!(bank(&stage, &session).await, MASKED);
    assert_eq!(seen(&stage, &session).await, []);
    assert!(stage.record().await.iter().all(|detail| !format!("{detail:?}").contains("DE89")), "never a value");
}

#[tokio::test]
async fn what_the_rules_do_not_let_be_shown_stays_masked_whatever_stands_in_the_database() {
    let stage = stage().await;
    let session = stage.session().await;
    for (rule, pointer) in
        [("secrets", "/secret"), ("bank-details", "/secret"), ("bank-details", "/IBAN"), ("x", "/iban")]
    {
        unmask(&stage.server, &session, rule, pointer).await.unwrap();
        assert_eq!(bank(&stage, &session).await, MASKED, "{rule} {pointer}");
        assert_eq!(seen(&stage, &session).await, [], "{rule} {pointer}");
    }
}

#[tokio::test]
async fn a_field_is_not_shown_beyond_the_session_and_masked_again_with_its_end() {
    let stage = stage().await;
    let session = stage.session().await;
    let mut database = stage.database().await;
    sqlx::query("UPDATE sessions SET expires_at = $1")
        .bind(stage.clock.now().plus_seconds(60).0)
        .execute(&mut database)
        .await
        .unwrap();
    let until = unmask(&stage.server, &session, "bank-details", "/iban").await.unwrap();
    assert_eq!(until, stage.clock.now().plus_seconds(60), "the session's own end");
    assert_eq!(bank(&stage, &session).await, IBAN_SHOWN);
    stage.end(&session).await;
    assert!(!bank(&stage, &session).await.contains("DE89"));
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM unmasked_fields").fetch_one(&mut database).await.unwrap();
    assert_eq!(left, 0, "it goes with its session");
    let late = unmask(&stage.server, &session, "bank-details", "/iban").await;
    assert!(matches!(late, Err(UnmaskError::NotActive)), "{late:?}");
}

#[tokio::test]
async fn a_field_goes_on_being_shown_after_a_restart_and_at_another_server() {
    let stage = stage().await;
    let session = stage.session().await;
    unmask(&stage.server, &session, "bank-details", "/iban").await.unwrap();
    let stage = stage.restarted().await;
    assert_eq!(bank(&stage, &session).await, IBAN_SHOWN);
    if stage.engine() == Engine::Sqlite {
        // Which serves one server alone.
        return;
    }
    let second = stage.second_server().await;
    assert_eq!(bank_at(&stage, &second, &session).await, IBAN_SHOWN);
    unmask(&second, &session, "bank-details", "/cards/*/number").await.unwrap();
    let both = r#"{"iban":"DE89","cards":[{"number":"4111"}],"secret":"••••","n":1.50}"#;
    assert_eq!(bank(&stage, &session).await, both, "at once, without a cache in between");
    assert_eq!(seen(&stage, &session).await.len(), 2);
    second.stop().await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_shown() {
    let stage = stage().await;
    let session = stage.session().await;
    stage.break_the_audit_log().await;
    assert!(unmask(&stage.server, &session, "bank-details", "/iban").await.is_err());
    let left = stage.server.state().store.unmasked_fields(&session.id, stage.clock.now()).await.unwrap();
    assert_eq!(left, []);
}

#[tokio::test]
async fn an_answer_that_cannot_be_masked_is_withheld_also_while_a_field_is_shown() {
    let stage = stage().await;
    let session = stage.session().await;
    unmask(&stage.server, &session, "bank-details", "/iban").await.unwrap();
    stage.upstream.will_answer(200, &[("content-type", "text/html"), ("content", CONTENT)]);
    assert!(!bank(&stage, &session).await.contains("DE89"));
    assert_eq!(stage.blocked(&session).await, ["bank-details"]);
}
