//! From sign-in to the record.

use amberglass_app::{Command, host::HostEvent};
use amberglass_domain::ports::KeychainEntry;
use amberglass_tests::{
    staff::Staff,
    world::{JANE, PASSWORD, SANA, World},
    world_record::{body, kinds},
};
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{EventDetail, EventSubject},
    session::{EndedBy, Mode, SessionState},
};
use reqwest::{Method, StatusCode};

use crate::telling::until_delivered;

#[tokio::test]
async fn a_look_at_a_customers_pages_is_wholly_on_record_under_both_names() {
    let world = World::signed_in().await;
    world.start(1800).await;
    let session = world.session();
    assert!(world.keychain.holds(KeychainEntry::DeviceKey) && world.keychain.holds(KeychainEntry::RefreshToken));

    let invoices = world.visit("/invoices?page=7").await;
    assert_eq!(invoices.status, StatusCode::OK);
    assert!(invoices.text.contains("Invoices"), "{}", invoices.text);
    let data = world.ask(Method::GET, "/api/me", false).await;
    let me: serde_json::Value = serde_json::from_str(&data.text).unwrap();
    let row = world.row().await;
    assert!(data.text.contains(&row.customer.name), "{me}");
    let blocked = world.ask(Method::POST, "/account/password", false).await;
    assert_eq!((blocked.status, blocked.reason.as_deref()), (StatusCode::FORBIDDEN, Some("blocked")));
    assert!(!world.portal.has_received(&Method::POST, "/account/password"));
    world.pass_seconds(10).await;

    world.handle.command(Command::EndSession {});
    let view = world.until("the end screen", |view| view.ended.is_some()).await;
    let ended = view.ended.unwrap();
    assert_eq!((ended.session.ended_by, ended.session.state), (Some(EndedBy::Staff), SessionState::Ended));
    assert_eq!((ended.session.pages, ended.session.blocked, ended.duration_seconds), (2, 1, 10));
    assert_eq!(world.portal.writes(), 0);
    assert_eq!(world.until_refused("/").await, "session-ended");

    // Every chain was followed from its first record on.
    let log = until_delivered(&world, "window_closed").await;
    let (server, console) = (log.of_server(), log.told_by_consoles());
    assert_eq!(log.writers.len(), 2);
    assert_eq!(
        kinds(server.iter().copied()),
        [
            "signer_added",
            "staff_added",
            "staff_added",
            "staff_added",
            "staff_added",
            "policy_changed",
            "rules_changed",
            "device_registered",
            "staff_signed_in",
            "card_viewed",
            "session_started",
            "session_entered",
            "page_viewed",
            "page_viewed",
            "page_viewed",
            "request_blocked",
            "device_head_noted",
            "session_ended",
        ]
    );
    assert_eq!(
        kinds(console.iter().copied()),
        ["start_requested", "window_opened", "page_viewed", "page_viewed", "end_requested", "window_closed"]
    );
    let whole = EventSubject {
        staff: Some(row.staff.clone()),
        customer: Some(row.customer.id.clone()),
        portal: Some(row.portal.clone()),
        session: Some(session.clone()),
        device: Some(row.device.clone()),
        policy_hash: Some(row.policy_hash.clone()),
    };
    assert_eq!(whole.customer.as_ref().unwrap().as_str(), JANE);
    let of_session: Vec<_> = server.iter().filter(|record| record.session.is_some()).collect();
    assert_eq!(of_session.len(), 8);
    for record in of_session.into_iter().chain(&console[1..]) {
        assert_eq!((body(record).subject, record.session.as_ref()), (whole.clone(), Some(&session)), "{}", record.kind);
    }
    // Before the server was asked there was no session; whom it was about is on record all the same.
    let asked = body(console[0]);
    let before = EventSubject { session: None, policy_hash: None, ..whole };
    assert_eq!(asked.subject, before);
    assert!(
        matches!(asked.detail, EventDetail::StartRequested { mode: Mode::ReadOnly, reason } if reason == row.reason)
    );
    let no_values = |path: &str| !path.contains('7');
    for record in server.iter().chain(&console) {
        if let EventDetail::PageViewed { path, .. } = body(record).detail {
            assert!(no_values(&path), "{path}");
        }
    }

    // What security reads, and what the console shows of it, is the same record.
    let sana = Staff::sign_in(&world.api(), SANA, PASSWORD).await.unwrap();
    let trail = sana.trail(&session).await.unwrap();
    assert!(trail.is_sorted_by_key(|event| event.position));
    assert_eq!(trail.len(), 8 + console.len() - 1);
    world.handle.command(Command::OpenTrail { session });
    let view = world.until("the trail", |view| view.trail.as_ref().is_some_and(|trail| !trail.loading)).await;
    let shown = view.trail.unwrap();
    assert!(shown.chain_whole && shown.error.is_none() && shown.events.iter().all(|event| !event.unsent));
    let ids = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        ids(shown.events.iter().map(|event| event.id.as_str()).collect()),
        ids(trail.iter().map(|event| event.record.id.as_str()).collect())
    );

    // And console and server agree about it.
    let store = world.server().state().store.clone();
    let nothing_waits = async || {
        let waiting = store.sessions_to_reconcile(UnixMillis(i64::MIN), &SessionId::new(""), 1).await.unwrap();
        waiting.is_empty().then_some(())
    };
    world.pass_until("the comparison of both records", 120, nothing_waits).await;
    assert_eq!(store.open_alarms(50).await.unwrap().1, []);

    world.handle.host_event(HostEvent::QuitRequested);
    world.handle.closed().await;
}
