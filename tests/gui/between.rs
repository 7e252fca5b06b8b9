//! Somebody between the session window and its gateway.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    gateway_front::Front,
    portal_window::PortalWindow,
    staff::Staff,
    workplace::{Setting, Workplace},
};
use amberglass_wire::SessionId;

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

async fn place(front: Front) -> (Workplace, Staff) {
    let programs = bin_dir();
    let place = Workplace::open(Setting { front: Some(front), ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    let staff = place.at_api().await.unwrap();
    (place, staff)
}

/// Waits until a record of this kind has all these words in it.
async fn on_record(staff: &Staff, session: &SessionId, kind: &str, words: &[&str]) {
    wait_until(&format!("{kind} with {words:?} on record"), LIMIT, || async {
        let trail = staff.trail(session).await.ok()?;
        let says = |body: &str| words.iter().all(|word| body.contains(word));
        trail.iter().any(|event| event.record.kind == kind && says(&event.record.body)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_is_refused_and_explained_and_nothing_is_sent_past_it() {
    let _turn = TURN.lock().await;
    let (place, staff) = place(Front::Uncertified).await;
    place.press_start("1042").await.unwrap();
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    place.console.to_bar().await.unwrap();
    place.console.clamped_text_with("spoken", "The certificate is not valid, so nothing is shown.").await;
    window.until("the curtain", LIMIT, |picture| window.is_covered(picture) && window.has_frame(picture)).await;
    let session = place.running(&staff).await.unwrap().remove(0).id;
    let address = format!("{}/", place.front().origin);
    on_record(&staff, &session, "attempt_refused", &["invalid_certificate", &address]).await;
    on_record(&staff, &session, "curtain_drawn", &["certificate_invalid"]).await;

    // Trying again asks again, and no more than that.
    let before = place.front().connections();
    assert!(before > 0, "nobody came");
    place.desk.key("F6").unwrap();
    place.desk.key("Return").unwrap();
    wait_until("another try", LIMIT, || async { (place.front().connections() > before).then_some(()) }).await;
    window.until("the curtain", LIMIT, |picture| window.is_covered(picture) && window.has_frame(picture)).await;
    assert_eq!(place.front().requests(), 0, "something was sent to whom nobody vouches for");

    place.console.press("end-session").await.unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;
}

#[tokio::test]
async fn whoever_asks_for_a_password_on_the_way_gets_none_and_no_prompt_opens() {
    let _turn = TURN.lock().await;
    let (place, staff) = place(Front::AsksAt("/appointments")).await;
    let window = place.start_session("1042").await.unwrap();
    let session = place.running(&staff).await.unwrap().remove(0).id;
    let windows = place.desk.windows().unwrap();
    place.console.to_bar().await.unwrap();
    window.open_section(4).unwrap();
    on_record(&staff, &session, "attempt_refused", &["authentication"]).await;
    place.console.clamped_text_with("spoken", "Something asked for a name and a password. It got none.").await;
    window.settle().await;
    let picture = window.picture().unwrap();
    assert!(window.has_frame(&picture) && window.has_countdown(&picture));
    assert_eq!(place.desk.windows().unwrap(), windows, "a prompt stands on the desk");
    // Nor does what is typed now go there.
    for key in ["a", "Tab", "b", "Return"] {
        place.desk.key(key).unwrap();
    }
    window.settle().await;
    assert!(place.front().requests() > 1);
    assert_eq!(place.front().credentials(), 0);
}
