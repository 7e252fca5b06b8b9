//! The console's process dies in a session.

use amberglass_app::{
    Command,
    view::{ConsoleErrorCode, ConsoleView, SignInView, StartStep, StartView, UiErrorCode},
};
use amberglass_testkit::wait_until;
use amberglass_tests::{
    world::{LIMIT, World},
    world_record::kinds,
};
use amberglass_wire::session::{EndedBy, SessionState};

use crate::telling::{count, ends, until_delivered};

/// Amy's console has died after a page that it could not send any more, and runs again.
async fn died_and_back() -> World {
    let mut world = World::in_session(1800).await;
    world.pass_seconds(4).await;
    world.line.cut();
    assert!(world.note_visit("/pets").await);
    world.crash_console().await;
    world.line.mend();
    world.start_console().await;
    world
}

fn told(view: &ConsoleView) -> Option<(SessionState, Option<EndedBy>)> {
    view.recovered.as_ref().map(|recovered| (recovered.session.state, recovered.session.ended_by))
}

#[tokio::test]
async fn a_session_whose_console_died_is_told_of_at_the_next_start_and_ends_as_lost() {
    let world = died_and_back().await;
    world.until_signed_in().await;
    let view = world.until("the word", |view| view.recovered.is_some()).await;
    let recovered = view.recovered.unwrap();
    assert!(recovered.kept >= 1 && view.session.is_none());
    assert_eq!(recovered.session.customer.id.as_str(), amberglass_tests::world::JANE);
    // The console lives and is heard, and the session is lost all the same: its page is gone.
    let session = recovered.session.id;
    for _ in 0..120 {
        world.clock.advance_seconds(1);
        world.console_now().await;
    }
    let lost = world.pass_until("the server to notice", 20, async || {
        let row = world.server().state().sessions.get(&session).await.unwrap().unwrap();
        (row.state == SessionState::Ended).then_some(row)
    });
    assert_eq!(lost.await.ended_by, Some(EndedBy::ConsoleLost));
    let ended = Some((SessionState::Ended, Some(EndedBy::ConsoleLost)));
    world.pass_until("the word of it", 10, async || world.host.view().filter(|view| told(view) == ended)).await;
    world.handle.command(Command::DismissRecovered {});
    world.until("left", |view| view.recovered.is_none()).await;
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::ConsoleLost]);
    let recorded = log.of_consoles();
    assert!(kinds(recorded.iter().copied()).contains(&"page_viewed"));
    assert_eq!(count(&log, "end_requested"), 0);
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_ends_it_and_starts_anew() {
    let world = died_and_back().await;
    world.until_signed_in().await;
    world.until("the word", |view| view.recovered.is_some()).await;
    // A start meets it, and opens nothing under the new name. The card names it already before the click.
    world.ask_for_session(600).await;
    let start = |view: &ConsoleView| view.card.as_ref().map(|card| card.start.clone());
    let asked = |view: &ConsoleView| matches!(start(view), Some(StartView::Starting { step: StartStep::AskingServer }));
    world.until_true("the server is asked", || world.host.views().iter().any(asked)).await;
    world.until("the conflict", |view| matches!(start(view), Some(StartView::Conflict { here: false, .. }))).await;
    world.handle.command(Command::EndSession {});
    let view = world.until("ended", |view| told(view).is_some_and(|(state, _)| state == SessionState::Ended)).await;
    assert_eq!(told(&view), Some((SessionState::Ended, Some(EndedBy::Staff))));
    world
        .until("the way is free", |view| {
            view.card.as_ref().is_some_and(|card| !card.loading && card.start == StartView::Idle {})
        })
        .await;
    assert!(world.host.opened().is_empty());
    world.start(600).await;
    assert!(world.host.view().unwrap().recovered.is_none());
    assert_eq!(world.row().await.state, SessionState::Active);
}

#[tokio::test]
async fn a_second_console_on_one_desktop_signs_nobody_in_and_disturbs_nothing() {
    let world = World::in_session(600).await;
    world.pass_seconds(2).await;
    let (runtime, host, _handle) = world.second_console();
    let blocked = || async {
        match host.view()?.sign_in {
            SignInView::Blocked { error } => Some(error.code),
            SignInView::Starting {}
            | SignInView::SignedOut { .. }
            | SignInView::WaitingForBrowser { .. }
            | SignInView::SignedIn { .. } => None,
        }
    };
    let code = wait_until("the word", LIMIT, blocked).await;
    assert_eq!(code, UiErrorCode::Console(ConsoleErrorCode::AlreadyRunning));
    world.pass_seconds(10).await;
    assert_eq!(world.window_now().await.curtain, None);
    runtime.shutdown_background();
}
