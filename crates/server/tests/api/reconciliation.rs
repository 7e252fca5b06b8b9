//! Once a session is over, what console and server recorded of it is compared.

use amberglass_server::audit::Reconciliation;
use amberglass_wire::{
    CustomerId, PortalId, SessionId,
    audit::{ChainedRecord, EventDetail, EventSubject},
    session::{Mode, RedeemGrantResponse},
};
use reqwest::{StatusCode, header};

use crate::{
    alarms::with_security,
    journal::{Journal, accepted, deliver},
    world::{Console, JANE, World, json, start_request},
};

const DAY: i64 = 24 * 60 * 60;

/// A session with its window, and the journal of its console.
struct Look<'a> {
    world: &'a World,
    amy: &'a Console,
    id: SessionId,
    entry: RedeemGrantResponse,
    journal: Journal,
    records: Vec<ChainedRecord>,
}

impl<'a> Look<'a> {
    async fn begin(world: &'a World, amy: &'a Console) -> Self {
        Self::begin_in(world, amy, Journal::of(amy), "key-1").await
    }

    /// As a console starts: the wish, the session, the entry, the window.
    async fn begin_in(world: &'a World, amy: &'a Console, mut journal: Journal, key: &str) -> Self {
        let subject = EventSubject {
            staff: Some(amy.tokens.staff.id.clone()),
            customer: Some(CustomerId::new(JANE)),
            portal: Some(PortalId::new("barkside")),
            device: Some(amy.tokens.device.clone()),
            ..EventSubject::default()
        };
        let reason = start_request(JANE).reason;
        let asked = journal.append_about(subject, EventDetail::StartRequested { mode: Mode::ReadOnly, reason });
        let response = world.try_start(amy, key, &start_request(JANE)).await;
        let started: amberglass_wire::session::StartSessionResponse = json(response, StatusCode::CREATED).await;
        let id = started.session.id;
        let request = world.entry_request(amy, &id, &started.grant.unwrap());
        let entry = json(world.try_enter(amy, &id, &request).await, StatusCode::OK).await;
        let mut look = Self { world, amy, id, entry, journal, records: vec![asked] };
        look.record(EventDetail::WindowOpened {});
        look
    }

    fn record(&mut self, detail: EventDetail) {
        self.records.push(self.journal.append(Some(&self.id), detail));
    }

    fn record_page(&mut self, path: &str) {
        self.record(EventDetail::PageViewed {
            method: "GET".into(),
            path: path.into(),
            document: true,
            rule: None,
            unmasked: Vec::new(),
        });
    }

    /// With whatever has the session's cookie.
    async fn ask(&self, path: &str, dest: &str) -> StatusCode {
        let gateway = self.world.server().gateway;
        let request = self
            .world
            .client
            .get(format!("http://{gateway}{path}"))
            .header(header::HOST, format!("barkside.localhost:{}", gateway.port()))
            .header(header::COOKIE, format!("{}={}", self.entry.cookie_name, self.entry.cookie_value))
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", dest);
        request.send().await.unwrap().status()
    }

    /// As the console does it: on record, then asked for.
    async fn visit(&mut self, path: &str) -> StatusCode {
        self.record_page(path);
        self.ask(path, "document").await
    }

    async fn end(&mut self) {
        self.world.end(self.amy, &self.id).await;
    }

    async fn close_and_deliver(&mut self) {
        self.record(EventDetail::WindowClosed {});
        self.deliver().await;
    }

    async fn deliver(&self) {
        accepted(deliver(self.world, self.amy, &self.records).await).await;
    }
}

async fn compared(world: &World) -> usize {
    let state = world.server().state();
    Reconciliation::new(state.audit.clone(), state.clock.clone()).look().await.unwrap()
}

/// What stands on record as missing, at the console and at the server.
async fn missing(world: &World, security: &Console) -> Vec<(Vec<String>, Vec<String>)> {
    let alarms = world.alarms(security).await;
    alarms
        .newest
        .into_iter()
        .map(|alarm| {
            let Some(EventDetail::SessionMismatch { missing_at_console, missing_at_server }) = alarm.detail else {
                panic!("{alarm:?}")
            };
            (missing_at_console, missing_at_server)
        })
        .collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_session_as_every_other_one_raises_nothing() {
    let (world, amy, sana) = with_security().await;
    let mut look = Look::begin(&world, &amy).await;
    for path in ["/", "/invoices?page=7", "/%69nvoices", "/account"] {
        look.visit(path).await;
    }
    // Parts of a page, a refusal of each side, and a navigation that died on the way.
    look.ask("/api/me", "empty").await;
    look.ask("/.well-known/amberglass/x", "document").await;
    look.record(EventDetail::AttemptRefused { attempt: amberglass_wire::audit::Attempt::Print, target: None });
    look.record_page("/appointments");
    look.end().await;
    assert_eq!(compared(&world).await, 0, "the device has not delivered past it");
    look.deliver().await;
    assert_eq!(compared(&world).await, 0, "its window may still be open");
    look.close_and_deliver().await;
    assert_eq!((compared(&world).await, compared(&world).await), (1, 0), "once");
    assert_eq!(missing(&world, &sana).await, []);
    assert_eq!(world.count_events("session_mismatch").await, 0);
}

#[tokio::test]
async fn a_page_that_the_gateway_showed_and_the_console_never_asked_for_is_an_alarm_once() {
    let (world, amy, sana) = with_security().await;
    let mut look = Look::begin(&world, &amy).await;
    look.visit("/").await;
    // Somebody took the cookie out of the window.
    assert_eq!(look.ask("/invoices?page=2", "document").await, StatusCode::OK);
    look.end().await;
    look.close_and_deliver().await;
    assert_eq!((compared(&world).await, compared(&world).await), (1, 0));
    assert_eq!(missing(&world, &sana).await, [(names(&["page_viewed /invoices?page"]), vec![])]);
    let alarm = world.alarms(&sana).await.newest.remove(0);
    assert_eq!((alarm.session.as_ref(), alarm.customer_name.is_some()), (Some(&look.id), true));
    assert_eq!(
        (alarm.staff_name, alarm.device),
        (Some(amy.tokens.staff.name.clone()), Some(amy.tokens.device.clone()))
    );
    assert!(world.kinds(&sana, &look.id).await.contains(&"session_mismatch".to_owned()));
}

#[tokio::test]
async fn a_session_whose_records_never_come_is_an_alarm_after_a_day() {
    let (world, mut amy, _) = with_security().await;
    {
        let mut look = Look::begin(&world, &amy).await;
        look.visit("/").await;
        look.end().await;
    }
    world.clock.advance_seconds(DAY - 60);
    assert_eq!(compared(&world).await, 0);
    world.clock.advance_seconds(61);
    // The standing look may have been first.
    compared(&world).await;
    amy = world.sign_in(crate::world::SANA, 10).await;
    assert_eq!(missing(&world, &amy).await, [(names(&["window_opened", "page_viewed /"]), vec![])]);
}

#[tokio::test]
async fn a_console_that_was_killed_and_goes_on_with_its_chain_is_no_alarm() {
    let (world, amy, sana) = with_security().await;
    let mut look = Look::begin(&world, &amy).await;
    look.visit("/").await;
    look.end().await;
    // The window's end was never recorded; the next session's window says that the device is past it.
    let journal = Journal { head: look.journal.head.clone(), ..Journal::of(&amy) };
    let before = look.records.clone();
    world.clock.advance_seconds(1);
    let mut next = Look::begin_in(&world, &amy, journal, "key-2").await;
    next.records.splice(0..0, before);
    next.visit("/account").await;
    next.deliver().await;
    assert_eq!(compared(&world).await, 1);
    next.end().await;
    next.close_and_deliver().await;
    assert_eq!(compared(&world).await, 1);
    assert_eq!(missing(&world, &sana).await, []);
}

#[tokio::test]
async fn a_start_that_failed_before_its_window_raises_nothing() {
    let (world, mut amy, _) = with_security().await;
    {
        // The answer to the entry was lost.
        let mut look = Look::begin(&world, &amy).await;
        look.end().await;
    }
    world.clock.advance_seconds(DAY + 1);
    compared(&world).await;
    amy = world.sign_in(crate::world::SANA, 10).await;
    assert_eq!(missing(&world, &amy).await, []);
    assert_eq!(compared(&world).await, 0);
}

#[tokio::test]
async fn a_window_that_the_server_never_let_in_is_an_alarm() {
    let (world, amy, sana) = with_security().await;
    let id = world.start(&amy).await.session.id;
    let mut journal = Journal::of(&amy);
    let records =
        [EventDetail::WindowOpened {}, EventDetail::WindowClosed {}].map(|detail| journal.append(Some(&id), detail));
    world.end(&amy, &id).await;
    accepted(deliver(&world, &amy, &records).await).await;
    assert_eq!(compared(&world).await, 1);
    assert_eq!(missing(&world, &sana).await, [(names(&["start_requested"]), names(&["session_entered"]))]);
}

#[tokio::test]
async fn a_session_that_cannot_be_compared_keeps_no_later_one_waiting_and_is_tried_again() {
    let (world, amy, sana) = with_security().await;
    let mut look = Look::begin(&world, &amy).await;
    // What is missing here has to go on record.
    assert_eq!(look.ask("/account", "document").await, StatusCode::OK);
    look.end().await;
    look.close_and_deliver().await;
    world.clock.advance_seconds(1);
    let journal = Journal { head: look.journal.head.clone(), ..Journal::of(&amy) };
    let mut next = Look::begin_in(&world, &amy, journal, "key-2").await;
    next.visit("/").await;
    next.end().await;
    next.close_and_deliver().await;
    world.break_the_audit_log().await;
    assert_eq!(compared(&world).await, 1, "the later one");
    world.repair_the_audit_log().await;
    assert_eq!(compared(&world).await, 1, "the earlier one");
    assert_eq!(missing(&world, &sana).await, [(names(&["page_viewed /account"]), vec![])]);
}

#[tokio::test]
async fn the_server_compares_every_minute_by_itself() {
    let (world, amy, _sana) = with_security().await;
    let mut look = Look::begin(&world, &amy).await;
    assert_eq!(look.ask("/account", "document").await, StatusCode::OK);
    look.end().await;
    look.close_and_deliver().await;
    world.clock.advance_seconds(60);
    amberglass_testkit::wait_until("the comparison", std::time::Duration::from_secs(20), async || {
        (world.count_events("session_mismatch").await == 1).then_some(())
    })
    .await;
}
