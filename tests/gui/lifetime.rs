//! How long a session lasts, and who or what ends it, as the person in the session window meets it.

use std::time::Duration;

use amberglass_domain::ports::Backend as _;
use amberglass_testkit::wait_until;
use amberglass_tests::{
    picture::Picture,
    portal_window::{LAST_MINUTES, OPEN_BAR, PortalWindow},
    workplace::{Setting, Workplace},
};
use amberglass_wire::{auth::Role, session::EndSessionRequest};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

async fn in_session(limits: &str) -> Workplace {
    let programs = bin_dir();
    let place = Workplace::open(Setting { limits: limits.to_owned(), ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    place
}

#[tokio::test]
async fn the_bar_grows_for_the_reason_of_an_extension_and_the_deadline_moves() {
    let _turn = TURN.lock().await;
    let place = in_session("").await;
    let staff = place.at_api().await.unwrap();
    let before = place.running(&staff).await.unwrap().remove(0);
    place.console.to_bar().await.unwrap();
    place.console.press("open-extend").await.unwrap();
    place.console.see("extend-text").await;
    let tall = PortalWindow::below(&place.desk, OPEN_BAR).await.unwrap();
    tall.until("the frame below the taller bar", LIMIT, |picture| tall.has_frame(picture)).await;
    assert_eq!(place.console.client().execute("return innerHeight", vec![]).await.unwrap(), OPEN_BAR);

    place.console.fill("extend-text", "short").await.unwrap();
    place.console.press("extend").await.unwrap();
    place.console.see("extend-error").await;
    place.console.fill("extend-text", "The invoice has to be compared line by line").await.unwrap();
    place.console.press("extend").await.unwrap();
    place.console.gone("extend-text").await;
    let after = place.running(&staff).await.unwrap().remove(0);
    assert_eq!(after.extensions, 1);
    let gained = after.expires_at.unwrap().since(before.expires_at.unwrap());
    assert_eq!(gained, 15 * 60 * 1000);
    let closed = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    closed.until("the frame below the usual bar", LIMIT, |picture| closed.has_frame(picture)).await;
}

#[tokio::test]
async fn the_last_minutes_turn_the_frame_dark_red() {
    let _turn = TURN.lock().await;
    // The session lasts half an hour, and warns when a quarter of a minute of it is over.
    let programs = bin_dir();
    let limits = "warnings_seconds = [1785, 60]".to_owned();
    let place = Workplace::open(Setting { limits, ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    place.press_start("1042").await.unwrap();
    // The page may take its time on a busy machine: the warning does not wait for it.
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    let warned = |picture: &Picture| window.has_frame_of(picture, LAST_MINUTES) && !window.is_covered(picture);
    window.until("the page in a dark red frame", Duration::from_secs(45), warned).await;
    place.console.to_bar().await.unwrap();
    // Bar and overlay each count by themselves: the words may come a second after the colour.
    place.console.text_with("countdown", "ends in").await;
}

#[tokio::test]
async fn nobody_at_the_desk_is_told_before_the_session_ends_for_it_and_one_key_keeps_it() {
    let _turn = TURN.lock().await;
    // It warns for the last minute, so there are 18 seconds for the page to paint.
    let place = in_session("idle_seconds = 78").await;
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    place.console.to_bar().await.unwrap();
    place.console.see("idle-notice").await;
    window.until("the frame to warn", LIMIT, |picture| window.has_frame_of(picture, LAST_MINUTES)).await;
    window.focus().unwrap();
    place.console.gone("idle-notice").await;
    // By keyboard alone too, where the page takes the key for itself.
    place.console.see("idle-notice").await;
    place.desk.key("Tab").unwrap();
    place.console.gone("idle-notice").await;
    window.until("the live frame again", LIMIT, |picture| window.has_frame(picture)).await;
}

#[tokio::test]
async fn a_lead_who_ends_the_session_covers_the_page_and_is_named_with_the_reason() {
    let _turn = TURN.lock().await;
    let place = in_session("").await;
    let staff = place.at_api().await.unwrap();
    let running = place.running(&staff).await.unwrap().remove(0);
    let lead = place.at_api_as(Role::Lead).await.unwrap();
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    let reason = "The customer asks on the phone to stop";
    let request = EndSessionRequest { note: None, reason: Some(reason.to_owned()) };
    lead.backend.end_session(&lead.access, &running.id, request).await.unwrap();
    // The page is gone within a second: the window is covered, or closed already.
    wait_until("the page to be covered", Duration::from_secs(3), || async {
        let covered = window.is_covered(&window.picture().ok()?);
        (covered || !place.desk.window_exists(&running.code)).then_some(())
    })
    .await;
    let words = place.console.text_with("end-screen", reason).await;
    assert!(words.contains("Leo Brandt"), "{words}");
}
