//! One write in a read-only session: blocked, asked for from the bar, approved by a lead, sent once, and shown.

use amberglass_app::{Command, view::ElevationStep};
use amberglass_testkit::wait_until;
use amberglass_tests::{
    staff::Staff,
    world::{LEO, LIMIT, PASSWORD, World},
    world_record::body,
};
use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    audit::EventDetail,
    elevation::SendOutcome,
};
use secrecy::ExposeSecret as _;

const FORM: &str = "pet=104201&service=teeth&date=2026-02-03&time=14:00&note=Be+gentle";

/// As the page's own form does.
async fn book(world: &World) -> reqwest::StatusCode {
    let window = world.opened();
    let address = url::Url::parse(&window.entry_url).unwrap();
    let gateway = world.server().gateway;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client
        .post(format!("http://{gateway}/appointments"))
        .header("host", format!("{}:{}", address.host_str().unwrap(), address.port().unwrap()))
        .header("cookie", format!("{}={}", window.cookie_name, window.cookie_value.expose_secret()))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(FORM)
        .send();
    answer.await.unwrap().status()
}

async fn waits_for(lead: &Staff) -> RequestResponse {
    wait_until("the request", LIMIT, async || lead.to_decide().await.unwrap().into_iter().next()).await
}

#[tokio::test]
async fn what_the_customer_asks_for_on_the_phone_is_booked_once_and_nothing_else_is() {
    let world = World::in_session(1800).await;
    assert_eq!(book(&world).await, reqwest::StatusCode::FORBIDDEN);
    assert_eq!(world.portal.writes(), 0);
    world.pass_seconds(3).await;
    let blocked = |step: &ElevationStep| matches!(step, ElevationStep::Blocked { cannot_ask: None, .. });
    let view = world.until_window("the bar offers it", |view| blocked(&view.elevation.step)).await;
    let ElevationStep::Blocked { record, .. } = view.elevation.step else { panic!() };
    world.handle.command(Command::AskElevation { record });

    let leo = Staff::sign_in(&world.api(), LEO, PASSWORD).await.unwrap();
    let request = waits_for(&leo).await;
    let shown = request.write.as_ref().unwrap().shown.as_ref().unwrap();
    let note = shown.fields.iter().find(|field| field.name == "note").unwrap();
    assert_eq!((shown.path.as_str(), note.value.as_str()), ("/appointments", "Be gentle"));
    let approved = leo.decide(&request, Verdict::Approve, "", world.now()).await.unwrap();
    assert_eq!(approved.state, RequestState::Approved);
    let may_go = |step: &ElevationStep| matches!(step, ElevationStep::Approved { .. });
    world.until_window("the bar says so", |view| may_go(&view.elevation.step)).await;
    assert_eq!(world.portal.writes(), 0);

    world.handle.command(Command::SendWrite { request: request.id.clone() });
    let sent = |step: &ElevationStep| matches!(step, ElevationStep::Sent { .. });
    let view = world.until_window("what came of it", |view| sent(&view.elevation.step)).await;
    let ElevationStep::Sent { outcome, .. } = view.elevation.step else { panic!() };
    assert_eq!((outcome, world.portal.writes()), (SendOutcome::Answered { status: 303 }, 1));
    // Where the portal's answer leads: the push may tell the bar before the answer brings the page.
    let shown =
        wait_until("the page", LIMIT, async || Some(world.host.shown_pages()).filter(|pages| !pages.is_empty()));
    let [page] = shown.await.try_into().unwrap();
    assert!(page.starts_with("/appointments"), "{page}");
    assert!(world.visit(&page).await.text.contains("Be gentle"));

    world.handle.command(Command::SendWrite { request: request.id.clone() });
    assert_eq!(book(&world).await, reqwest::StatusCode::FORBIDDEN, "the next one stays blocked");
    world.pass_seconds(2).await;
    assert_eq!(world.portal.writes(), 1);
    let log = world.audit_log().await;
    let details: Vec<EventDetail> = log.of_server().into_iter().map(|record| body(record).detail).collect();
    assert_eq!(details.iter().filter(|detail| matches!(detail, EventDetail::WriteSent { .. })).count(), 1);
}
