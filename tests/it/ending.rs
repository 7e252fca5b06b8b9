//! However a session ends, it ends once, in time, and for everybody.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{CurtainView, SignInView},
};
use amberglass_domain::ports::{Backend as _, KeychainEntry};
use amberglass_tests::{
    staff::Staff,
    world::{AMY, PASSWORD, World},
    world_record::kinds,
};
use amberglass_wire::session::{EndSessionRequest, EndedBy, SessionState};

use crate::telling::{count, ends, until_delivered};

#[tokio::test]
async fn a_session_expires_at_its_deadline_also_while_the_console_is_offline() {
    let world = World::in_session(60).await;
    let expires_at = world.row().await.expires_at;
    world.pass_seconds(57).await;
    assert_eq!(expires_at.since(world.now()), 3_000);
    // Three seconds are too few for silence to cover the page.
    world.line.cut();
    world.pass_seconds_in_silence(2).await;
    world.clock.advance_millis(999);
    assert_eq!(world.window_now().await.curtain, None, "a millisecond is left");
    world.clock.advance_millis(1);
    world
        .until_curtain("the deadline's curtain", |c| {
            matches!(c, CurtainView::Ended { ended_by: Some(EndedBy::Expired), .. })
        })
        .await;
    // The server's timer comes by every half a second.
    world.clock.advance_millis(500);
    let row = world.until_state(SessionState::Ended).await;
    assert_eq!((row.ended_by, row.ended_at), (Some(EndedBy::Expired), Some(expires_at)));
    let reason = world.until_refused("/").await;
    assert!(["session-expired", "session-ended"].contains(&reason.as_str()), "{reason}");

    world.line.mend();
    let view = world.pass_until("the end screen", 10, async || world.host.view().filter(|v| v.ended.is_some())).await;
    let ended = view.ended.unwrap();
    assert_eq!((ended.session.ended_by, ended.session.ended_at), (Some(EndedBy::Expired), Some(expires_at)));
    assert_eq!(ended.duration_seconds, 60);
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::Expired]);
}

#[tokio::test]
async fn a_staff_member_who_is_disabled_sees_nothing_more_within_a_second() {
    let world = World::in_session(1800).await;
    world.pass_seconds(4).await;
    let staff = world.row().await.staff;
    assert!(world.server().state().accounts.set_active(&staff, false).await.unwrap());
    world.clock.advance_seconds(1);
    world.until_window("the curtain", |view| view.curtain.is_some()).await;
    let row = world.until_state(SessionState::Ended).await;
    assert_eq!(row.ended_by, Some(EndedBy::StaffDisabled));
    let reason = world.until_refused("/account").await;
    assert!(["staff-inactive", "session-ended"].contains(&reason.as_str()), "{reason}");

    world
        .pass_until("signed out", 5, async || {
            world.host.view().filter(|view| matches!(view.sign_in, SignInView::SignedOut { error: Some(_) }))
        })
        .await;
    world.until_true("the window to close", || world.host.closed() == [world.session()]).await;
    world.until_true("the token to go", || !world.keychain.holds(KeychainEntry::RefreshToken)).await;
    // The device still delivers its evidence.
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::StaffDisabled]);
    world.handle.command(Command::SignIn {});
    world.until("the browser", |view| matches!(view.sign_in, SignInView::WaitingForBrowser { .. })).await;
    world.until_true("the server's page", || world.host.pages().len() == 2).await;
    let page = world.host.pages().pop().unwrap();
    assert!(page.contains("E-mail or password is wrong"), "{page}");
}

#[tokio::test]
async fn ending_twice_while_the_window_closes_and_another_desk_ends_it_too_is_one_end() {
    let world = World::in_session(1800).await;
    let other_desk = Staff::sign_in(&world.api(), AMY, PASSWORD).await.unwrap();
    let session = world.session();
    let end = || other_desk.backend.end_session(&other_desk.access, &session, EndSessionRequest::default());
    world.handle.command(Command::EndSession {});
    world.handle.command(Command::EndSession {});
    world.handle.host_event(HostEvent::CloseRequested { session: session.clone() });
    world.handle.host_event(HostEvent::WindowClosed { session: session.clone() });
    let (first, second) = tokio::join!(end(), end());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.state, first.ended_at), (SessionState::Ended, second.ended_at));

    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Staff));
    // Two records of the same moment, on their way side by side.
    until_delivered(&world, "end_requested").await;
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::Staff]);
    assert_eq!((count(&log, "end_requested"), count(&log, "window_closed")), (1, 1));
    let mut at_end = kinds(log.told_by_consoles()).split_off(3);
    at_end.sort_unstable();
    assert_eq!(at_end, ["end_requested", "window_closed"]);
    assert!(world.host.closed().is_empty(), "a window that is gone is not closed again");
}
