//! The end: on record first, once, and also without a line.

use amberglass_app::{Command, host::HostEvent, view::CurtainView};
use amberglass_wire::session::EndedBy;

use crate::{
    backend::unreachable,
    world::{LIMIT, World},
};

#[tokio::test]
async fn ending_twice_is_one_end_and_it_is_on_record_first() {
    let world = World::in_session().await;
    world.clock.advance_seconds(1);
    world.handle.command(Command::EndSession {});
    world.handle.command(Command::EndSession {});
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    let ended = view.ended.unwrap();
    assert_eq!((ended.session.ended_by, ended.session.remaining_millis), (Some(EndedBy::Staff), 0));
    assert_eq!(ended.duration_seconds, 1);
    world.handle.command(Command::EndSession {});
    world.handle.command(Command::DismissEnd {});
    world.until("left", |view| view.ended.is_none()).await;
    assert_eq!(world.logged("end("), ["end(session-1, recorded: true)"]);
    assert_eq!(world.logged("close_window"), ["close_window(session-1)"]);
    world.handle.host_event(HostEvent::WindowClosed { session: world.session() });
    world.until_recorded("window_closed").await;
}

#[tokio::test]
async fn closing_the_window_ends_the_session() {
    let world = World::in_session().await;
    world.handle.host_event(HostEvent::CloseRequested { session: world.session() });
    world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(world.logged("end("), ["end(session-1, recorded: true)"]);
}

#[tokio::test]
async fn a_window_that_is_suddenly_gone_ends_the_session() {
    let world = World::in_session().await;
    world.handle.host_event(HostEvent::WindowClosed { session: world.session() });
    world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(world.logged("end(").len(), 1);
    assert!(world.logged("close_window").is_empty());
}

#[tokio::test]
async fn an_end_without_a_line_covers_the_page_and_is_asked_for_until_it_is_confirmed() {
    let world = World::in_session().await;
    for _ in 0..2 {
        world.server.fail("end_session", unreachable());
    }
    world.handle.command(Command::EndSession {});
    world.until_curtain("ending", |curtain| *curtain == CurtainView::Ending {}).await;
    world.until_true("first try", || world.logged("end(").len() == 1).await;
    // A second after each failure has arrived, whenever that is.
    world.until_in_time("second try", || world.logged("end(").len() == 2).await;
    assert!(world.logged("close_window").is_empty());
    world.until_in_time("the end screen", || world.host.view().ended.is_some()).await;
    let view = world.host.view();
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Staff));
    assert_eq!(world.logged("close_window").len(), 1);
}

#[tokio::test]
async fn quitting_ends_the_session_and_waits_for_the_record_of_its_window() {
    let world = World::in_session().await;
    world.handle.host_event(HostEvent::QuitRequested);
    world.until_true("the window closes", || !world.logged("close_window").is_empty()).await;
    world.handle.host_event(HostEvent::WindowClosed { session: world.session() });
    tokio::time::timeout(LIMIT, world.handle.closed()).await.unwrap();
    world.until_recorded("window_closed").await;
    assert_eq!(world.logged("end("), ["end(session-1, recorded: true)"]);
}

#[tokio::test]
async fn quitting_without_a_line_takes_five_seconds_at_most() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.handle.host_event(HostEvent::QuitRequested);
    world.until_curtain("ending", |curtain| *curtain == CurtainView::Ending {}).await;
    world.until_recorded("end_requested").await;
    world.clock.advance_seconds(5);
    tokio::time::timeout(LIMIT, world.handle.closed()).await.unwrap();
    assert_eq!(world.logged("close_window").len(), 1);
}
