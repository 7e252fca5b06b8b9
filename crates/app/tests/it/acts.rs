//! What a person does beyond their own session: live list, ending, notes, devices, emergency stop, their own record.

use amberglass_app::{
    Command,
    view::{ActionKind, ActionView, AlarmWhat, ConsoleErrorCode, ConsoleView, UiErrorCode},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    CustomerId, DeviceId, EventId, SessionId, StaffId,
    alarm::{AlarmResponse, AlarmsResponse},
    audit::EventDetail,
    auth::{EmergencyStopResponse, RightsResponse},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::{SessionResponse, SessionState},
};

use crate::{
    backend::{refused, session, unreachable},
    world::{World, reason},
};

const WHY: &str = "The customer has called about it";

fn others(world: &World) -> SessionResponse {
    let mut running = session(9, &CustomerId::new("c9"), reason(), world.clock.now(), 600);
    (running.staff, running.staff_name) = (StaffId::new("staff-2"), "Kim".into());
    running.last_page = Some("/invoices".into());
    running
}

/// Somebody who may see and end everybody's sessions; one of somebody else runs.
async fn lead() -> World {
    let rights = RightsResponse {
        end_any: true,
        read_audit: true,
        emergency_stop: true,
        manage_devices: true,
        see_alarms: true,
        approve: false,
    };
    let world = World::online_with(|_, server, _| server.with(|state| state.rights = rights)).await;
    let running = others(&world);
    world.server.with(|state| state.sessions.push(running));
    world
}

async fn until_done(world: &World, kind: ActionKind, target: &str) {
    let done = ActionView { kind, target: target.into(), busy: false, error: None };
    world.until("done", |view| view.action.as_ref() == Some(&done)).await;
}

async fn until_refused(world: &World, kind: ActionKind) -> UiErrorCode {
    let failed = |view: &ConsoleView| {
        view.action.as_ref().is_some_and(|action| action.kind == kind && !action.busy && action.error.is_some())
    };
    world.until("refused", failed).await.action.unwrap().error.unwrap().code
}

#[tokio::test]
async fn a_lead_sees_what_runs_and_ends_it_with_a_reason() {
    let world = lead().await;
    world.handle.command(Command::ListLive {});
    let view = world.until("the list", |view| !view.live.sessions.is_empty() && !view.live.loading).await;
    let shown = &view.live.sessions[0];
    assert_eq!((shown.staff_name.as_str(), shown.own, shown.last_page.as_deref()), ("Kim", false, Some("/invoices")));
    let id = SessionId::new("session-9");
    world.handle.command(Command::EndOtherSession { session: id.clone(), reason: "no".into() });
    assert_eq!(
        until_refused(&world, ActionKind::EndOtherSession).await,
        UiErrorCode::Server(ErrorCode::ReasonTooShort)
    );
    assert!(world.logged("end(").is_empty());
    world.handle.command(Command::EndOtherSession { session: id, reason: WHY.into() });
    until_done(&world, ActionKind::EndOtherSession, "session-9").await;
    world.until("it is gone", |view| view.live.sessions.is_empty()).await;
    assert_eq!(world.server.with(|state| state.sessions[0].end_reason.clone()).as_deref(), Some(WHY));
    world.handle.command(Command::DismissAction {});
    world.until("forgotten", |view| view.action.is_none()).await;
}

#[tokio::test]
async fn an_agent_sees_their_own_and_what_changes_is_asked_for_again_while_somebody_looks() {
    let world = World::in_session().await;
    let running = others(&world);
    world.server.with(|state| state.sessions.push(running));
    world.handle.command(Command::ListLive {});
    let view = world.until("the list", |view| !view.live.sessions.is_empty()).await;
    let ids: Vec<_> = view.live.sessions.iter().map(|session| (session.id.as_str(), session.own)).collect();
    assert_eq!(ids, [("session-1", true)]);
    assert!(world.logged("live").is_empty());
    world.handle.command(Command::EndSession {});
    world.until("it has ended", |view| view.ended.is_some() && view.live.sessions.is_empty()).await;
}

#[tokio::test]
async fn a_live_list_follows_hints_for_half_an_hour_after_it_was_asked_for() {
    let world = lead().await;
    let hint = || ServerEvent::SessionChanged { session: SessionId::new("session-9"), state: SessionState::Active };
    world.server.push(hint());
    world.server.with(|state| state.portal_name = "Barkside, after the hint".into());
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("what came after the hint", |view| view.portals[0].name == "Barkside, after the hint").await;
    assert!(world.logged("live").is_empty(), "nobody had looked yet");
    world.handle.command(Command::ListLive {});
    world.until("the list", |view| !view.live.sessions.is_empty()).await;
    world.server.push(hint());
    world.until_true("asked again", || world.logged("live").len() == 2).await;
    world.server.with(|state| state.sessions.clear());
    world.server.push(hint());
    world.until("current", |view| view.live.sessions.is_empty()).await;
    let asked = world.logged("live").len();
    world.clock.advance_seconds(1_801);
    world.until_online().await;
    world.server.push(hint());
    world.server.with(|state| state.portal_name = "Barkside, much later".into());
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("what came after the hint", |view| view.portals[0].name == "Barkside, much later").await;
    assert_eq!(world.logged("live").len(), asked, "nobody looks any more");
}

#[tokio::test]
async fn a_list_that_cannot_be_fetched_says_so_and_keeps_what_it_had() {
    let world = lead().await;
    world.handle.command(Command::ListLive {});
    world.until("the list", |view| !view.live.sessions.is_empty()).await;
    world.server.fail("live_sessions", unreachable());
    world.handle.command(Command::ListLive {});
    let view = world.until("the error", |view| view.live.error.is_some()).await;
    assert_eq!((view.live.sessions.len(), view.live.loading), (1, false));
    world.handle.command(Command::ListLive {});
    world.until("mended", |view| view.live.error.is_none() && !view.live.loading).await;
}

#[tokio::test]
async fn closing_words_are_added_to_the_session_of_the_end_screen() {
    let world = World::in_session().await;
    world.handle.command(Command::EndSession {});
    world.until("the end screen", |view| view.ended.is_some()).await;
    let session = world.session();
    let note = |note: &str| Command::AddNote { session: session.clone(), note: note.into() };
    world.handle.command(note("  "));
    assert_eq!(until_refused(&world, ActionKind::AddNote).await, UiErrorCode::Server(ErrorCode::InvalidRequest));
    world.server.fail("end_session", refused(ErrorCode::AuditUnavailable));
    world.handle.command(note("Refund promised"));
    world
        .until("the server's refusal", |view| {
            view.action.as_ref().is_some_and(|action| {
                action.error.as_ref().is_some_and(|e| e.code == UiErrorCode::Server(ErrorCode::AuditUnavailable))
            })
        })
        .await;
    // Also from its trail, which is read again then.
    world.handle.command(Command::OpenTrail { session: world.session() });
    world.until("the trail", |view| view.trail.as_ref().is_some_and(|trail| trail.about.is_some())).await;
    world.handle.command(note(" Refund promised "));
    until_done(&world, ActionKind::AddNote, "session-1").await;
    let view = world.host.view();
    assert_eq!(view.ended.unwrap().session.note.as_deref(), Some("Refund promised"));
    assert_eq!(view.trail.unwrap().about.unwrap().note.as_deref(), Some("Refund promised"));
    world.until_true("the trail is read again", || world.logged("trail").len() == 2).await;
    // Without a line nothing is sent off, and the words say so.
    world.server.set_online(false);
    world.clock.advance_seconds(6);
    world
        .until("offline", |view| matches!(view.connection, amberglass_app::view::ConnectionView::Offline { .. }))
        .await;
    world.handle.command(note("Refund made"));
    let offline = |view: &ConsoleView| {
        let error = view.action.as_ref().and_then(|action| action.error.as_ref());
        error.is_some_and(|error| error.code == UiErrorCode::Console(ConsoleErrorCode::Offline) && error.retry)
    };
    world.until("told", offline).await;
}

#[tokio::test]
async fn everybodys_devices_are_listed_for_whoever_manages_them_and_revoked_with_a_reason() {
    let agent = World::online().await;
    agent.handle.command(Command::ListDevices {});
    let view = agent.until("one's own", |view| !view.devices.devices.is_empty()).await;
    assert_eq!(view.devices.devices.len(), 1);

    let world = lead().await;
    world.handle.command(Command::ListDevices {});
    world.until("everybody's", |view| view.devices.devices.len() == 2 && !view.devices.loading).await;
    let device = DeviceId::new("device-2");
    world.handle.command(Command::RevokeDevice { device: device.clone(), reason: "lost".into() });
    assert_eq!(until_refused(&world, ActionKind::RevokeDevice).await, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    world.handle.command(Command::RevokeDevice { device, reason: "The laptop was left in a train".into() });
    until_done(&world, ActionKind::RevokeDevice, "device-2").await;
    let revoked: Vec<_> = world.host.view().devices.devices.iter().map(|one| one.revoked_at.is_some()).collect();
    assert_eq!(revoked, [false, true]);
    assert_eq!(world.logged("revoke("), ["revoke(device-2, The laptop was left in a train)"]);
}

#[tokio::test]
async fn an_emergency_stop_is_shown_to_everybody_and_is_tried_however_bad_the_line() {
    let agent = World::online().await;
    let stop = EmergencyStopResponse {
        reason: WHY.into(),
        stopped_by_name: Some("Sana".into()),
        stopped_at: agent.clock.now(),
    };
    agent.server.with(|state| state.emergency_stop = Some(stop.clone()));
    agent.server.push(ServerEvent::SnapshotChanged);
    agent.until("the banner", |view| view.emergency_stop.as_ref() == Some(&stop)).await;

    let world = lead().await;
    world.server.set_online(false);
    world.clock.advance_seconds(6);
    world
        .until("offline", |view| matches!(view.connection, amberglass_app::view::ConnectionView::Offline { .. }))
        .await;
    world.handle.command(Command::EmergencyStop { reason: WHY.into() });
    let code = until_refused(&world, ActionKind::EmergencyStop).await;
    assert_eq!(code, UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable));
    assert_eq!(world.logged("stop").len(), 1);
    world.handle.command(Command::LiftEmergencyStop {});
    let code = until_refused(&world, ActionKind::LiftEmergencyStop).await;
    assert_eq!(code, UiErrorCode::Console(ConsoleErrorCode::Offline));
    world.server.set_online(true);
    world.handle.command(Command::EmergencyStop { reason: WHY.into() });
    until_done(&world, ActionKind::EmergencyStop, "").await;
    world.until("in force", |view| view.emergency_stop.is_some()).await;
    world.clock.advance_seconds(2);
    world.until_online().await;
    world.handle.command(Command::LiftEmergencyStop {});
    until_done(&world, ActionKind::LiftEmergencyStop, "").await;
    world.until("lifted", |view| view.emergency_stop.is_none()).await;
}

#[tokio::test]
async fn ones_own_record_comes_page_by_page_and_anew_from_the_newest() {
    let world = World::in_session().await;
    world.handle.command(Command::EndSession {});
    world.until("ended", |view| view.ended.is_some()).await;
    world.handle.host_event(amberglass_app::host::HostEvent::WindowClosed { session: world.session() });
    // start_requested, window_opened, end_requested, window_closed.
    world.until_true("delivered", || world.server.with(|state| state.delivered.len()) == 4).await;
    world.handle.command(Command::LoadOwnRecord { more: false });
    let kinds = |view: &ConsoleView| view.own_record.events.iter().map(|e| e.kind.clone()).collect::<Vec<_>>();
    let view = world.until("the newest", |view| view.own_record.events.len() == 3).await;
    assert_eq!((kinds(&view)[0].as_str(), view.own_record.more), ("window_closed", true));
    world.handle.command(Command::LoadOwnRecord { more: true });
    let view = world.until("all", |view| view.own_record.events.len() == 4).await;
    assert_eq!(kinds(&view), ["window_closed", "end_requested", "window_opened", "start_requested"]);
    assert!(!view.own_record.more && !view.own_record.loading);
    world.handle.command(Command::LoadOwnRecord { more: true });
    world.handle.command(Command::LoadOwnRecord { more: false });
    world.until("anew", |view| view.own_record.events.len() == 3).await;
    assert_eq!(world.logged("own_record("), ["own_record(None)", "own_record(Some(2))", "own_record(None)"]);
}

#[tokio::test]
async fn what_was_looked_at_lately_is_offered_after_the_sign_in_and_after_each_end() {
    let world = World::in_session().await;
    assert!(world.host.view().recent.customers.is_empty());
    world.handle.command(Command::EndSession {});
    let view = world.until("offered", |view| !view.recent.customers.is_empty()).await;
    assert_eq!((view.recent.customers[0].id.as_str(), view.recent.tickets), ("c1", vec!["T-1".to_owned()]));
    world.handle.command(Command::SignOut {});
    let view = world.until("signed out", |view| view.portals.is_empty()).await;
    assert!(view.recent.customers.is_empty() && view.recent.tickets.is_empty());
}

#[tokio::test]
async fn an_alarm_is_shown_until_somebody_says_what_was_found() {
    let world = lead().await;
    let alarm = AlarmResponse {
        id: EventId::new("alarm-1"),
        raised_at: world.clock.now(),
        kind: "session_mismatch".into(),
        detail: Some(EventDetail::SessionMismatch {
            missing_at_console: vec!["page_viewed /invoices".into()],
            missing_at_server: Vec::new(),
        }),
        device: Some(DeviceId::new("device-2")),
        device_name: Some("Kim's laptop".into()),
        session: Some(SessionId::new("session-9")),
        session_code: Some("AMB-9".into()),
        staff_name: Some("Kim".into()),
        customer_name: None,
        held: None,
        acknowledged_at: None,
        acknowledged_by_name: None,
        note: None,
    };
    world.server.with(|state| state.alarms = AlarmsResponse { open: 1, newest: vec![alarm.clone()] });
    world.server.push(ServerEvent::SnapshotChanged);
    let view = world.until("the alarm", |view| view.alarms.open == 1).await;
    let missing_at_console = vec!["page_viewed /invoices".to_owned()];
    let what = AlarmWhat::SessionMismatch { missing_at_console, missing_at_server: Vec::new() };
    assert_eq!(
        (&view.alarms.newest[0].what, view.alarms.newest[0].device_name.as_deref()),
        (&what, Some("Kim's laptop"))
    );
    let look = |note: &str| Command::AcknowledgeAlarm { alarm: alarm.id.clone(), note: note.into() };
    world.handle.command(look("ok"));
    assert_eq!(
        until_refused(&world, ActionKind::AcknowledgeAlarm).await,
        UiErrorCode::Server(ErrorCode::ReasonTooShort)
    );
    assert!(world.logged("looked_at(").is_empty());
    world.handle.command(look(WHY));
    until_done(&world, ActionKind::AcknowledgeAlarm, "alarm-1").await;
    world.until("nothing is open", |view| view.alarms.open == 0 && view.alarms.newest.is_empty()).await;
    assert_eq!(world.logged("looked_at("), [format!("looked_at(alarm-1, {WHY})")]);
    world.handle.command(Command::SignOut {});
    world.until("signed out", |view| !view.rights.see_alarms).await;
}
