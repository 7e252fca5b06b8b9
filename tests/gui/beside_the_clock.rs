//! What the desktop and the console tell each other outside of windows: the tray, and that somebody is back.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    process::run,
    tray_host::tray_menu,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_tray_says_who_is_signed_in_and_what_runs_and_a_screen_that_is_unlocked_delivers_at_once() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    let says = |wanted: &'static [&'static str]| {
        let place = &place;
        wait_until("the tray", LIMIT, move || async move {
            let (_, menu) = tray_menu(&place.desk)?;
            wanted.iter().all(|words| menu.contains(words)).then_some(())
        })
    };
    says(&["Signed in as Amy", "Online", "Synced", "No session runs", "Open Amberglass", "\"Quit\""]).await;
    place.start_session("1042").await.unwrap();
    says(&["AG-", " min left", "End session and quit"]).await;

    let unlocked = || {
        let signal = ["org.freedesktop.ScreenSaver.ActiveChanged", "boolean:false"];
        let arguments = ["--session", "--type=signal", "/org/freedesktop/ScreenSaver", signal[0], signal[1]];
        run("dbus-send", &arguments, place.desk.environment())
    };
    unlocked().unwrap();
    let logs = place.home().join("data/logs");
    wait_until("the word about it", LIMIT, || async {
        let told = std::fs::read_dir(&logs).ok()?.flatten().any(|entry| {
            std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("delivery is tried at once"))
        });
        told.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_trail_is_saved_where_the_person_says_in_the_desktops_own_dialog_for_them_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.press_start("1042").await.unwrap();
    place.console.see("end-session").await;
    place.console.press("end-session").await.unwrap();
    place.console.see("end-screen").await;
    place.console.press("open-trail").await.unwrap();
    place.console.see("trail-export").await;
    place.console.press("trail-export").await.unwrap();
    place.console.press("export-choose").await.unwrap();
    place.desk.window("^Save the trail$").await;
    let file = place.folder.path().join("mine.jsonl");
    // The field for the name has the focus, and takes a whole path.
    place.desk.xdotool(&["key", "ctrl+a"]).unwrap();
    place.desk.xdotool(&["type", "--delay", "20", file.to_str().unwrap()]).unwrap();
    place.desk.xdotool(&["key", "Return"]).unwrap();
    place.console.text_with("export-state", "That is on record").await;
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().count() > 3 && text.contains("\"kind\":\"session_started\""), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
