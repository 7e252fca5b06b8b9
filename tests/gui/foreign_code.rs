//! A computer that loads code of others into the console, or wants to look into it.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::workplace::{Setting, Workplace};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_was_loaded_into_the_console_is_on_record_with_each_session() {
    let _turn = TURN.lock().await;
    let variables = [("LD_PRELOAD", "libm.so.6")];
    let place = Workplace::open(Setting { variables: &variables, ..Setting::usual(&bin_dir()) }).await.unwrap();
    place.sign_in().await.unwrap();
    place.press_start("1042").await.unwrap();
    place.console.press("end-session").await.unwrap();
    place.console.see("end-screen").await;
    place.console.press("open-trail").await.unwrap();
    place.console.clamped_text_with("trail", "LD_PRELOAD=libm.so.6").await;
    let kinds = place.console.kinds("trail-event").await.unwrap();
    let [loaded, opened] =
        ["foreign_code_loaded", "window_opened"].map(|kind| kinds.iter().position(|one| one == kind));
    assert!(loaded.is_some() && opened.is_some() && loaded < opened, "{kinds:?}");
}

#[tokio::test]
async fn the_toolkits_inspector_does_not_open_where_the_desktop_has_it_on_a_key() {
    let _turn = TURN.lock().await;
    let config = tempfile::tempdir().unwrap();
    let settings = config.path().join("glib-2.0/settings");
    std::fs::create_dir_all(&settings).unwrap();
    let switched_on = "[org/gtk/settings/debug]\nenable-inspector-keybinding=true\ninspector-warning=false\n";
    std::fs::write(settings.join("keyfile"), switched_on).unwrap();
    let config = config.path().display().to_string();
    let variables = [("GSETTINGS_BACKEND", "keyfile"), ("XDG_CONFIG_HOME", config.as_str())];
    let place = Workplace::open(Setting { variables: &variables, ..Setting::usual(&bin_dir()) }).await.unwrap();
    place.console.see("sign-in").await;
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).unwrap();
    place.desk.xdotool(&["windowactivate", "--sync", window.lines().next().unwrap()]).unwrap();
    for key in ["ctrl+shift+d", "ctrl+shift+i"] {
        place.desk.key(key).unwrap();
    }
    let asked_for =
        || async { place.console_log().unwrap().contains("inspector was asked for and refused").then_some(()) };
    wait_until("the key to be heard", LIMIT, asked_for).await;
    assert!(!place.desk.window_exists("Inspector"), "GTK's inspector stands beside the console");
}
