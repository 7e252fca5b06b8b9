//! While a session runs: silence, deadline, suspend, revocation, the recorder.

use amberglass_app::{
    host::HostEvent,
    view::{ConnectionView, CurtainView},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    audit::Attempt,
    event_stream::ServerEvent,
    session::{EndedBy, SessionState},
};

use crate::{host::is_on_disk, world::World};

fn is_lost(curtain: &CurtainView) -> bool {
    matches!(curtain, CurtainView::ConnectionLost { .. })
}

#[tokio::test]
async fn five_seconds_of_silence_draw_the_curtain_and_an_answer_lifts_it() {
    let world = World::in_session().await;
    world.pass_seconds(2).await;
    let heard_at = world.clock.now();
    world.server.set_online(false);
    world.clock.advance_millis(4_900);
    assert!(world.host.window().unwrap().curtain.is_none());
    world.clock.advance_millis(100);
    world.until_curtain("covered", is_lost).await;
    match world.host.window().unwrap().curtain {
        Some(CurtainView::ConnectionLost { goes_on_until }) => assert_eq!(goes_on_until, heard_at.plus_seconds(125)),
        other => panic!("{other:?}"),
    }
    world.until("offline", |view| matches!(view.connection, ConnectionView::Offline { .. })).await;
    world.until_recorded("curtain_drawn").await;
    assert!(!is_on_disk(world.data_dir(), "curtain_lifted"));
    world.server.set_online(true);
    world.clock.advance_seconds(2);
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
    assert!(is_on_disk(world.data_dir(), "curtain_lifted"), "the page shows again only after the record of it");
    world.until("online", |view| view.connection == ConnectionView::Online {}).await;
}

#[tokio::test]
async fn a_session_that_the_server_has_frozen_stays_covered_until_it_is_active_again() {
    let world = World::in_session().await;
    world.server.with(|state| state.sessions[0].state = SessionState::Frozen);
    world.server.push(ServerEvent::SessionChanged { session: world.session(), state: SessionState::Frozen });
    world.until_curtain("covered", is_lost).await;
    world.pass_seconds(2).await;
    assert!(world.host.window().unwrap().curtain.as_ref().is_some_and(is_lost));
    world.server.with(|state| state.sessions[0].state = SessionState::Active);
    world.pass_seconds(2).await;
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
}

#[tokio::test]
async fn the_deadline_covers_the_page_also_while_offline() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(1_799);
    world.until_curtain("silence", is_lost).await;
    world.clock.advance_seconds(1);
    world.until_curtain("over", |curtain| *curtain == CurtainView::Ended { ended_by: EndedBy::Expired }).await;
    assert!(world.logged("close_window").is_empty(), "only the server's word closes it");
    world.server.set_online(true);
    world.clock.advance_seconds(31);
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    let ended = view.ended.unwrap();
    assert_eq!((ended.session.ended_by, ended.duration_seconds), (Some(EndedBy::Expired), 1_800));
    assert_eq!(world.logged("close_window").len(), 1);
}

#[tokio::test]
async fn a_machine_that_slept_past_the_deadline_wakes_to_the_curtain() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(8 * 3600);
    // Whatever comes first after waking, the deadline is looked at before anything is shown.
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.until_curtain("over", |curtain| *curtain == CurtainView::Ended { ended_by: EndedBy::Expired }).await;
    world.handle.host_event(HostEvent::CurtainEnd { session: world.session() });
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Expired));
}

#[tokio::test]
async fn a_wall_clock_that_is_set_back_gives_no_more_time() {
    let world = World::in_session().await;
    let started = world.clock.now();
    world.clock.set_wall(started.plus_seconds(-86_400));
    world.server.set_online(false);
    world.clock.advance_seconds(1_800);
    world.until_curtain("over", |curtain| *curtain == CurtainView::Ended { ended_by: EndedBy::Expired }).await;
}

#[tokio::test]
async fn an_end_by_somebody_else_covers_at_once_and_is_explained() {
    let world = World::in_session().await;
    let session = world.server.end(EndedBy::Security);
    world.server.push(ServerEvent::SessionChanged { session, state: SessionState::Ended });
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Security));
    assert!(view.session.is_none());
    let curtains: Vec<_> = world.host.windows.lock().unwrap().iter().map(|view| view.curtain.clone()).collect();
    assert_eq!(curtains.last(), Some(&Some(CurtainView::Ended { ended_by: EndedBy::Security })));
    assert_eq!(world.logged("close_window"), ["close_window(session-1)"]);
}

#[tokio::test]
async fn an_end_that_no_hint_told_is_found_by_the_next_heartbeat() {
    let world = World::in_session().await;
    world.server.end(EndedBy::Idle);
    world.pass_seconds(1).await;
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Idle));
}

#[tokio::test]
async fn heartbeats_say_how_long_nobody_has_touched_the_window() {
    let world = World::in_session().await;
    world.pass_seconds(3).await;
    let idle = |world: &World| world.server.with(|state| state.heartbeats.last().unwrap().sessions[0].idle_millis);
    assert!(idle(&world) >= 4_000);
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.pass_seconds(2).await;
    // Without the input it would be eight seconds and more by now.
    world.until_true("the input counts", || idle(&world) <= 4_000).await;
    assert!(world.server.with(|state| state.heartbeats.last().unwrap().journal.seq) >= 2);
}

#[tokio::test]
async fn a_page_is_on_record_before_it_may_load() {
    let world = World::in_session().await;
    let recorder = world.host.recorder();
    let allowed = tokio::task::spawn_blocking(move || {
        let allowed = recorder.navigation("http://barkside.localhost:7401/invoices?page=2");
        recorder.refused(Attempt::Print, None);
        allowed
    });
    assert!(allowed.await.unwrap());
    assert!(is_on_disk(world.data_dir(), "page_viewed") && is_on_disk(world.data_dir(), "attempt_refused"));
    world.handle.host_event(HostEvent::Refused { session: world.session(), attempt: Attempt::Print, target: None });
    let view = world.until_window("explained", |view| view.notice.is_some()).await;
    assert_eq!(view.notice.map(|notice| (notice.attempt, notice.number)), Some((Attempt::Print, 1)));
    world.handle.host_event(HostEvent::Refused { session: world.session(), attempt: Attempt::Print, target: None });
    world.until_window("explained again", |view| view.notice.as_ref().is_some_and(|notice| notice.number == 2)).await;
}

#[tokio::test]
async fn a_page_that_cannot_be_recorded_is_refused_and_covered_until_records_can_be_written_again() {
    let world = World::in_session().await;
    let lock = world.lock_journal().await;
    let recorder = world.host.recorder();
    let navigation = move || recorder.navigation("http://barkside.localhost:7401/invoices");
    assert!(!tokio::task::spawn_blocking(navigation).await.unwrap());
    world.until_curtain("covered", |curtain| *curtain == CurtainView::JournalFailed {}).await;
    world.handle.host_event(HostEvent::CurtainRetry { session: world.session() });
    drop(lock);
    world
        .until_true("covered for as long as it fails, then uncovered", || {
            if world.host.window().unwrap().curtain.is_some() {
                world.handle.host_event(HostEvent::CurtainRetry { session: world.session() });
                return false;
            }
            true
        })
        .await;
    assert!(is_on_disk(world.data_dir(), "curtain_lifted"));
}

#[tokio::test]
async fn a_crashed_page_is_covered_and_can_be_loaded_again() {
    let world = World::in_session().await;
    let session = world.session();
    world.handle.host_event(HostEvent::PortalCrashed { session: session.clone() });
    world.until_curtain("crashed", |curtain| *curtain == CurtainView::PageCrashed {}).await;
    world.handle.host_event(HostEvent::CurtainRetry { session: session.clone() });
    world.until_true("reloaded", || world.logged("reload_portal").len() == 1).await;
    world.handle.host_event(HostEvent::PortalPainted { session: session.clone() });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
    let windows = world.host.windows.lock().unwrap().len();
    world.handle.host_event(HostEvent::BarCrashed { session });
    world.until_true("the new bar is told", || world.host.windows.lock().unwrap().len() == windows + 1).await;
}
