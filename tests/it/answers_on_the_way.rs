//! What somebody between console and server answers in the server's place: a hotel's login page, a company's proxy, a load
//! balancer without a server behind it, an older or a newer version of ours. Whatever it is, each record arrives once.

use amberglass_app::{Command, host::HostEvent, view::HoldView};
use amberglass_tests::world::World;
use amberglass_wire::audit::{Attempt, JournalLoss};

use crate::telling::count;

const BATCH: &str = "POST /v1/journal/batches ";

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn page(status: &str) -> String {
    answer(status, "content-type: text/html\r\n", "<html><body>Please log in to use this network.</body></html>")
}

/// As our server says it, with what a later version may add.
fn problem(status: &str, headers: &str, code: &str) -> String {
    let body = format!(
        r#"{{"type":"about:blank","title":"T","status":400,"code":"{code}","reference":"0a1b2c3d","of_a_later_version":[1]}}"#
    );
    answer(status, &format!("content-type: application/problem+json\r\n{headers}"), &body)
}

/// The page tries something; the console's record of that meets `answer` on its way. Seconds until it is with the server.
async fn record_meets(world: &World, number: usize, answer: String) -> i64 {
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    let (lost, began) = (world.line.lost(), world.now());
    world.line.answer_instead(BATCH, answer);
    world.note_refused(Attempt::Download).await;
    world.line.until_lost(lost + 1).await;
    world
        .pass_until("the record at the server", 300, async || {
            (count(&world.audit_log().await, "attempt_refused") == number).then_some(())
        })
        .await;
    world.until_delivered().await;
    world.now().since(began) / 1000
}

#[tokio::test]
async fn whoever_answers_in_the_servers_place_delays_a_record_and_loses_none() {
    let world = World::in_session(1800).await;
    world.until_delivered().await;
    let mut number = 0;
    for answer in [
        page("200 OK"),
        page("401 Unauthorized"),
        page("403 Forbidden"),
        page("404 Not Found"),
        page("407 Proxy Authentication Required"),
        page("429 Too Many Requests"),
        page("500 Internal Server Error"),
        page("502 Bad Gateway"),
        page("503 Service Unavailable"),
        answer("302 Found", "location: http://127.0.0.1:1/login\r\n", ""),
        answer("200 OK", "content-type: application/json\r\n", "{\"held\":"),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"held\":{\"seq\":".into(),
        "SSH-2.0-something else\r\n".into(),
        String::new(),
        problem("404 Not Found", "", "not_found"),
        problem("409 Conflict", "", "code_of_a_later_version"),
        problem("429 Too Many Requests", "", "too_many_requests"),
        problem("500 Internal Server Error", "", "internal"),
        problem("503 Service Unavailable", "", "unavailable"),
    ] {
        number += 1;
        let took = record_meets(&world, number, answer.clone()).await;
        assert!(took <= 60, "{took} s after: {answer}");
    }
    let log = world.audit_log().await;
    assert_eq!(count(&log, "attempt_refused"), number);
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept_by_a_running_console() {
    let world = World::in_session(1800).await;
    world.until_delivered().await;
    for (number, answer) in [
        answer("429 Too Many Requests", "retry-after: 40\r\n", ""),
        answer("503 Service Unavailable", "retry-after: 40\r\n", ""),
        problem("429 Too Many Requests", "retry-after: 40\r\n", "too_many_requests"),
    ]
    .into_iter()
    .enumerate()
    {
        let took = record_meets(&world, number + 1, answer.clone()).await;
        assert!((39..=60).contains(&took), "{took} s after: {answer}");
    }
}

#[tokio::test]
async fn what_is_called_too_large_even_alone_waits_for_a_person() {
    let world = World::in_session(1800).await;
    world.until_delivered().await;
    world.line.answer_instead(BATCH, page("413 Payload Too Large"));
    world.note_refused(Attempt::Download).await;
    let held = world.until("the hold", |view| view.queue.held == 1).await;
    assert_eq!(held.queue.hold, Some(HoldView::TooLarge));
    world.handle.command(Command::RetryDelivery {});
    world.until_delivered().await;
    assert_eq!(count(&world.audit_log().await, "attempt_refused"), 1);
}

#[tokio::test]
async fn a_journal_that_the_server_will_never_take_is_put_aside_when_a_person_says_so() {
    let world = World::in_session(1800).await;
    world.until_delivered().await;
    world.line.answer_instead(BATCH, problem("422 Unprocessable Content", "", "journal_invalid"));
    world.handle.command(Command::EndSession {});
    world.until("the end", |view| view.ended.is_some()).await;
    let held = world.until("the hold", |view| view.queue.held == 1).await;
    assert_eq!(held.queue.hold, Some(HoldView::Rejected));
    world.handle.command(Command::BeginNewJournal {});
    let told = world.until("the new journal", |view| view.queue.replaced.is_some()).await;
    let replaced = told.queue.replaced.unwrap();
    assert_eq!(replaced.cause, JournalLoss::Contradicted);
    assert!(std::path::PathBuf::from(replaced.file.unwrap()).exists(), "its bytes are kept");
    world.until_delivered().await;
    let log = world.audit_log().await;
    assert_eq!(count(&log, "journal_replaced"), 1);
    let (open, _) = world.server().state().store.open_alarms(9).await.unwrap();
    assert_eq!(open, 1, "security is told");
}
