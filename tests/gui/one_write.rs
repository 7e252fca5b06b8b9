//! A write that the gateway has blocked, from the page to the lead and back into the page.

use std::time::Duration;

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_testkit::wait_until;
use amberglass_tests::{
    main_job::seen_at_server,
    portal_window::{PortalWindow, WRITE_BAR},
    workplace::{Setting, Workplace},
};
use amberglass_wire::{approval::Verdict, auth::Role};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

async fn picture(place: &Workplace, step: &str) {
    let Ok(folder) = std::env::var("AMBERGLASS_PICTURES") else { return };
    let file = std::path::Path::new(&folder).join(format!("one-write-{step}.png"));
    place.desk.picture_at_rest().await.unwrap().save(&file).unwrap();
}

#[tokio::test]
async fn a_blocked_write_is_asked_for_in_the_bar_sent_once_and_the_page_shows_what_came_of_it() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    let portal = place.start_session("1042").await.unwrap();
    let agent = place.at_api().await.unwrap();
    let session = place.running(&agent).await.unwrap().remove(0).id;
    portal.open_section(8).unwrap();
    seen_at_server(&agent, &session, "page_viewed", "/account").await;
    portal.settle().await;
    portal.submit_address().unwrap();
    seen_at_server(&agent, &session, "request_blocked", "/account/address").await;

    place.console.to_bar().await.unwrap();
    place.console.see("ask-write").await;
    let tall = PortalWindow::below(&place.desk, WRITE_BAR).await.unwrap();
    tall.until("the frame below the taller bar", LIMIT, |picture| tall.has_frame(picture)).await;
    picture(&place, "1-blocked").await;
    place.console.press("ask-write").await.unwrap();
    place.console.clamped_text_with("write-words", "Waiting for a decision").await;

    let lead = place.at_api_as(Role::Lead).await.unwrap();
    let waits = || async { lead.to_decide().await.ok()?.into_iter().next() };
    let request = wait_until("the lead to see it", LIMIT, waits).await;
    let shown = request.write.as_ref().unwrap().shown.as_ref().unwrap();
    let fields: Vec<_> = shown.fields.iter().map(|field| field.name.as_str()).collect();
    assert!(["street", "postcode", "city"].iter().all(|name| fields.contains(name)), "{fields:?}");
    lead.decide(&request, Verdict::Approve, "", SystemClock.now()).await.unwrap();

    place.console.see("send-write").await;
    picture(&place, "2-approved").await;
    place.console.press("send-write").await.unwrap();
    place.console.clamped_text_with("write-words", "The portal has taken it (303)").await;
    // The window itself goes where the portal's answer leads.
    seen_at_server(&agent, &session, "page_viewed", "/account?done").await;
    tall.settle().await;
    assert!(tall.has_frame(&tall.picture().unwrap()));
    picture(&place, "3-sent").await;
    let sent = agent.trail(&session).await.unwrap();
    assert_eq!(sent.iter().filter(|event| event.record.kind == "write_sent").count(), 1);

    place.console.press("dismiss-write").await.unwrap();
    let usual = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    usual.until("the frame below the usual bar", LIMIT, |picture| usual.has_frame(picture)).await;
}
