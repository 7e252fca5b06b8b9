//! What goes from a page to the clipboard, and by whose hand.

use std::time::Duration;

use amberglass_demo_portal::attacks;
use amberglass_testkit::wait_until;
use amberglass_tests::{
    attack_stage::{self, Stage},
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);
const FIELD: &str = "let field = document.getElementById('pasted');
    if (!field) {
        field = document.createElement('textarea');
        field.id = 'pasted';
        field.style.cssText = 'position:fixed;inset:0 auto auto 0;width:300px;height:300px;z-index:9';
        document.body.append(field);
    }";

/// The console's own window comes to the front, with an empty field that has the keyboard.
async fn to_field(place: &Workplace) {
    place.console.to_main().await.unwrap();
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).unwrap();
    place.desk.xdotool(&["windowactivate", "--sync", window.lines().next().unwrap()]).unwrap();
    place.console.client().execute(&format!("{FIELD} field.value = ''; field.focus();"), vec![]).await.unwrap();
}

async fn field_says(place: &Workplace) -> String {
    let said = place.console.client().execute(&format!("{FIELD} return field.value"), vec![]).await.unwrap();
    said.as_str().unwrap().to_owned()
}

/// In the console itself.
async fn copy_a_word(place: &Workplace) {
    to_field(place).await;
    for key in ["w", "o", "r", "d", "ctrl+a", "ctrl+c"] {
        place.desk.key(key).unwrap();
    }
}

/// What whoever pastes elsewhere gets. A word typed behind it says that all of it is there.
async fn pasted(place: &Workplace) -> String {
    to_field(place).await;
    place.desk.key("ctrl+v").unwrap();
    place.desk.key("z").unwrap();
    let whole = || async { field_says(place).await.strip_suffix('z').map(str::to_owned) };
    wait_until("what was pasted", LIMIT, whole).await
}

async fn to_session(place: &Workplace) {
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", " · AG-"]).unwrap();
    place.desk.xdotool(&["windowactivate", "--sync", window.lines().next().unwrap()]).unwrap();
}

async fn place(machine_policy: &str) -> Workplace {
    let programs = bin_dir();
    let hostile = Some("http://127.0.0.1:9".to_owned());
    let place = Workplace::open(Setting { hostile, machine_policy, ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    place
}

async fn stage(place: &Workplace) -> Stage<'_> {
    let (_, elsewhere) = attack_stage::other_origin().await.unwrap();
    Stage::enter(place, elsewhere, place.folder.path().join("pictures")).await.unwrap()
}

async fn refusals(stage: &Stage<'_>) -> usize {
    let trail = stage.trail().await.unwrap();
    let of_clipboard = |body: &str| body.contains("\"clipboard\"");
    trail.iter().filter(|event| event.record.kind == "attempt_refused" && of_clipboard(&event.record.body)).count()
}

#[tokio::test]
async fn a_page_puts_nothing_on_the_clipboard_and_no_selection_leaves_it() {
    let _turn = TURN.lock().await;
    let place = place("").await;
    let stage = stage(&place).await;
    copy_a_word(&place).await;
    assert_eq!(pasted(&place).await, "word", "the console's own words may be copied");
    to_session(&place).await;
    for attack in ["copy", "copy-handler", "copy-newer", "copy-selection"] {
        let complaints = stage.perform(attacks::named(attack).unwrap()).await.unwrap();
        assert!(complaints.is_empty(), "{attack}: {complaints:#?}");
        assert_eq!(pasted(&place).await, "", "after {attack}");
        to_session(&place).await;
    }
    assert_eq!(refusals(&stage).await, 2);
    // What is selected is not for whoever clicks with the middle button elsewhere, either; and not when it is selected while the
    // console has the keyboard.
    let attack = attacks::named("copy-selection-away").unwrap();
    assert!(stage.perform(attack).await.unwrap().is_empty());
    stage.focus_page().unwrap();
    to_field(&place).await;
    let selected = || async {
        let trail = stage.trail().await.unwrap();
        trail.iter().any(|event| event.record.body.contains("/hostile/probe.js")).then_some(())
    };
    wait_until("the page to have selected", LIMIT, selected).await;
    place.console.client().execute(&format!("{FIELD} field.blur()"), vec![]).await.unwrap();
    let (x, y, _, _) = place.desk.window("^Amberglass$").await;
    place.desk.xdotool(&["mousemove", &(x + 100).to_string(), &(y + 100).to_string(), "click", "2"]).unwrap();
    place.desk.key("z").unwrap();
    wait_until("the middle button", LIMIT, || async { (field_says(&place).await == "z").then_some(()) }).await;
}

#[tokio::test]
async fn the_persons_own_key_copies_what_is_selected_in_a_page() {
    let _turn = TURN.lock().await;
    let place = place("").await;
    let stage = stage(&place).await;
    to_session(&place).await;
    stage.focus_page().unwrap();
    place.desk.key("ctrl+a").unwrap();
    place.desk.key("ctrl+c").unwrap();
    // By way of the page's process, which takes its time.
    let copied = || async { pasted(&place).await.contains("waits for what to do").then_some(()) };
    wait_until("the person's own copy", LIMIT, copied).await;
    assert_eq!(refusals(&stage).await, 0);
}

#[tokio::test]
async fn where_the_computers_settings_refuse_it_no_key_copies_out_of_a_session_either() {
    let _turn = TURN.lock().await;
    let place = place("clipboard = \"refuse\"\n").await;
    let stage = stage(&place).await;
    copy_a_word(&place).await;
    assert_eq!(pasted(&place).await, "word");
    for (count, key) in ["ctrl+c", "ctrl+Insert", "ctrl+x", "shift+Delete"].into_iter().enumerate() {
        to_session(&place).await;
        stage.focus_page().unwrap();
        place.desk.key("ctrl+a").unwrap();
        place.desk.key(key).unwrap();
        wait_until(&format!("{key} on record"), LIMIT, || async {
            (refusals(&stage).await == count + 1).then_some(())
        })
        .await;
        assert_eq!(pasted(&place).await, "word", "after {key}");
    }
    place.console.to_bar().await.unwrap();
    place.console.clamped_text_with("spoken", "Nothing of the page went to the clipboard. It was recorded.").await;
}
