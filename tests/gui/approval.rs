//! An agent and a lead, each with a console, a desk, a bus, a key store and a notification daemon of their own.

use std::path::Path;

use amberglass_tests::{
    portal_window::PortalWindow,
    workplace::{Colleague, Setting, Workplace},
};
use amberglass_wire::auth::Role;

use crate::{TURN, bin_dir};

/// Looked at by whoever changes these screens: a picture of both sides after each step.
async fn pictures(place: &Workplace, lead: &Colleague, step: &str) {
    let Ok(folder) = std::env::var("AMBERGLASS_PICTURES") else { return };
    for (side, desk) in [("agent", &place.desk), ("lead", &lead.desk)] {
        let file = Path::new(&folder).join(format!("{step}-{side}.png"));
        desk.picture_at_rest().await.unwrap().save(&file).unwrap();
    }
}

/// Both signed in; the agent has filled the sheet of a customer who is marked sensitive.
pub async fn at_the_sheet(programs: &Path) -> (Workplace, Colleague) {
    let mut place = Workplace::open(Setting::usual(programs)).await.unwrap();
    place.desk.show_toasts().await.unwrap();
    place.sign_in().await.unwrap();
    let lead = place.colleague(programs, Role::Lead).await.unwrap();
    place.console.fill("find-field", "1090").await.unwrap();
    place.console.press("customer-1090").await.unwrap();
    place.console.see("ask-approval").await;
    // Said before anything is asked.
    place.console.text_with("policy-word", "approval").await;
    place.console.press("reason-code-billing").await.unwrap();
    place.console.fill("ticket", "TCK-4821").await.unwrap();
    place.console.fill("reason-text", "Asks why the last invoice was charged twice").await.unwrap();
    (place, lead)
}

#[tokio::test]
async fn a_request_reaches_the_lead_as_a_toast_is_decided_in_the_window_and_lets_the_agent_in() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let (place, lead) = at_the_sheet(&programs).await;
    pictures(&place, &lead, "approval-1-before").await;
    place.console.press("ask-approval").await.unwrap();

    let words = lead.desk.toast("Amy Lee asks for your approval").await;
    assert!(words.contains("Barkside"), "{words}");
    lead.console.text_with("nav-inbox", "1").await;
    pictures(&place, &lead, "approval-2-asked").await;
    lead.desk.tap_toast().unwrap();
    lead.console.see("approve").await;
    pictures(&place, &lead, "approval-3-opened").await;
    lead.desk.key("a").unwrap();
    lead.console.see("decide-confirm").await;
    pictures(&place, &lead, "approval-4-about-to-sign").await;
    lead.console.press("decide-confirm").await.unwrap();

    let words = place.desk.toast("Leo Brandt approved your request").await;
    assert!(words.contains("Open the request to start"), "{words}");
    place.console.see("start-approved").await;
    pictures(&place, &lead, "approval-5-decided").await;
    place.console.press("start-approved").await.unwrap();
    let portal = PortalWindow::wait_until_painted(&place.desk).await.unwrap();
    assert!(portal.has_frame(&portal.picture().unwrap()));
    pictures(&place, &lead, "approval-6-in-session").await;
}

#[tokio::test]
async fn who_breaks_the_glass_is_known_at_once_and_a_lead_says_by_keyboard_whether_it_was_justified() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let (place, lead) = at_the_sheet(&programs).await;
    place.console.press("break-glass").await.unwrap();
    let emergency = "Her dog is in surgery now and the vaccination record does not open for her";
    place.console.fill("break-glass-statement", emergency).await.unwrap();
    pictures(&place, &lead, "glass-1-stated").await;
    place.console.press("break-glass-confirm").await.unwrap();
    PortalWindow::wait_until_painted(&place.desk).await.unwrap();

    let words = lead.desk.toast("Break-glass: Amy Lee began without approval").await;
    assert!(!words.contains("Helena"), "{words}");
    lead.desk.tap_toast().unwrap();
    lead.console.text_with("request", emergency).await;
    pictures(&place, &lead, "glass-2-known").await;
    place.console.to_bar().await.unwrap();
    place.console.press("end-session").await.unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;

    lead.console.see("review-justified").await;
    lead.desk.key("j").unwrap();
    lead.console.fill("review-note", "Called her back: the clinic had asked for the record").await.unwrap();
    pictures(&place, &lead, "glass-3-about-to-say").await;
    lead.console.press("review-confirm").await.unwrap();
    lead.console.see("review-done").await;
    pictures(&place, &lead, "glass-4-reviewed").await;
}
