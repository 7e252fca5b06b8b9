//! The curtain: what it says, and that it can be used without a pointer.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    portal_window::PortalWindow,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

async fn in_session() -> Workplace {
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    place
}

#[tokio::test]
async fn a_portal_that_goes_away_covers_the_page_and_a_retry_by_keyboard_brings_it_back() {
    let _turn = TURN.lock().await;
    let mut place = in_session().await;
    place.stack.stop_portal();
    {
        let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
        window.open_section(4).unwrap();
        window.until("the curtain", LIMIT, |picture| window.is_covered(picture) && window.has_frame(picture)).await;
    }
    place.stack.start_portal().unwrap();
    // The button that does no harm has the keyboard.
    place.desk.key("Return").unwrap();
    PortalWindow::wait_until_painted(&place.desk).await.unwrap();
}

#[tokio::test]
async fn a_page_whose_web_process_dies_is_covered_and_can_be_loaded_anew() {
    let _turn = TURN.lock().await;
    let place = in_session().await;
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    let page = place.console.web_processes().unwrap().pop().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(page), nix::sys::signal::Signal::SIGKILL).unwrap();
    window.until("the curtain", LIMIT, |picture| window.is_covered(picture) && window.has_frame(picture)).await;
    place.desk.key("space").unwrap();
    PortalWindow::wait_until_painted(&place.desk).await.unwrap();
}

#[tokio::test]
async fn the_keyboard_leaves_the_page_for_the_bar_and_ends_the_session_from_there() {
    let _turn = TURN.lock().await;
    let place = in_session().await;
    let staff = place.at_api().await.unwrap();
    let running = place.running(&staff).await.unwrap().remove(0);
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    // The driver gives the keyboard to what it turns to.
    place.console.to_bar().await.unwrap();
    window.focus().unwrap();
    let is_at = async |wanted: &'static str| {
        let place = &place;
        wait_until(&format!("`{wanted}` to have the keyboard"), LIMIT, move || async move {
            let found = place.console.client().execute("return document.activeElement?.id", vec![]).await.ok()?;
            (found == wanted).then_some(())
        })
        .await;
    };
    place.desk.key("F6").unwrap();
    for button in ["open-unmask", "open-extend"] {
        place.desk.key("Tab").unwrap();
        is_at(button).await;
    }
    place.desk.key("F6").unwrap();
    for key in ["Tab", "Tab", "Tab", "Tab", "Return"] {
        place.desk.key(key).unwrap();
    }
    wait_until("the page to follow the keys", LIMIT, || async {
        let trail = staff.trail(&running.id).await.ok()?;
        trail.iter().any(|event| event.record.body.contains("/appointments")).then_some(())
    })
    .await;
    place.desk.key("ctrl+shift+e").unwrap();
    is_at("end-session").await;
    assert_eq!(place.running(&staff).await.unwrap().len(), 1, "the shortcut alone ends nothing");
    place.desk.key("Return").unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;
}

#[tokio::test]
async fn a_key_typed_when_the_curtain_falls_ends_nothing() {
    let _turn = TURN.lock().await;
    let mut place = in_session().await;
    place.stack.stop_portal();
    {
        let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
        window.open_section(4).unwrap();
        window.until("the curtain", LIMIT, |picture| window.is_covered(picture)).await;
    }
    for key in ["a", "Escape", "Return"] {
        place.desk.key(key).unwrap();
    }
    let staff = place.at_api().await.unwrap();
    assert_eq!(place.running(&staff).await.unwrap().len(), 1);
    // The way out is two steps away, and works: back from the bar, and past the button that has the keyboard to End.
    place.desk.key("F6").unwrap();
    place.desk.key("shift+Tab").unwrap();
    place.desk.key("Return").unwrap();
    place.console.see("end-screen").await;
}
