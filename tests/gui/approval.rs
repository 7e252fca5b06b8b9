//! An agent and a lead, each with a console, a desk, a bus, a key store and a notification daemon of their own.

use amberglass_tests::workplace::{Setting, Workplace};
use amberglass_wire::auth::Role;

use crate::{TURN, bin_dir};

/// Looked at by whoever changes these screens: a picture of both sides after each step.
async fn pictures(place: &Workplace, lead: &amberglass_tests::workplace::Colleague, step: &str) {
    let Ok(folder) = std::env::var("AMBERGLASS_PICTURES") else { return };
    for (side, desk) in [("agent", &place.desk), ("lead", &lead.desk)] {
        let file = std::path::Path::new(&folder).join(format!("approval-{step}-{side}.png"));
        desk.picture_at_rest().await.unwrap().save(&file).unwrap();
    }
}

#[tokio::test]
async fn a_request_reaches_the_lead_as_a_toast_is_decided_in_the_window_and_lets_the_agent_in() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let mut place = Workplace::open(Setting::usual(&programs)).await.unwrap();
    place.desk.show_toasts().await.unwrap();
    place.sign_in().await.unwrap();
    let lead = place.colleague(&programs, Role::Lead).await.unwrap();

    // 1090 is marked sensitive: the sheet says so before anything is asked.
    place.console.fill("find-field", "1090").await.unwrap();
    place.console.press("customer-1090").await.unwrap();
    place.console.see("ask-approval").await;
    place.console.text_with("policy-word", "approval").await;
    place.console.press("reason-code-billing").await.unwrap();
    place.console.fill("ticket", "TCK-4821").await.unwrap();
    place.console.fill("reason-text", "Asks why the last invoice was charged twice").await.unwrap();
    pictures(&place, &lead, "1-before").await;
    place.console.press("ask-approval").await.unwrap();

    let words = lead.desk.toast("Amy Lee asks for your approval").await;
    assert!(words.contains("Barkside"), "{words}");
    lead.console.text_with("nav-inbox", "1").await;
    pictures(&place, &lead, "2-asked").await;
    lead.desk.tap_toast().unwrap();
    lead.console.see("approve").await;
    pictures(&place, &lead, "3-opened").await;
    lead.desk.key("a").unwrap();
    lead.console.see("decide-confirm").await;
    pictures(&place, &lead, "4-about-to-sign").await;
    lead.console.press("decide-confirm").await.unwrap();

    let words = place.desk.toast("Leo Brandt approved your request").await;
    assert!(words.contains("Open the request to start"), "{words}");
    place.console.see("start-approved").await;
    pictures(&place, &lead, "5-decided").await;
    place.console.press("start-approved").await.unwrap();
    let portal = amberglass_tests::portal_window::PortalWindow::wait_until_painted(&place.desk).await.unwrap();
    assert!(portal.has_frame(&portal.picture().unwrap()));
    pictures(&place, &lead, "6-in-session").await;
}
