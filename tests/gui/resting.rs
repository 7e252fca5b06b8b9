//! The console whose window was closed: it rests beside the clock, and is back when somebody wants it.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    console::Console,
    desk::Desk,
    picture::Picture,
    tray_host::TrayHost,
    workplace::{Setting, Workplace},
};

use crate::{TURN, approval::at_the_sheet, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);
const WINDOW: &str = "^Amberglass$";

/// Somebody signed in on a desk with toasts closes the window, as they have said in the settings that they would.
async fn rest(console: &Console, desk: &Desk) -> TrayHost {
    let tray = TrayHost::start(desk).await.unwrap();
    desk.key("ctrl+comma").unwrap();
    console.press("closing-rests").await.unwrap();
    // Nothing says that it is missing.
    console.gone("no-tray").await;
    console.gone("no-notifications").await;
    assert!(!console.web_processes().unwrap().is_empty());
    desk.key("alt+F4").unwrap();
    wait_until("the window to go", LIMIT, || async { (!desk.window_exists(WINDOW)).then_some(()) }).await;
    wait_until("its web process to go", LIMIT, || async { console.web_processes().unwrap().is_empty().then_some(()) })
        .await;
    wait_until("its network process to go", LIMIT, || async {
        console.network_processes().unwrap().is_empty().then_some(())
    })
    .await;
    assert_eq!(console.programs().unwrap().len(), 1);
    tray
}

#[tokio::test]
async fn a_closed_console_rests_in_the_tray_without_a_web_process_and_its_menu_brings_it_back() {
    let _turn = TURN.lock().await;
    let mut place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.desk.show_toasts().await.unwrap();
    place.sign_in().await.unwrap();
    let _tray = rest(&place.console, &place.desk).await;
    TrayHost::choose(&place.desk, "Open Amberglass").await.unwrap();
    let area = place.desk.window(WINDOW).await;
    // The engine starts its processes again, and the screen comes up whole.
    let full = |picture: &Picture| picture.ink_percent(area) >= 3;
    wait_until("the console's screen", LIMIT, || async {
        place.desk.picture().is_ok_and(|now| full(&now)).then_some(())
    })
    .await;
    assert_eq!(place.console.programs().unwrap().len(), 1);
}

#[tokio::test]
async fn who_rests_is_told_of_a_request_and_the_toast_opens_the_window() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let (place, lead) = at_the_sheet(&programs).await;
    let _tray = rest(&lead.console, &lead.desk).await;
    place.console.press("ask-approval").await.unwrap();
    lead.desk.toast("Amy Lee asks for your approval").await;
    lead.desk.tap_toast().unwrap();
    lead.desk.window(WINDOW).await;
}

#[tokio::test]
async fn where_there_is_no_tray_the_settings_say_so_and_closing_the_window_leaves() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.desk.key("ctrl+comma").unwrap();
    place.console.press("closing-rests").await.unwrap();
    place.console.text_with("no-tray", "has no tray").await;
    place.console.text_with("no-notifications", "shows no notifications").await;
    place.desk.key("alt+F4").unwrap();
    wait_until("the program to end", LIMIT, || async { place.console.programs().unwrap().is_empty().then_some(()) })
        .await;
}
