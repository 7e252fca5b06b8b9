//! While a session runs: silence, deadline, suspend, revocation, the recorder.

use amberglass_app::{
    Command,
    host::{Absence, HostEvent},
    view::{ConnectionView, ConsoleView, CurtainView},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    audit::Attempt,
    event_stream::ServerEvent,
    session::{EndedBy, SessionState},
};

use crate::{backend::unreachable, host::is_on_disk, world::World};

fn ended(ended_by: EndedBy) -> CurtainView {
    CurtainView::Ended { ended_by: Some(ended_by), by_name: None, reason: None }
}

fn is_lost(curtain: &CurtainView) -> bool {
    matches!(curtain, CurtainView::ConnectionLost { .. })
}

#[tokio::test]
async fn five_seconds_of_silence_draw_the_curtain_and_an_answer_lifts_it() {
    let world = World::in_session().await;
    world.pass_seconds(2).await;
    // Heard at this very time, as its answer is seen.
    world.server.with(|state| state.portal_name = "Barkside, renamed".into());
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("the new name", |view| view.portals[0].name == "Barkside, renamed").await;
    let heard_at = world.clock.now();
    world.server.set_online(false);
    world.clock.advance_millis(4_400);
    assert!(world.window_now().await.curtain.is_none());
    // Half a second before the promise ends: drawing takes time, too.
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
async fn a_snapshot_from_before_the_latest_heartbeat_does_not_cover_the_page_again() {
    let world = World::in_session().await;
    // The server takes the snapshot while the session is frozen, and its answer is long on the way.
    world.server.with(|state| {
        state.sessions[0].state = SessionState::Frozen;
        state.portal_name = "Barkside, as it was".into();
        state.hold_snapshot = true;
    });
    world.server.push(ServerEvent::SnapshotChanged);
    world.until_true("the snapshot is taken", || !world.server.with(|state| state.hold_snapshot)).await;
    world.server.with(|state| {
        state.sessions[0].state = SessionState::Active;
        state.sessions[0].pages = 7;
    });
    world.clock.advance_seconds(2);
    // The pages come with the answer to the heartbeat, so the console knows by now that the session is active.
    world.until("a heartbeat", |view| view.session.as_ref().is_some_and(|session| session.pages == 7)).await;
    let uncovered = world.host.windows.lock().unwrap().len();
    world.server.held_snapshot.notify_one();
    let named =
        |name: &'static str| move |view: &ConsoleView| view.portals.first().is_some_and(|portal| portal.name == name);
    world.until("the old snapshot arrives", named("Barkside, as it was")).await;
    // One of the heartbeat's own moment is not newer either.
    world.server.with(|state| {
        state.sessions[0].state = SessionState::Frozen;
        state.portal_name = "Barkside, at that moment".into();
    });
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("the snapshot of that moment arrives", named("Barkside, at that moment")).await;
    let windows = world.host.windows.lock().unwrap().clone();
    assert!(windows[uncovered - 1..].iter().all(|view| view.curtain.is_none()), "an old word covers nothing");
    // What is newer than the heartbeat covers.
    world.clock.advance_millis(500);
    world.server.push(ServerEvent::SnapshotChanged);
    world.until_curtain("covered", is_lost).await;
}

#[tokio::test]
async fn a_page_that_must_be_covered_while_the_lift_is_being_recorded_is_drawn_on_record_once() {
    let world = World::in_session().await;
    let session = world.session();
    let on_record = || {
        let curtain = |kind: &str| kind.starts_with("curtain_");
        world.server.with(|state| {
            state.delivered.iter().map(|record| record.kind.clone()).filter(|kind| curtain(kind)).collect::<Vec<_>>()
        })
    };
    let covered = world.host.windows.lock().unwrap().len();
    world.handle.host_event(HostEvent::PortalCrashed { session: session.clone() });
    world.until_curtain("crashed", |curtain| *curtain == CurtainView::PageCrashed {}).await;
    world.until_true("drawn on record", || on_record().len() == 1).await;
    // Its record must not be under way any more, or the lift would wait for it: once a later one is answered, it is.
    let recorder = world.host.recorder();
    tokio::task::spawn_blocking(move || recorder.refused(Attempt::Print, None)).await.unwrap();
    world.window_now().await;
    // The second event stands in the controller's queue before the lift, begun by the first, can be answered.
    world.handle.host_event(HostEvent::PortalPainted { session: session.clone() });
    world.handle.host_event(HostEvent::PortalUnreachable { session: session.clone() });
    world.until_curtain("unreachable", |curtain| *curtain == CurtainView::PortalUnreachable {}).await;
    world.until_true("lifted and drawn on record", || on_record().len() >= 3).await;
    let windows = world.host.windows.lock().unwrap().clone();
    assert!(windows[covered..].iter().all(|view| view.curtain.is_some()), "the page never shows in between");
    world.handle.host_event(HostEvent::PortalPainted { session });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
    let complete = || on_record().len() >= 4 && on_record().last().is_some_and(|kind| kind == "curtain_lifted");
    world.until_true("the last lift is delivered", complete).await;
    assert_eq!(on_record(), ["curtain_drawn", "curtain_lifted", "curtain_drawn", "curtain_lifted"]);
}

#[tokio::test]
async fn the_deadline_covers_the_page_also_while_offline() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(599);
    world.until_curtain("silence", is_lost).await;
    world.clock.advance_seconds(1_200);
    world.until_curtain("idle by the server's own rule", |curtain| *curtain == ended(EndedBy::Idle)).await;
    world.clock.advance_seconds(1);
    world.until_curtain("over", |curtain| *curtain == ended(EndedBy::Expired)).await;
    assert!(world.logged("close_window").is_empty(), "only the server's word closes it");
    world.server.set_online(true);
    world.until_in_time("the end screen", || world.host.view().ended.is_some()).await;
    let ended = world.host.view().ended.unwrap();
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
    world.until_curtain("over", |curtain| *curtain == ended(EndedBy::Expired)).await;
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
    world.until_curtain("over", |curtain| *curtain == ended(EndedBy::Expired)).await;
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
    assert_eq!(curtains.last(), Some(&Some(ended(EndedBy::Security))));
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
async fn a_file_that_lies_on_the_disk_is_told_with_its_place_and_one_that_did_not_come_as_that() {
    let world = World::in_session().await;
    let file = std::path::Path::new("/files/Downloads/Amberglass/AG-7K3QX/invoice.pdf").to_owned();
    world.handle.host_event(HostEvent::FileKept { session: world.session(), file });
    let view = world.until_window("told", |view| view.file.is_some()).await;
    let place = view.file.unwrap().place.unwrap();
    assert_eq!((place.name.as_str(), place.folder.as_str()), ("invoice.pdf", "/files/Downloads/Amberglass/AG-7K3QX"));
    world.handle.host_event(HostEvent::FileNotKept { session: world.session() });
    world
        .until_window("told again", |view| {
            view.file.as_ref().is_some_and(|file| file.number == 2 && file.place.is_none())
        })
        .await;
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

#[tokio::test]
async fn a_page_that_does_not_answer_is_covered_until_it_does_or_is_loaded_anew() {
    let world = World::in_session().await;
    let session = world.session();
    let is_stuck = |curtain: &CurtainView| *curtain == CurtainView::PageStuck {};
    world.handle.host_event(HostEvent::PageStuck { session: session.clone() });
    world.until_curtain("stuck", is_stuck).await;
    world.handle.host_event(HostEvent::PageAnswers { session: session.clone() });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
    assert!(world.logged("reload_portal").is_empty(), "a page that answers goes on");

    world.handle.host_event(HostEvent::PageStuck { session: session.clone() });
    world.until_curtain("stuck again", is_stuck).await;
    world.handle.host_event(HostEvent::CurtainRetry { session: session.clone() });
    world.until_true("reloaded", || world.logged("reload_portal").len() == 1).await;
    world.until_curtain("loading", |curtain| *curtain == CurtainView::Opening {}).await;
    world.handle.host_event(HostEvent::PortalPainted { session });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
    let stuck = |body: &str| body.contains("curtain_drawn") && body.contains("page_stuck");
    let drawn = || world.server.with(|state| state.delivered.iter().filter(|record| stuck(&record.body)).count());
    world.until_true("both times on record", || drawn() == 2).await;
}

#[tokio::test]
async fn a_page_that_is_still_loading_is_said_to_be_while_it_can_be_seen() {
    let world = World::in_session().await;
    let session = world.session();
    let loading = |still| HostEvent::PageLoading { session: session.clone(), still };
    world.handle.host_event(loading(true));
    world.until_window("still loading", |view| view.still_loading).await;
    world.handle.host_event(HostEvent::CertificateRefused { session: session.clone() });
    world.until_curtain("no certificate", |curtain| *curtain == CurtainView::CertificateInvalid {}).await;
    assert!(!world.window_now().await.still_loading, "the curtain says more");
    world.handle.host_event(HostEvent::CurtainRetry { session: session.clone() });
    world.handle.host_event(HostEvent::PortalPainted { session: session.clone() });
    world.until_window("uncovered", |view| view.curtain.is_none() && !view.still_loading).await;
    world.handle.host_event(loading(true));
    world.until_window("still loading", |view| view.still_loading).await;
    world.handle.host_event(loading(false));
    world.until_window("loaded", |view| !view.still_loading).await;
}

#[tokio::test]
async fn nobody_at_the_window_is_warned_a_minute_before_the_session_ends_for_it() {
    let world = World::in_session().await;
    world.clock.advance_seconds(539);
    world.handle.command(Command::RefreshView {});
    assert_eq!(world.window_now().await.idle_remaining_millis, None);
    world.clock.advance_seconds(1);
    let view = world.until_window("the notice", |view| view.idle_remaining_millis.is_some()).await;
    assert_eq!(view.idle_remaining_millis, Some(60_000));
    world.clock.advance_seconds(17);
    assert_eq!(world.window_now().await.idle_remaining_millis, Some(43_000));
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.until_window("the notice goes", |view| view.idle_remaining_millis.is_none()).await;
    // And comes back after as long again.
    world.clock.advance_seconds(540);
    world.until_window("the notice", |view| view.idle_remaining_millis == Some(60_000)).await;
}

#[tokio::test]
async fn what_was_only_presumed_to_be_over_goes_on_when_the_server_says_so() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(599);
    world.until_curtain("silence", is_lost).await;
    world.clock.advance_seconds(1);
    world.until_curtain("presumed", |curtain| *curtain == ended(EndedBy::Idle)).await;
    world.server.set_online(true);
    world.clock.advance_seconds(2);
    world.until_window("uncovered", |view| view.curtain.is_none() && !view.ending).await;
}

#[tokio::test]
async fn who_leaves_a_session_that_is_presumed_over_hears_later_how_it_ended() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(700);
    world.until_curtain("presumed", |curtain| *curtain == ended(EndedBy::Idle)).await;
    world.handle.host_event(HostEvent::CurtainEnd { session: world.session() });
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Idle));
    // The server had frozen it long ago and ended it for that.
    let lost_at = world.clock.now().plus_seconds(-100);
    world.server.with(|state| {
        state.sessions[0].state = SessionState::Ended;
        (state.sessions[0].ended_by, state.sessions[0].ended_at) = (Some(EndedBy::ConsoleLost), Some(lost_at));
    });
    world.server.set_online(true);
    world.clock.advance_seconds(4);
    let named =
        |view: &ConsoleView| view.ended.as_ref().is_some_and(|e| e.session.ended_by == Some(EndedBy::ConsoleLost));
    let view = world.until("the server's word", named).await;
    assert_eq!(view.ended.unwrap().session.ended_at, Some(lost_at));
}

#[tokio::test]
async fn who_ended_it_and_why_stands_on_the_curtain_and_on_the_end_screen() {
    let world = World::in_session().await;
    let session = world.server.end(EndedBy::Lead);
    world.server.with(|state| {
        state.sessions[0].end_reason = Some("The customer has called".into());
        state.sessions[0].ended_by_name = Some("Lee".into());
    });
    world.server.push(ServerEvent::SessionChanged { session, state: SessionState::Ended });
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    let shown = view.ended.unwrap().session;
    assert_eq!((shown.ended_by_name.as_deref(), shown.own), (Some("Lee"), true));
    let told = CurtainView::Ended {
        ended_by: Some(EndedBy::Lead),
        by_name: Some("Lee".into()),
        reason: Some("The customer has called".into()),
    };
    assert_eq!(world.host.window().unwrap().curtain, Some(told));
}

#[tokio::test]
async fn an_end_by_somebody_else_is_called_that_before_the_server_has_said_by_whom() {
    let world = World::in_session().await;
    let session = world.server.end(EndedBy::Lead);
    world.server.with(|state| state.sessions[0].ended_by_name = Some("Lee".into()));
    // The question by whom gets no answer at first.
    world.server.fail("session", unreachable());
    world.server.push(ServerEvent::SessionChanged { session, state: SessionState::Ended });
    let untold = CurtainView::Ended { ended_by: None, by_name: None, reason: None };
    world.until_curtain("what is known", |curtain| *curtain == untold).await;
    world.until_in_time("the end screen", || world.host.view().ended.is_some()).await;
    let view = world.host.view();
    assert_eq!(view.ended.unwrap().session.ended_by_name.as_deref(), Some("Lee"));
    let windows = world.host.windows.lock().unwrap();
    assert!(windows.iter().all(|view| view.curtain != Some(CurtainView::Ending {})), "nobody here has ended it");
}

#[tokio::test]
async fn the_moments_of_the_warnings_come_from_the_server_the_longest_first() {
    let world = World::online_with(|_, server, _| {
        server.with(|state| state.limits.warnings_seconds = vec![30, 120, 60]);
    })
    .await;
    world.start("c1").await;
    world.show_portal().await;
    let view = world.host.window().unwrap();
    assert_eq!((view.warnings_millis, view.warning_millis), (vec![120_000, 60_000, 30_000], 120_000));
}

#[tokio::test]
async fn a_locked_screen_and_a_sleeping_machine_cover_the_page_until_both_are_over() {
    let world = World::in_session().await;
    let tell = |event| world.handle.host_event(event);
    let is_away = |curtain: &CurtainView| *curtain == CurtainView::Away {};
    let covers = |wanted: bool| world.until_window("as wanted", move |view| view.curtain.is_some() == wanted);
    tell(HostEvent::WentAway { absence: Absence::ScreenLocked });
    world.until_curtain("locked", is_away).await;
    tell(HostEvent::WentAway { absence: Absence::Asleep });
    let before = world.host.windows.lock().unwrap().len();
    tell(HostEvent::CameBack { absence: Absence::Asleep });
    // Answered in order: what follows is seen after the waking was.
    tell(HostEvent::PortalCrashed { session: world.session() });
    world.until_curtain("crashed", |curtain| *curtain == CurtainView::PageCrashed {}).await;
    tell(HostEvent::PortalPainted { session: world.session() });
    world.until_curtain("still locked", is_away).await;
    let since: Vec<_> = world.host.windows.lock().unwrap()[before..].to_vec();
    assert!(since.iter().all(|view| view.curtain.is_some()), "a machine that wakes locked shows nothing");
    tell(HostEvent::CameBack { absence: Absence::ScreenLocked });
    covers(false).await;
    let away = |body: &str| body.contains("curtain_drawn") && body.contains("away");
    let on_record = || world.server.with(|state| state.delivered.iter().any(|record| away(&record.body)));
    world.until_true("the absence on record", on_record).await;
}

#[tokio::test]
async fn whoever_leaves_while_a_session_starts_leaves_no_page_uncovered() {
    let world = World::online().await;
    world.start("c1").await;
    world.handle.host_event(HostEvent::WentAway { absence: Absence::ScreenLocked });
    world.until_true("the window", || !world.host.opened.lock().unwrap().is_empty()).await;
    world.handle.host_event(HostEvent::WindowOpened { session: world.session() });
    world.handle.host_event(HostEvent::PortalPainted { session: world.session() });
    world.until_curtain("locked", |curtain| *curtain == CurtainView::Away {}).await;
    let seen = world.host.windows.lock().unwrap().clone();
    assert!(seen.iter().all(|view| view.curtain.is_some()), "the page was not seen meanwhile");
    world.handle.host_event(HostEvent::CameBack { absence: Absence::ScreenLocked });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
}

#[tokio::test]
async fn a_desktop_that_never_says_that_it_is_unlocked_strands_nobody_behind_the_curtain() {
    let world = World::in_session().await;
    world.handle.host_event(HostEvent::WentAway { absence: Absence::ScreenLocked });
    world.until_curtain("locked", |curtain| *curtain == CurtainView::Away {}).await;
    world.handle.host_event(HostEvent::CurtainRetry { session: world.session() });
    world.until_window("uncovered", |view| view.curtain.is_none()).await;
}
