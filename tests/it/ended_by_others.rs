//! A lead, security or a switched-off device ends what an agent is looking at.

use amberglass_app::{
    Command,
    view::{ActionKind, ConsoleView, SignInView},
};
use amberglass_domain::ports::Backend as _;
use amberglass_tests::{
    staff::Staff,
    world::{AMY, LEO, PASSWORD, SANA, World},
    world_record::body,
};
use amberglass_wire::{
    CustomerId, PortalId,
    audit::EventDetail,
    session::{EndSessionRequest, EndedBy, Mode, Reason, SessionState, StartSessionRequest},
};

use crate::telling::{count, ends, until_delivered};

const WHY: &str = "The customer has called and wants it to stop";

#[tokio::test]
async fn who_is_ended_by_a_lead_reads_by_whom_and_why() {
    let world = World::in_session(1800).await;
    world.pass_seconds(2).await;
    let leo = Staff::sign_in(&world.api(), LEO, PASSWORD).await.unwrap();
    let request = EndSessionRequest { note: None, reason: Some(WHY.into()) };
    leo.backend.end_session(&leo.access, &world.session(), request).await.unwrap();
    // The clock stands: the word comes over the event stream.
    world.until_window("the curtain", |view| view.curtain.is_some()).await;
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    let ended = view.ended.unwrap().session;
    assert_eq!((ended.ended_by, ended.end_reason.as_deref()), (Some(EndedBy::Lead), Some(WHY)));
    assert_eq!(ended.ended_by_name.as_deref(), Some("Leo Brandt"));
    assert_eq!(world.until_refused("/").await, "session-ended");
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), [EndedBy::Lead]);

    // Closing words go to the ended session.
    world.handle.command(Command::AddNote { session: world.session(), note: "Will call the customer back".into() });
    let noted = world.until("the note", |view| {
        view.ended.as_ref().is_some_and(|e| e.session.note.as_deref() == Some("Will call the customer back"))
    });
    let action = noted.await.action.unwrap();
    assert_eq!((action.kind, action.busy, action.error), (ActionKind::AddNote, false, None));
    let log = world.audit_log().await;
    let noted =
        log.of_server().into_iter().map(body).any(
            |body| matches!(body.detail, EventDetail::NoteAdded { note } if note == "Will call the customer back"),
        );
    assert!(noted);
    assert_eq!(ends(&log).len(), 1);
}

#[tokio::test]
async fn a_lead_finds_what_runs_and_ends_it_from_the_console() {
    let world = World::open_as(LEO).await;
    world.sign_in().await;
    world.until("what a lead may", |view| view.rights.end_any && view.rights.read_audit).await;
    let amy = Staff::sign_in(&world.api(), AMY, PASSWORD).await.unwrap();
    let request = StartSessionRequest {
        portal: PortalId::new("barkside"),
        customer: CustomerId::new(amberglass_tests::world::JANE),
        reason: Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None },
        mode: Mode::ReadOnly,
        duration_seconds: 600,
        request: None,
        emergency: None,
    };
    let started = amy.backend.start_session(&amy.access, "one-key-of-a-story", request).await.unwrap().session;
    world.handle.command(Command::ListLive {});
    let view = world.until("the list", |view| !view.live.sessions.is_empty()).await;
    let listed = &view.live.sessions[0];
    assert_eq!((&listed.id, listed.staff_name.as_str(), listed.own), (&started.id, "Amy Lee", false));
    world.handle.command(Command::EndOtherSession { session: started.id.clone(), reason: WHY.into() });
    world.until("it is gone", |view| view.live.sessions.is_empty()).await;
    let row = world.server().state().sessions.get(&started.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.ended_by), (SessionState::Ended, Some(EndedBy::Lead)));
    // One that begins while the list is open appears by itself.
    let reason = Reason { code: "other".into(), text: "Customer called once more".into(), ticket: None };
    let again = StartSessionRequest {
        portal: PortalId::new("barkside"),
        customer: CustomerId::new(amberglass_tests::world::JANE),
        reason,
        mode: Mode::ReadOnly,
        duration_seconds: 600,
        request: None,
        emergency: None,
    };
    amy.backend.start_session(&amy.access, "another-key-of-a-story", again).await.unwrap();
    world.until("the new one", |view| !view.live.sessions.is_empty()).await;
}

#[tokio::test]
async fn a_stop_of_everything_comes_from_securitys_console_and_is_lifted_there() {
    let world = World::open_as(SANA).await;
    world.sign_in().await;
    world.until("what security may", |view| view.rights.emergency_stop && view.rights.manage_devices).await;
    world.handle.command(Command::EmergencyStop { reason: "An account is being abused right now".into() });
    let in_force = |view: &ConsoleView| {
        view.emergency_stop.as_ref().is_some_and(|stop| stop.stopped_by_name.as_deref() == Some("Sana Okoye"))
    };
    world.until("in force", in_force).await;
    world.handle.command(Command::LiftEmergencyStop {});
    world.until("lifted", |view| view.emergency_stop.is_none() && view.action.as_ref().is_some_and(|a| !a.busy)).await;
    let log = world.audit_log().await;
    assert_eq!((count(&log, "emergency_stopped"), count(&log, "emergency_stop_lifted")), (1, 1));
}

#[tokio::test]
async fn revoking_the_very_device_that_one_sits_at_ends_the_session_and_the_sign_in() {
    let world = World::in_session(1800).await;
    world.pass_seconds(2).await;
    world.handle.command(Command::ListDevices {});
    let view = world.until("the devices", |view| !view.devices.devices.is_empty()).await;
    let [device] = view.devices.devices.as_slice() else { panic!("{:?}", view.devices.devices) };
    assert!(device.this_device && device.revoked_at.is_none());
    let reason = "This laptop goes to a colleague today".into();
    world.handle.command(Command::RevokeDevice { device: device.id.clone(), reason });
    world.until_window("the curtain", |view| view.curtain.is_some()).await;
    world
        .pass_until("signed out", 10, async || {
            world.host.view().filter(|view| matches!(view.sign_in, SignInView::SignedOut { error: Some(_) }))
        })
        .await;
    assert_eq!(world.until_refused("/account").await, "session-ended");
    // What it has on record it may still deliver.
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!((ends(&log), count(&log, "device_revoked")), (vec![EndedBy::StaffDisabled], 1));
}
