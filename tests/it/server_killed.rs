//! The server is killed in each step of a session, in each of three moments: before the request has reached it, in the
//! middle of the work, and after the commit but before the answer. Then it starts again, and nothing is half-done.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{CurtainView, SignInView},
};
use amberglass_domain::ports::KeychainEntry;
use amberglass_tests::{world_console::WorldConsole, world_line::At, world_record::body};
use amberglass_wire::{
    audit::{EventBody, EventDetail},
    session::{EndedBy, SessionState},
};
use reqwest::Method;

use crate::{
    mortal_server::{Door, MOMENTS, Place},
    telling::count,
};

const TOKEN: &str = "POST /v1/oauth/token";
const START: &str = "POST /v1/sessions ";
/// Entry, extension and end, whichever comes next.
const OF_SESSION: &str = "POST /v1/sessions/";
const WHY: &str = "The invoice has to be compared line by line";

#[tokio::test]
async fn a_server_killed_in_a_sign_in_signs_nobody_in_by_halves_and_the_next_one_works() {
    let mut place = Place::open().await;
    for at in MOMENTS {
        place.console.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
        place.kill_at(Door::Api, at, TOKEN, async |console| console.handle.command(Command::SignIn {})).await;
        let told = |view: &SignInView| matches!(view, SignInView::SignedOut { error: Some(_) });
        place.console.until("the word that it failed", |view| told(&view.sign_in)).await;
        assert!(!place.console.keychain.holds(KeychainEntry::RefreshToken), "{at:?}");
        place.start_again();
        place.console.sign_in().await;
        place.console.handle.command(Command::SignOut {});
    }
    place.console.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    place.console.sign_in().await;
    let (log, ends) = place.settled().await;
    assert_eq!((count(&log, "device_registered"), ends), (1, vec![]));
}

#[tokio::test]
async fn a_server_killed_in_a_start_leaves_no_session_behind_and_the_next_start_works() {
    let mut place = Place::signed_in().await;
    let mut begun = Vec::new();
    for at in MOMENTS {
        place.kill_at(Door::Api, at, START, async |console| console.ask_for_session(600).await).await;
        place.until_start_failed().await;
        place.start_again();
        let before = begun.len();
        if let Some(found) = place.until_nothing_runs().await.filter(|found| !begun.contains(&found.id)) {
            assert_eq!(found.ended_by, Some(EndedBy::Staff), "{at:?}");
            begun.push(found.id);
        }
        match at {
            At::Request => assert_eq!(begun.len(), before, "the server never heard of it"),
            // Whether it was in time is the server's luck.
            At::Work => {}
            At::Answer => assert_eq!(begun.len(), before + 1, "the server had committed it"),
        }
        assert_eq!(place.console.host.opened().len(), MOMENTS.iter().position(|moment| *moment == at).unwrap());
        place.console.start(600).await;
        begun.push(place.console.session());
        place.end().await;
    }
    let (log, ends) = place.settled().await;
    assert_eq!(ends, vec![EndedBy::Staff; begun.len()]);
    assert_eq!((count(&log, "session_started"), count(&log, "session_entered")), (begun.len(), MOMENTS.len()));
}

#[tokio::test]
async fn a_server_killed_between_start_and_entry_or_in_the_entry_leaves_no_session_behind() {
    let mut place = Place::signed_in().await;
    for at in MOMENTS {
        place.kill_at(Door::Api, at, OF_SESSION, async |console| console.ask_for_session(600).await).await;
        place.until_start_failed().await;
        place.start_again();
        let found = place.until_nothing_runs().await.unwrap();
        assert_eq!((found.ended_by, found.pages), (Some(EndedBy::Staff), 0), "{at:?}");
    }
    assert!(place.console.host.opened().is_empty(), "a window was opened");
    place.console.start(600).await;
    place.end().await;
    let (log, ends) = place.settled().await;
    assert_eq!(ends, [EndedBy::Staff; 4]);
    let entered = count(&log, "session_entered");
    assert!(
        (2..=3).contains(&entered),
        "the entry that was answered and perhaps the one at work, then the last: {entered}"
    );
}

#[tokio::test]
async fn a_server_killed_between_entry_and_first_page_shows_it_after_its_restart() {
    let mut place = Place::signed_in().await;
    place.console.ask_for_session(600).await;
    place.console.until_true("the window", || !place.console.host.opened().is_empty()).await;
    place.kill();
    assert!(place.console.try_ask(Method::GET, "/", true).await.is_err());
    let session = place.console.session();
    place.console.handle.host_event(HostEvent::PortalUnreachable { session: session.clone() });
    let unreachable = |curtain: &CurtainView| matches!(curtain, CurtainView::PortalUnreachable {});
    place.console.until_curtain("the word that it is unreachable", unreachable).await;
    place.start_again();
    place.console.handle.host_event(HostEvent::CurtainRetry { session: session.clone() });
    place.console.handle.host_event(HostEvent::PortalPainted { session: session.clone() });
    place.until_page("/").await;
    assert_eq!((place.console.session(), place.session().await.state), (session, SessionState::Active));
    place.end().await;
    let (log, ends) = place.settled().await;
    assert_eq!((ends, count(&log, "session_started")), (vec![EndedBy::Staff], 1));
}

#[tokio::test]
async fn a_server_killed_during_a_page_has_recorded_it_or_never_showed_it() {
    let mut place = Place::in_session().await;
    for at in MOMENTS {
        let page = async |console: &WorldConsole| {
            assert!(console.note_visit("/pets").await);
            let page = console.try_ask(Method::GET, "/pets", true).await;
            assert!(page.is_err(), "{at:?}: {page:?}");
        };
        place.kill_at(Door::Gateway, at, "GET /pets", page).await;
        goes_on_after(&mut place).await;
    }
    place.end().await;
    let (log, ends) = place.settled().await;
    assert_eq!(ends, [EndedBy::Staff]);
    let is_pets = |body: &EventBody| matches!(&body.detail, EventDetail::PageViewed { path, .. } if path == "/pets");
    let viewed = |records: Vec<_>| records.into_iter().map(body).filter(is_pets).count();
    assert_eq!(viewed(log.of_consoles()), MOMENTS.len());
    let recorded = viewed(log.of_server());
    assert!((1..=2).contains(&recorded), "the page that was answered, and perhaps the one at work: {recorded}");
}

#[tokio::test]
async fn a_server_killed_during_a_heartbeat_goes_on_with_the_session() {
    let mut place = Place::in_session().await;
    for at in MOMENTS {
        place.kill_at(Door::Api, at, "POST /v1/heartbeats", async |_| {}).await;
        goes_on_after(&mut place).await;
    }
    place.end().await;
    let (_, ends) = place.settled().await;
    assert_eq!(ends, [EndedBy::Staff]);
}

#[tokio::test]
async fn a_server_killed_during_a_delivery_gets_every_record_once() {
    let mut place = Place::in_session().await;
    for at in MOMENTS {
        let records = async |console: &WorldConsole| assert!(console.note_visit("/invoices").await);
        place.kill_at(Door::Api, at, "POST /v1/journal/batches", records).await;
        goes_on_after(&mut place).await;
    }
    place.end().await;
    // The chain that was checked has no gap and no record twice.
    let (log, ends) = place.settled().await;
    assert_eq!(ends, [EndedBy::Staff]);
    let kinds: Vec<_> = log.of_consoles().into_iter().map(|record| record.kind.as_str()).collect();
    let viewed = kinds.iter().filter(|kind| **kind == "page_viewed").count();
    assert_eq!(viewed, 1 + MOMENTS.len(), "{kinds:?}");
}

#[tokio::test]
async fn a_server_killed_in_an_extension_extends_once_however_often_one_asks() {
    let mut place = Place::signed_in().await;
    for at in MOMENTS {
        place.console.start(600).await;
        let before = place.session().await.expires_at.unwrap();
        let extend = |console: &WorldConsole| console.handle.command(Command::ExtendSession { text: WHY.into() });
        place.console.handle.command(Command::OpenExtend {});
        place.kill_at(Door::Api, at, OF_SESSION, async |console| extend(console)).await;
        place.console.until_window("the word that it failed", |view| view.extend.error.is_some()).await;
        place.start_again();
        // Answered or not, the person asks again until it is done.
        place.console.until_window("the page", |view| view.curtain.is_none()).await;
        extend(&place.console);
        let view = place.console.until_window("extended", |view| view.extend.number == 1 && !view.extend.busy).await;
        let session = place.session().await;
        assert_eq!((session.extensions, session.expires_at), (1, Some(before.plus_seconds(900))), "{at:?}");
        assert!(view.remaining_millis > 600_000, "{at:?}: {view:?}");
        place.end().await;
    }
    let (log, ends) = place.settled().await;
    assert_eq!((count(&log, "session_extended"), ends), (MOMENTS.len(), vec![EndedBy::Staff; MOMENTS.len()]));
}

#[tokio::test]
async fn a_server_killed_in_an_end_ends_the_session_once_and_the_console_sees_to_it() {
    let mut place = Place::signed_in().await;
    for at in MOMENTS {
        place.console.start(600).await;
        let end = async |console: &WorldConsole| console.handle.command(Command::EndSession {});
        place.kill_at(Door::Api, at, OF_SESSION, end).await;
        place.console.until_curtain("the curtain", |curtain| matches!(curtain, CurtainView::Ending {})).await;
        place.start_again();
        // Nobody asks again but the console.
        place.until_ended_by_agent().await;
    }
    let (log, ends) = place.settled().await;
    assert_eq!(ends, [EndedBy::Staff; 3]);
    assert_eq!(count(&log, "end_requested"), MOMENTS.len());
}

/// The server starts again, and the session goes on by itself: the same one, with its page.
async fn goes_on_after(place: &mut Place) {
    let session = place.console.session();
    place.start_again();
    place.until_page("/account").await;
    let view = place.console.host.view().unwrap();
    assert_eq!(view.session.map(|shown| shown.id), Some(session.clone()));
    let row = place.session().await;
    assert_eq!((row.id, row.state), (session, SessionState::Active));
}
