//! The console's process dies in each step of a session, and starts again on the same desktop: no session is left over, each
//! has one end, and what was recorded arrives. How it dies in the middle of a session is told in `recovery`.

use amberglass_app::{
    Command,
    view::{ConsoleView, SignInView, StartView},
};
use amberglass_tests::{
    world::World,
    world_line::At,
    world_record::{AuditLog, kinds},
};
use amberglass_wire::session::{EndedBy, SessionState};

use crate::telling::{count, ends, until_delivered};

const START: &str = "POST /v1/sessions ";
/// Entry, extension and end, whichever comes next.
const OF_SESSION: &str = "POST /v1/sessions/";

/// The console dies in the moment in which its next request that begins so has got so far, and starts again.
async fn dies_at(world: &mut World, at: At, request: &'static str, act: impl AsyncFnOnce(&World)) {
    let lost = world.line.lost() + 1;
    world.line.hold_at(at, request);
    act(world).await;
    world.line.until_lost(lost).await;
    world.crash_console().await;
    world.line.cut();
    world.line.mend();
    world.start_console().await;
}

/// Two minutes after the silence was noticed nothing runs any more.
async fn until_lost_at_the_server(world: &World) {
    for _ in 0..120 {
        world.clock.advance_seconds(1);
        world.console_now().await;
    }
    world
        .pass_until("the server to notice", 20, async || {
            world.sessions().await.iter().all(|row| row.state == SessionState::Ended).then_some(())
        })
        .await;
}

async fn log_of(world: &World) -> AuditLog {
    world.until_delivered().await;
    world.audit_log().await
}

#[tokio::test]
async fn a_console_that_dies_in_a_start_leaves_at_most_a_session_that_nobody_entered_and_that_is_lost() {
    for (at, least, most) in [(At::Request, 0, 0), (At::Work, 0, 1), (At::Answer, 1, 1)] {
        let mut world = World::signed_in().await;
        dies_at(&mut world, at, START, async |world| world.ask_for_session(1800).await).await;
        world.until_signed_in().await;
        until_lost_at_the_server(&world).await;
        let sessions = world.sessions().await;
        assert!((least..=most).contains(&sessions.len()), "{at:?}: {}", sessions.len());
        for row in &sessions {
            assert_eq!((row.ended_by, row.entered_at), (Some(EndedBy::ConsoleLost), None), "{at:?}");
        }
        let log = log_of(&world).await;
        assert_eq!(ends(&log), vec![EndedBy::ConsoleLost; sessions.len()]);
        assert_eq!((count(&log, "start_requested"), count(&log, "window_opened")), (1, 0));
        world.start(600).await;
        assert_eq!(world.row().await.state, SessionState::Active);
    }
}

#[tokio::test]
async fn a_console_that_died_in_a_start_names_what_is_left_of_it_before_anything_new_begins() {
    let mut world = World::signed_in().await;
    dies_at(&mut world, At::Answer, OF_SESSION, async |world| world.ask_for_session(1800).await).await;
    world.until_signed_in().await;
    let left = world.sessions().await.remove(0);
    assert!(left.state.is_running() && left.entered_at.is_some(), "the server let it in");
    assert!(world.host.opened().is_empty(), "the console that runs now opened nothing");
    // Before anybody clicks.
    world.open_card().await;
    let conflict = |view: &ConsoleView| {
        let start = view.card.as_ref().map(|card| &card.start);
        matches!(start, Some(StartView::Conflict { running, here: false }) if running.id == left.id)
    };
    world.until("the session that is in the way", conflict).await;
    world.handle.command(Command::EndSession {});
    world
        .until("the way to be free", |view| {
            view.card.as_ref().is_some_and(|card| !card.loading && card.start == StartView::Idle {})
        })
        .await;
    world.start(600).await;
    let log = log_of(&world).await;
    assert_eq!((ends(&log), count(&log, "session_started")), (vec![EndedBy::Staff], 2));
}

#[tokio::test]
async fn a_console_that_dies_with_the_wish_to_end_tells_of_the_session_unless_the_wish_was_heard() {
    for (at, ended_by, is_told) in [(At::Request, EndedBy::ConsoleLost, true), (At::Answer, EndedBy::Staff, false)] {
        let mut world = World::in_session(1800).await;
        world.pass_seconds(2).await;
        let session = world.session();
        dies_at(&mut world, at, OF_SESSION, async |world| world.handle.command(Command::EndSession {})).await;
        world.until_signed_in().await;
        if is_told {
            let view = world.until("the word of it", |view| view.recovered.is_some()).await;
            let told = view.recovered.unwrap().session;
            assert_eq!((&told.id, told.state.is_running()), (&session, true));
            until_lost_at_the_server(&world).await;
            world.handle.command(Command::DismissRecovered {});
        }
        // The record of the closed window is made up for by the console that runs now.
        let log = until_delivered(&world, "window_closed").await;
        assert_eq!(ends(&log), [ended_by], "{at:?}");
        assert_eq!((count(&log, "end_requested"), count(&log, "window_closed")), (1, 1));
        assert_eq!(world.host.view().unwrap().recovered, None, "{at:?}");
    }
}

#[tokio::test]
async fn a_console_that_dies_in_an_extension_leaves_one_extension_and_one_end() {
    let mut world = World::in_session(600).await;
    world.pass_seconds(2).await;
    let (session, before) = (world.session(), world.row().await.expires_at);
    world.handle.command(Command::OpenExtend {});
    let extend = Command::ExtendSession { text: "The invoice has to be compared line by line".into() };
    dies_at(&mut world, At::Answer, OF_SESSION, async |world| world.handle.command(extend)).await;
    world.until_signed_in().await;
    let view = world.until("the word of it", |view| view.recovered.is_some()).await;
    let told = view.recovered.unwrap().session;
    assert_eq!((told.id, told.extensions), (session, 1));
    assert_eq!(world.sessions().await.remove(0).expires_at, before.plus_seconds(900));
    until_lost_at_the_server(&world).await;
    let log = log_of(&world).await;
    assert_eq!((ends(&log), count(&log, "session_extended")), (vec![EndedBy::ConsoleLost], 1));
}

#[tokio::test]
async fn a_console_that_dies_in_a_delivery_has_every_record_at_the_server_once() {
    let mut world = World::in_session(1800).await;
    until_delivered(&world, "page_viewed").await;
    dies_at(&mut world, At::Answer, "POST /v1/journal/batches", async |world| {
        assert!(world.note_visit("/pets").await);
    })
    .await;
    world.until_signed_in().await;
    // The chain that is checked has no gap and no record twice.
    let log = log_of(&world).await;
    assert_eq!(kinds(log.told_by_consoles()), ["start_requested", "window_opened", "page_viewed", "page_viewed"]);
}

#[tokio::test]
async fn a_console_that_dies_in_a_sign_in_is_signed_out_and_its_device_is_registered_once() {
    let mut world = World::open().await;
    world.until("the sign-in screen", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    dies_at(&mut world, At::Answer, "POST /v1/oauth/token", async |world| {
        world.handle.command(Command::SignIn {});
    })
    .await;
    world.sign_in().await;
    let log = log_of(&world).await;
    assert_eq!(count(&log, "device_registered"), 1);
}
