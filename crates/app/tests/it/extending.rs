//! More time: offered where the server would give it, asked for once, said on the bar.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConsoleErrorCode, CurtainView, SessionWindowView, UiErrorCode},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{problem::ErrorCode, session::SessionState};

use crate::{
    backend::{refused, unreachable},
    world::World,
};

const WHY: &str = "The invoice has more pages";

fn extend(text: &str) -> Command {
    Command::ExtendSession { text: text.into() }
}

async fn with_open_row() -> World {
    let world = World::in_session().await;
    world.handle.command(Command::OpenExtend {});
    world.until_window("the row", |view| view.extend.open).await;
    world
}

async fn until_failed(world: &World) -> UiErrorCode {
    let failed = |view: &SessionWindowView| view.extend.error.is_some() && !view.extend.busy;
    let view = world.until_window("the error", failed).await;
    assert!(view.extend.open, "the row stays with what was typed");
    view.extend.error.unwrap().code
}

async fn until_extended(world: &World, number: u32) -> SessionWindowView {
    world.until_window("extended", |view| view.extend.number == number && !view.extend.open).await
}

#[tokio::test]
async fn an_extension_moves_the_deadline_by_the_servers_word_and_closes_the_row() {
    let world = with_open_row().await;
    let before = world.host.window().unwrap();
    assert_eq!((before.extend.left, before.extend.seconds, before.extend.number), (2, 900, 0));
    world.handle.command(extend(WHY));
    let view = until_extended(&world, 1).await;
    assert_eq!((view.extend.left, view.extend.seconds, view.remaining_millis), (1, 900, 2_700_000));
    let (_, asked) = world.server.with(|state| state.extensions[0].clone());
    // Code and ticket are those of the start.
    assert_eq!((asked.seconds, asked.reason.text.as_str(), asked.reason.code.as_str()), (900, WHY, "other"));
    assert_eq!(asked.reason.ticket.as_deref(), Some("T-1"));
    // The second is the last, and the third is not offered.
    world.handle.command(Command::OpenExtend {});
    world.handle.command(extend(WHY));
    let view = until_extended(&world, 2).await;
    assert_eq!((view.extend.left, view.extend.seconds, view.remaining_millis), (0, 0, 3_600_000));
    world.handle.command(Command::OpenExtend {});
    assert!(!world.window_now().await.extend.open);
}

#[tokio::test]
async fn an_extension_goes_no_further_than_the_longest_session() {
    let world = World::online_with(|_, server, _| server.with(|s| s.limits.max_duration_seconds = 2_000)).await;
    world.start("c1").await;
    world.show_portal().await;
    assert_eq!(world.host.window().unwrap().extend.seconds, 200);
    world.handle.command(Command::OpenExtend {});
    world.handle.command(extend(WHY));
    let view = until_extended(&world, 1).await;
    assert_eq!((view.extend.left, view.extend.seconds), (1, 0), "nothing is to be gained any more");
    world.handle.command(Command::OpenExtend {});
    assert!(!world.window_now().await.extend.open);
}

#[tokio::test]
async fn a_reason_that_says_nothing_is_refused_before_the_server_is_asked() {
    let world = with_open_row().await;
    for (text, code) in [("short", ErrorCode::ReasonTooShort), ("aaaaaaaaaaaaaaaa", ErrorCode::ReasonIsFiller)] {
        world.handle.command(extend(text));
        let told = |view: &SessionWindowView| {
            view.extend.error.as_ref().is_some_and(|error| error.code == UiErrorCode::Server(code))
        };
        assert!(world.until_window("refused", told).await.extend.open);
    }
    assert!(world.logged("extend(").is_empty());
}

#[tokio::test]
async fn a_refusal_stays_in_the_row_with_words_and_cancel_forgets_it() {
    let world = with_open_row().await;
    world.server.fail("extend_session", refused(ErrorCode::EmergencyStopInForce));
    world.handle.command(extend(WHY));
    assert_eq!(until_failed(&world).await, UiErrorCode::Server(ErrorCode::EmergencyStopInForce));
    world.handle.command(Command::CloseExtend {});
    let view = world.until_window("closed", |view| !view.extend.open).await;
    assert_eq!((view.extend.error, view.remaining_millis > 1_700_000), (None, true));
}

#[tokio::test]
async fn an_answer_lost_after_the_server_acted_is_not_a_second_extension() {
    let world = with_open_row().await;
    world.server.with(|state| state.lose_answer = Some("extend_session"));
    world.handle.command(extend(WHY));
    let view = until_extended(&world, 1).await;
    assert_eq!(view.remaining_millis, 2_700_000);
    assert_eq!((world.logged("extend(").len(), world.server.with(|state| state.extensions.len())), (2, 1));
}

#[tokio::test]
async fn trying_again_with_other_words_after_a_lost_answer_is_no_second_extension_either() {
    let world = with_open_row().await;
    world.server.with(|state| state.lose_answer = Some("extend_session"));
    world.server.fail_after_lost("extend_session", unreachable());
    // The check that follows a failure finds no line either, so the console still thinks that it was in vain.
    world.server.fail("session", unreachable());
    world.handle.command(extend(WHY));
    assert_eq!(until_failed(&world).await, UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable));
    world.handle.command(extend("The invoice has many more pages"));
    until_extended(&world, 1).await;
    let extensions = world.server.with(|state| state.extensions.clone());
    assert_eq!(extensions.len(), 1);
    assert_eq!(extensions[0].1.reason.text, WHY, "what the server has on record is what was asked first");
}

#[tokio::test]
async fn a_silent_or_frozen_session_offers_no_extension() {
    let world = with_open_row().await;
    world.server.with(|state| state.sessions[0].state = SessionState::Frozen);
    world.server.push(amberglass_wire::event_stream::ServerEvent::SessionChanged {
        session: world.session(),
        state: SessionState::Frozen,
    });
    let view = world.until_window("covered", |view| view.curtain.is_some()).await;
    assert_eq!((view.extend.left, view.extend.open), (0, false));
    world.handle.command(extend(WHY));
    world.handle.command(Command::OpenExtend {});
    assert!(!world.window_now().await.extend.open);
    assert!(world.logged("extend(").is_empty());
}

#[tokio::test]
async fn a_deadline_that_had_been_moved_unheard_uncovers_the_page_again() {
    let world = World::in_session().await;
    // Extended at the server, and no word of it has reached the console before its own deadline.
    let later = world.clock.now().plus_seconds(2_700);
    world.server.set_online(false);
    world.clock.advance_seconds(1_800);
    world.until_curtain("over by its clock", |curtain| matches!(curtain, CurtainView::Ended { .. })).await;
    world.server.with(|state| {
        state.sessions[0].expires_at = Some(later);
        state.sessions[0].extensions = 1;
    });
    world.server.set_online(true);
    // Somebody is there again; the check and the heartbeat that it leads to each have their own time.
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.until_in_time("it goes on", || world.host.window().is_some_and(|view| view.curtain.is_none())).await;
    assert_eq!(world.host.window().unwrap().extend.number, 1);
}
