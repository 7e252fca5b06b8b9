//! The start: its order, and that a failed one leaves nothing.

use amberglass_app::{
    host::HostEvent,
    view::{ConsoleErrorCode, CurtainView, StartStep, StartView, UiErrorCode},
};
use amberglass_domain::ports::BackendError;
use amberglass_wire::{CustomerId, problem::ErrorCode, session::SessionState};

use crate::{
    backend::{refused, session, unreachable},
    world::{World, reason, start_command},
};

fn console(code: ConsoleErrorCode) -> UiErrorCode {
    UiErrorCode::Console(code)
}

fn no_session_runs(world: &World) -> bool {
    world.server.with(|state| state.sessions.iter().all(|session| !session.state.is_running()))
}

/// No window, no running session at the server, and the card says why.
async fn nothing_is_left(world: &World) {
    world.until_true("the server's session to end", || no_session_runs(world)).await;
    assert!(world.logged("open_window").is_empty());
    assert!(world.host.view().session.is_none());
}

#[tokio::test]
async fn record_then_server_then_record_then_window() {
    let world = World::online().await;
    world.start("c1").await;
    world
        .until("the window opens", |view| {
            matches!(
                view.card.as_ref().map(|card| &card.start),
                Some(StartView::Starting { step: StartStep::OpeningWindow })
            )
        })
        .await;
    let mut log = world.log.lock().unwrap().clone();
    log.retain(|line| !line.starts_with("apply("));
    assert_eq!(log, ["start(recorded: true)", "redeem", "open_window(recorded: true)"]);
    let window = world.host.window().unwrap();
    assert_eq!(window.curtain, Some(CurtainView::Opening {}));
    assert_eq!((window.reason_label.as_str(), window.ticket.as_deref()), ("Something else", Some("T-1")));
    assert_eq!((window.remaining_millis, window.warning_millis), (1_800_000, 300_000));
    world.handle.host_event(HostEvent::WindowOpened { session: world.session() });
    world
        .until("loading", |view| {
            matches!(
                view.card.as_ref().map(|card| &card.start),
                Some(StartView::Starting { step: StartStep::LoadingPortal })
            )
        })
        .await;
    world.handle.host_event(HostEvent::PortalPainted { session: world.session() });
    world.until("the card is done", |view| view.card.is_none() && view.session.is_some()).await;
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
}

#[tokio::test]
async fn a_refused_start_says_which_rule_and_leaves_nothing() {
    let world = World::online().await;
    world.server.fail("start_session", refused(ErrorCode::TargetIsStaff));
    world.start("c1").await;
    assert_eq!(world.until_failed().await, (UiErrorCode::Server(ErrorCode::TargetIsStaff), Some("a-rule".into())));
    nothing_is_left(&world).await;
    // The next one works.
    world.handle.command(start_command("c1"));
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
}

#[tokio::test]
async fn a_portal_that_does_not_answer_is_called_by_its_customer() {
    let world = World::online().await;
    world.server.fail("start_session", refused(ErrorCode::PortalUnreachable));
    world.start("c1").await;
    let named = (UiErrorCode::Server(ErrorCode::PortalUnreachable), Some("Customer c1".into()));
    assert_eq!(world.until_failed().await, named);
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn a_reason_that_says_nothing_is_refused_before_anything_is_asked() {
    let world = World::online().await;
    world.open_card("c1").await;
    let mut command = start_command("c1");
    if let amberglass_app::Command::StartSession { reason, .. } = &mut command {
        reason.text = "aaaaaaaaaaaaaaaa".into();
    }
    world.handle.command(command);
    assert_eq!(world.until_failed().await.0, UiErrorCode::Server(ErrorCode::ReasonIsFiller));
    assert!(world.logged("start(").is_empty());
}

#[tokio::test]
async fn a_grant_that_is_not_honoured_ends_the_session_that_was_begun() {
    let world = World::online().await;
    world.server.fail("redeem_grant", refused(ErrorCode::GrantInvalid));
    world.start("c1").await;
    assert_eq!(world.until_failed().await.0, UiErrorCode::Server(ErrorCode::GrantInvalid));
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn a_session_that_could_not_be_ended_at_once_is_ended_later() {
    let world = World::online().await;
    world.server.fail("redeem_grant", BackendError::NotOurs { status: 502, retry_after_seconds: None });
    for _ in 0..2 {
        world.server.fail("end_session", unreachable());
    }
    world.start("c1").await;
    assert_eq!(world.until_failed().await.0, console(ConsoleErrorCode::NotAnAmberglassServer));
    world.until_in_time("a later try", || no_session_runs(&world)).await;
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn an_answer_lost_after_the_server_acted_does_not_start_a_second_session() {
    let world = World::online().await;
    world.server.with(|state| state.lose_answer = Some("start_session"));
    world.start("c1").await;
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
    assert_eq!(world.logged("start(").len(), 2);
    assert_eq!(world.server.with(|state| state.sessions.len()), 1);
}

#[tokio::test]
async fn a_start_that_nobody_answers_is_cleared_up_when_the_line_is_back() {
    let world = World::online().await;
    world.server.with(|state| state.lose_answer = Some("start_session"));
    // The second try finds no line at all, and neither does the first look for what is left.
    world.server.fail("sessions", unreachable());
    world.server.fail_after_lost("start_session", unreachable());
    world.start("c1").await;
    assert_eq!(world.until_failed().await.0, console(ConsoleErrorCode::ServerUnreachable));
    assert!(world.server.with(|state| state.sessions[0].state.is_running()));
    world.until_in_time("a later try", || no_session_runs(&world)).await;
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn a_window_that_cannot_be_built_ends_the_session() {
    let world = World::online().await;
    world.start("c1").await;
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
    world.handle.host_event(HostEvent::WindowFailed { session: world.session(), detail: "no display".into() });
    assert_eq!(world.until_failed().await, (console(ConsoleErrorCode::WindowFailed), Some("no display".into())));
    world.until_true("ended", || world.server.with(|state| state.sessions[0].state == SessionState::Ended)).await;
    assert!(world.host.view().session.is_none() && world.host.view().ended.is_none());
    world.until_recorded("window_closed").await;
}

#[tokio::test]
async fn a_conflict_names_the_running_session_and_can_be_ended() {
    let world = World::online().await;
    let running =
        session(1, &CustomerId::new("other"), reason(), amberglass_domain::ports::Clock::now(&world.clock), 600);
    world.server.with(|state| state.sessions.push(running.clone()));
    let mut conflict = refused(ErrorCode::SessionConflict);
    if let BackendError::Refused(problem) = &mut conflict {
        problem.session = Some(Box::new(running.clone()));
    }
    world.server.fail("start_session", conflict);
    world.start("c1").await;
    let view = world.until("the conflict", |view| {
        matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Conflict { .. }))
    });
    match view.await.card.unwrap().start {
        StartView::Conflict { running: shown, here } => {
            assert!(!here, "its window is on another desktop");
            assert_eq!((shown.id, shown.customer.name.as_str()), (running.id, "Customer other"));
        }
        other => panic!("{other:?}"),
    }
    assert!(world.logged("open_window").is_empty());
    world.handle.command(amberglass_app::Command::EndSession {});
    world
        .until("the way is free", |view| matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Idle {})))
        .await;
    assert_eq!(world.server.with(|state| state.sessions[0].state), SessionState::Ended);
}

#[tokio::test]
async fn no_record_no_session() {
    let world = World::online_with(|_, _, data_dir| {
        // A folder stands where the journal's file should be.
        std::fs::create_dir(data_dir.join("journal-device-1.sqlite")).unwrap();
    })
    .await;
    world.start("c1").await;
    let (code, about) = world.until_failed().await;
    assert_eq!(code, console(ConsoleErrorCode::JournalUnavailable));
    assert!(about.is_some_and(|about| !about.is_empty()));
    assert!(world.logged("start(").is_empty());
    // Once what stood in the way is gone, the same click works.
    std::fs::remove_dir(world.data_dir().join("journal-device-1.sqlite")).unwrap();
    world.handle.command(start_command("c1"));
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
}

#[tokio::test]
async fn a_wish_that_cannot_be_recorded_never_reaches_the_server() {
    let world = World::online().await;
    world.open_card("c1").await;
    let lock = world.lock_journal().await;
    world.handle.command(start_command("c1"));
    assert_eq!(world.until_failed().await.0, console(ConsoleErrorCode::JournalUnavailable));
    assert!(world.logged("start(").is_empty());
    drop(lock);
    world.handle.command(start_command("c1"));
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
}

#[tokio::test]
async fn a_full_disk_an_old_queue_and_a_dead_line_each_refuse_a_start() {
    let full =
        World::online_with(|_, server, _| server.with(|state| state.limits.min_free_disk_bytes = u64::MAX)).await;
    full.start("c1").await;
    assert_eq!(full.until_failed().await.0, console(ConsoleErrorCode::DiskTooFull));
    assert!(full.logged("start(").is_empty());

    let old = World::in_session().await;
    for _ in 0..100 {
        old.server.fail("deliver", refused(ErrorCode::Unavailable));
    }
    old.handle.command(amberglass_app::Command::EndSession {});
    old.until("ended", |view| view.ended.is_some() && view.queue.waiting > 0).await;
    old.server.with(|state| state.limits.max_unsent_age_seconds = 1);
    old.server.push(amberglass_wire::event_stream::ServerEvent::SnapshotChanged);
    old.pass_seconds(3).await;
    old.start("c1").await;
    assert_eq!(old.until_failed().await.0, console(ConsoleErrorCode::JournalTooOld));
    assert_eq!(old.logged("start(").len(), 1);

    let dead = World::online().await;
    dead.open_card("c1").await;
    dead.server.set_online(false);
    dead.clock.advance_seconds(5);
    dead.handle.command(start_command("c1"));
    assert_eq!(dead.until_failed().await.0, console(ConsoleErrorCode::Offline));
    assert!(dead.logged("start(").is_empty());
}

#[tokio::test]
async fn a_portal_that_is_down_is_said_on_the_curtain_and_can_be_tried_again_or_ended() {
    let world = World::online().await;
    world.start("c1").await;
    world.until_true("the window", || !world.logged("open_window").is_empty()).await;
    let session = world.session();
    world.handle.host_event(HostEvent::WindowOpened { session: session.clone() });
    world.handle.host_event(HostEvent::PortalUnreachable { session: session.clone() });
    world.until_curtain("down", |curtain| *curtain == CurtainView::PortalUnreachable {}).await;
    world.handle.host_event(HostEvent::CurtainRetry { session: session.clone() });
    world.until_curtain("trying", |curtain| *curtain == CurtainView::Opening {}).await;
    assert_eq!(world.logged("reload_portal").len(), 1);
    world.handle.host_event(HostEvent::PortalUnreachable { session: session.clone() });
    world.until_curtain("down again", |curtain| *curtain == CurtainView::PortalUnreachable {}).await;
    world.handle.host_event(HostEvent::CurtainEnd { session });
    world.until("ended", |view| view.ended.is_some() && view.session.is_none()).await;
}
