//! Each way in which a start fails says so in words and leaves nothing half-started.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    console::answer_file,
    portal_window::PortalWindow,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

#[tokio::test]
async fn a_wrong_password_is_said_by_the_server_and_the_console_can_be_asked_again() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let setting = Setting { password: Some("not the password"), ..Setting::usual(&programs) };
    let place = Workplace::open(setting).await.unwrap();
    place.console.press("sign-in").await.unwrap();
    let answer = wait_until("the server's answer", Duration::from_secs(15), || async {
        std::fs::read_to_string(answer_file(&place.home())).ok()
    })
    .await;
    assert!(answer.to_lowercase().contains("password"), "{answer}");
    assert!(!answer.contains("not the password"), "the page repeats the password");
    place.console.press("cancel-sign-in").await.unwrap();
    place.console.see("sign-in").await;
}

#[tokio::test]
async fn a_portal_that_is_down_is_named_and_leaves_no_session() {
    let _turn = TURN.lock().await;
    let mut place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.open_card("1042").await.unwrap();
    place.stack.stop_portal();
    place.console.press("reason-code-billing").await.unwrap();
    place.console.fill("ticket", "TCK-4821").await.unwrap();
    place.console.fill("reason-text", "Asks why the last invoice was charged twice").await.unwrap();
    place.console.press("start-session").await.unwrap();
    let words = place.console.text("start-error").await.unwrap();
    assert!(words.contains("did not answer"), "{words}");
    assert!(!place.desk.window_exists(" · AG-"));
    let staff = place.at_api().await.unwrap();
    assert!(place.running(&staff).await.unwrap().is_empty());
    place.stack.start_portal().unwrap();
    place.console.press("start-session").await.unwrap();
    place.console.see("live-strip").await;
}

/// Starts for `customer` with this reason, and gives the words of the refusal once no session is left.
async fn refused_start(customer: &str, reason: &str) -> String {
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.open_card(customer).await.unwrap();
    place.console.press("reason-code-billing").await.unwrap();
    place.console.fill("ticket", "TCK-4821").await.unwrap();
    place.console.fill("reason-text", reason).await.unwrap();
    place.console.press("start-session").await.unwrap();
    let words = place.console.text("start-error").await.unwrap();
    assert!(!place.desk.window_exists(" · AG-"));
    let staff = place.at_api().await.unwrap();
    assert!(place.running(&staff).await.unwrap().is_empty());
    words.to_lowercase()
}

#[tokio::test]
async fn a_start_with_a_reason_that_says_nothing_is_explained_and_leaves_no_session() {
    let _turn = TURN.lock().await;
    let words = refused_start("1042", "test test test test").await;
    assert!(words.contains("reason"), "{words}");
}

#[tokio::test]
async fn a_start_that_policy_keeps_for_a_lead_is_explained_and_leaves_no_session() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    // Customers of class `sensitive` need a lead's approval in every mode.
    place.console.fill("find-field", "1090").await.unwrap();
    place.console.press("customer-1090").await.unwrap();
    place.console.see("ask-approval").await;
    let words = place.console.text_with("policy-word", "sensitive").await;
    assert!(words.contains("approval"), "{words}");
    assert!(!place.console.is_shown("start-session").await);
    assert!(!place.desk.window_exists(" · AG-"));
    let staff = place.at_api().await.unwrap();
    assert!(place.running(&staff).await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_key_store_the_console_says_so_and_offers_no_session() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let setting = Setting { keyring: false, ..Setting::usual(&programs) };
    let place = Workplace::open(setting).await.unwrap();
    let words = place.console.text("sign-in-error").await.unwrap();
    assert!(words.to_lowercase().contains("keyring") || words.to_lowercase().contains("key store"), "{words}");
    assert!(!place.console.is_shown("find-field").await);
}

#[tokio::test]
async fn when_the_server_falls_silent_the_page_is_covered_and_the_frame_stays() {
    let _turn = TURN.lock().await;
    let mut place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    place.stack.server.kill();
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    // Five seconds of silence, and one more for what the machine has to do besides.
    wait_until("the curtain", Duration::from_millis(6500), || async {
        let picture = window.picture().ok()?;
        window.is_covered(&picture).then_some(())
    })
    .await;
    let picture = window.picture().unwrap();
    assert!(window.has_frame(&picture), "the frame went with the page");
    assert!(window.has_countdown(&picture), "the countdown went with the page");
    place.console.text_with("queue-state", "offline").await;
}
