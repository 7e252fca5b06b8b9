//! The program dies in a session, or is started twice.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConsoleErrorCode, SignInView, StartView, UiErrorCode},
};
use amberglass_testkit::wait_until;
use amberglass_wire::{
    event_stream::ServerEvent,
    session::{EndedBy, SessionState},
};

use crate::{
    backend::unreachable,
    world::{LIMIT, World},
};

/// The program has died in a session that still runs at the server, and runs again.
async fn died_and_back() -> World {
    let mut world = World::in_session().await;
    world.crash().await;
    world.start_again()
}

fn beaten(world: &World) -> usize {
    world.server.with(|state| state.heartbeats.iter().filter(|beat| !beat.sessions.is_empty()).count())
}

#[tokio::test]
async fn a_session_in_which_the_program_died_is_told_of_and_not_kept_alive() {
    let world = died_and_back().await;
    let before = beaten(&world);
    let view = world.until("the word", |view| view.recovered.is_some()).await;
    let recovered = view.recovered.unwrap();
    assert_eq!((recovered.session.id.as_str(), recovered.session.state), ("session-1", SessionState::Active));
    assert!(recovered.session.own && view.session.is_none());
    world.until_online().await;
    world.pass_seconds(2).await;
    assert_eq!(beaten(&world), before, "its page is gone, so nothing may keep it alive");
    // The server notices, and the word follows.
    let session = world.server.end(EndedBy::ConsoleLost);
    world.server.push(ServerEvent::SessionChanged { session, state: SessionState::Ended });
    let lost = world.until("over", |view| {
        view.recovered.as_ref().is_some_and(|r| r.session.ended_by == Some(EndedBy::ConsoleLost))
    });
    lost.await;
    world.handle.command(Command::DismissRecovered {});
    world.until("left", |view| view.recovered.is_none()).await;
    world.until_recorded("window_closed").await;
}

#[tokio::test]
async fn what_had_not_been_sent_is_counted_and_sent() {
    let mut world = World::in_session().await;
    world.server.set_online(false);
    let recorder = world.host.recorder();
    let look = move || assert!(recorder.navigation("http://barkside.localhost:7401/invoices"));
    tokio::task::spawn_blocking(look).await.unwrap();
    world.crash().await;
    world.server.set_online(true);
    let world = world.start_again();
    let view = world.until("the word", |view| view.recovered.is_some()).await;
    assert!(view.recovered.unwrap().kept >= 1);
    let delivered = |kind: &str| world.server.with(|state| state.delivered.iter().any(|record| record.kind == kind));
    world.until_true("delivered", || delivered("page_viewed")).await;
}

#[tokio::test]
async fn it_can_be_ended_at_once_and_is_not_told_twice() {
    let mut world = died_and_back().await;
    world.until("the word", |view| view.recovered.is_some()).await;
    world.handle.command(Command::EndSession {});
    let ended = world.until("ended", |view| {
        view.recovered.as_ref().is_some_and(|recovered| recovered.session.state == SessionState::Ended)
    });
    assert_eq!(ended.await.recovered.unwrap().session.ended_by, Some(EndedBy::Staff));
    world.handle.command(Command::DismissRecovered {});
    world.until_recorded("window_closed").await;
    world.crash().await;
    let again = world.start_again();
    again.until_online().await;
    again.open_card("c1").await;
    assert!(again.host.views.lock().unwrap().iter().all(|view| view.recovered.is_none()));
}

#[tokio::test]
async fn until_the_server_answers_nothing_is_said_and_then_it_is() {
    let mut world = World::in_session().await;
    world.crash().await;
    world.server.fail("session", unreachable());
    let world = world.start_again();
    world.until_online().await;
    assert!(world.host.view().recovered.is_none());
    // Five seconds after the failure has arrived, whenever that is.
    wait_until("the word", LIMIT, || async {
        world.clock.advance_millis(500);
        world.host.view().recovered.map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_start_meanwhile_meets_the_session_that_nobody_sees_any_more() {
    let world = died_and_back().await;
    world.until("the word", |view| view.recovered.is_some()).await;
    let running = world.server.with(|state| state.sessions[0].clone());
    let mut conflict = crate::backend::refused(amberglass_wire::problem::ErrorCode::SessionConflict);
    if let amberglass_domain::ports::BackendError::Refused(problem) = &mut conflict {
        problem.session = Some(Box::new(running));
    }
    world.server.fail("start_session", conflict);
    world.until_online().await;
    world.start("c2").await;
    let in_the_way = world.until("the conflict", |view| {
        matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Conflict { here: false, .. }))
    });
    in_the_way.await;
    world.handle.command(Command::EndSession {});
    let view = world.until("the way is free", |view| {
        matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Idle {}))
    });
    let view = view.await;
    assert_eq!(view.card.unwrap().customer_id.as_str(), "c2", "the card is the one that was asked for");
    assert!(world.logged("open_window").len() == 1, "nothing opens by itself");
}

#[tokio::test]
async fn a_session_that_was_ended_before_the_program_died_is_no_news() {
    let mut world = World::in_session().await;
    world.handle.command(Command::EndSession {});
    world.until("ended", |view| view.ended.is_some()).await;
    // The host never got to say that the window is closed.
    world.crash().await;
    let world = world.start_again();
    world.until_recorded("window_closed").await;
    assert!(world.host.views.lock().unwrap().iter().all(|view| view.recovered.is_none()));
}

#[tokio::test]
async fn a_second_program_on_the_same_journal_signs_nobody_in_and_says_why() {
    let mut first = World::in_session().await;
    let renewals = first.server.with(|state| state.refreshes);
    let second = first.start_again();
    let blocked = second.until("refused", |view| matches!(view.sign_in, SignInView::Blocked { .. })).await;
    match blocked.sign_in {
        SignInView::Blocked { error } => {
            assert_eq!(error.code, UiErrorCode::Console(ConsoleErrorCode::AlreadyRunning));
            assert!(error.retry);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(first.server.with(|state| state.refreshes), renewals, "two that renew one token would lose it");
    assert!(first.host.window().unwrap().curtain.is_none());
    // Once the first is gone, trying again is enough.
    first.handle.host_event(HostEvent::QuitRequested);
    first.until_true("the window closes", || !first.logged("close_window").is_empty()).await;
    first.handle.host_event(HostEvent::WindowClosed { session: first.session() });
    tokio::time::timeout(crate::world::LIMIT, first.handle.closed()).await.unwrap();
    first.crash().await;
    second.handle.command(Command::SignIn {});
    second.until_online().await;
}
