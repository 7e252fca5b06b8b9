//! The network fails, or the server does, while somebody looks.

use amberglass_app::view::{ConnectionView, CurtainView};
use amberglass_tests::{
    world::World,
    world_line::Line,
    world_record::{body, kinds},
};
use amberglass_wire::{
    audit::{Attempt, EventDetail},
    session::{EndedBy, SessionState},
};
use reqwest::{Method, StatusCode};

use crate::telling::{count, ends, until_delivered};

const SILENCE_SECONDS: u32 = 5;

fn is_lost(curtain: &CurtainView) -> bool {
    matches!(curtain, CurtainView::ConnectionLost { .. })
}

#[tokio::test]
async fn a_broken_network_covers_the_page_within_five_seconds_and_loses_no_record() {
    silence_in_the_middle(Line::cut).await;
}

#[tokio::test]
async fn a_network_that_falls_silent_covers_the_page_within_five_seconds_and_loses_no_record() {
    silence_in_the_middle(Line::hold).await;
}

async fn silence_in_the_middle(fail: fn(&Line)) {
    let world = World::in_session(1800).await;
    world.pass_seconds(4).await;
    let before = until_delivered(&world, "page_viewed").await.of_consoles().len();
    fail(&world.line);
    world.pass_seconds_in_silence(1).await;
    assert_eq!(world.window_now().await.curtain, None, "one second is no silence yet");
    world.pass_seconds_in_silence(SILENCE_SECONDS - 1).await;
    // The clock stands: whatever happens now happened within five seconds.
    world.until_curtain("the curtain", is_lost).await;
    world.until("offline", |view| matches!(view.connection, ConnectionView::Offline { .. })).await;
    world.until_state(SessionState::Frozen).await;
    let reason = world.until_refused("/account").await;
    assert!(["session-frozen", "console-silent"].contains(&reason.as_str()), "{reason}");
    let asked = world.ask(Method::GET, "/messages", true).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert!(!world.portal.has_received(&Method::GET, "/messages"));

    // The window goes on recording what is tried in it.
    assert!(world.note_visit("/pets").await);
    world.note_refused(Attempt::Download).await;
    assert!(world.note_visit("/invoices").await);
    world.until("the queue's number", |view| view.queue.waiting >= 4).await;
    world.pass_seconds_in_silence(20).await;
    assert!(world.window_now().await.curtain.as_ref().is_some_and(is_lost));
    assert_eq!(world.audit_log().await.of_consoles().len(), before);

    world.line.mend();
    world
        .pass_until("the page to show again", 10, async || world.host.window().filter(|view| view.curtain.is_none()))
        .await;
    let log = until_delivered(&world, "curtain_lifted").await;
    let console = log.of_consoles();
    assert_eq!(
        kinds(console[before..].iter().copied()),
        ["curtain_drawn", "page_viewed", "attempt_refused", "page_viewed", "curtain_lifted"]
    );
    assert_eq!(body(console[before]).detail, EventDetail::CurtainDrawn { cause: "connection_lost".into() });
    assert!(console.is_sorted_by_key(|record| record.occurred_at.0));
    assert_eq!(
        (count(&log, "session_frozen"), count(&log, "session_resumed"), count(&log, "session_ended")),
        (1, 1, 0)
    );
    assert_eq!(world.row().await.state, SessionState::Active);
    let page = world.visit("/account").await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
}

#[tokio::test]
async fn a_network_that_does_not_come_back_ends_the_session_once_as_console_lost() {
    let world = World::in_session(1800).await;
    world.pass_seconds(2).await;
    world.line.cut();
    world.pass_seconds_in_silence(SILENCE_SECONDS).await;
    let frozen = world.until_state(SessionState::Frozen).await;
    world.pass_seconds_in_silence(119).await;
    assert_eq!(world.row().await.state, SessionState::Frozen, "two minutes are not over");
    world.pass_seconds_in_silence(1).await;
    let ended = world.until_state(SessionState::Ended).await;
    assert_eq!(ended.ended_by, Some(EndedBy::ConsoleLost));
    assert_eq!(ended.ended_at, Some(frozen.frozen_at.unwrap().plus_seconds(120)));
    assert_eq!(world.until_refused("/").await, "session-ended");
    // The console cannot know; it keeps the page covered.
    assert!(world.window_now().await.curtain.is_some());

    world.line.mend();
    let view = world.pass_until("the end screen", 10, async || world.host.view().filter(|v| v.ended.is_some())).await;
    let shown = view.ended.unwrap().session;
    assert_eq!((shown.ended_by, shown.ended_at), (Some(EndedBy::ConsoleLost), ended.ended_at));
    assert_eq!(world.host.closed(), [world.session()]);
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::ConsoleLost]);
    assert_eq!(count(&log, "end_requested"), 0, "nobody asked for it");
}

#[tokio::test]
async fn a_server_that_is_started_anew_goes_on_with_the_session_and_takes_what_waited() {
    let mut world = World::in_session(1800).await;
    world.pass_seconds(4).await;
    let session = world.session();
    let before = until_delivered(&world, "page_viewed").await.of_consoles().len();
    world.stop_server().await;
    assert!(world.note_visit("/pets").await);
    world.until("the queue's number", |view| view.queue.waiting >= 1).await;
    world.pass_seconds_in_silence(SILENCE_SECONDS + 3).await;
    world.until_curtain("the curtain", is_lost).await;

    world.start_server().await;
    world
        .pass_until("the page to show again", 15, async || world.host.window().filter(|view| view.curtain.is_none()))
        .await;
    let log = until_delivered(&world, "curtain_lifted").await;
    assert_eq!(kinds(log.of_consoles()[before..].iter().copied()), ["page_viewed", "curtain_drawn", "curtain_lifted"]);
    assert_eq!(log.writers.len(), 2, "the server goes on with its own chain");
    let row = world.row().await;
    assert_eq!((row.id, row.state), (session, SessionState::Active));
    assert_eq!(count(&log, "session_started"), 1);
    let page = world.visit("/pets").await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
}
