//! Pages that do not come to an end, and the person who does.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    attack_stage::{self, Stage},
    gateway_front::Front,
    portal_window::PortalWindow,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

async fn place() -> Workplace {
    let programs = bin_dir();
    let hostile = Some("http://127.0.0.1:9".to_owned());
    let place = Workplace::open(Setting { hostile, ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    place
}

async fn stage(place: &Workplace) -> Stage<'_> {
    let (_, elsewhere) = attack_stage::other_origin().await.unwrap();
    Stage::enter(place, elsewhere, place.folder.path().join("pictures")).await.unwrap()
}

fn is_alive(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_page_that_never_answers_again_keeps_nobody_from_ending_the_session_in_the_bar() {
    let _turn = TURN.lock().await;
    let place = place().await;
    let stage = stage(&place).await;
    let process = place.console.web_processes().unwrap().pop().unwrap();
    stage.begin("busy-for-ever").await.unwrap();
    place.console.to_bar().await.unwrap();
    place.console.press("end-session").await.unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;
    // Its process does not go on by itself.
    wait_until("the page's process to be gone", LIMIT, || async { (!is_alive(process)).then_some(()) }).await;
}

#[tokio::test]
async fn a_page_that_never_answers_again_is_named_in_the_bar_and_stopped_and_the_session_goes_on() {
    let _turn = TURN.lock().await;
    let place = place().await;
    let stage = stage(&place).await;
    let process = place.console.web_processes().unwrap().pop().unwrap();
    stage.begin("busy-for-ever").await.unwrap();
    place.console.to_bar().await.unwrap();
    place.console.clamped_text_with("spoken", "The page does not answer.").await;
    assert!(is_alive(process), "it was ended without being asked about");
    // From the bar to the curtain, where the button that ends nothing has the keyboard.
    place.desk.key("F6").unwrap();
    place.desk.key("Return").unwrap();
    PortalWindow::wait_until_painted(&place.desk).await.unwrap();
    wait_until("the page's process to be gone", LIMIT, || async { (!is_alive(process)).then_some(()) }).await;
    let trail = stage.trail().await.unwrap();
    let covers = |cause: &str| {
        let drawn = trail.iter().filter(|event| event.record.kind == "curtain_drawn");
        drawn.filter(|event| event.record.body.contains(cause)).count()
    };
    assert_eq!((covers("page_stuck"), covers("page_crashed")), (1, 0));
}

#[tokio::test]
async fn a_page_that_does_not_come_is_said_to_be_loading_still_and_a_key_stops_it() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let front = Some(Front::SilentAt("/appointments"));
    let place = Workplace::open(Setting { front, ..Setting::usual(&programs) }).await.unwrap();
    place.sign_in().await.unwrap();
    let window = place.start_session("1042").await.unwrap();
    place.console.to_bar().await.unwrap();
    window.open_section(4).unwrap();
    place.console.see("still-loading").await;
    place.desk.key("Escape").unwrap();
    place.console.gone("still-loading").await;
    let picture = window.picture().unwrap();
    assert!(window.has_frame(&picture) && !window.is_covered(&picture) && !window.is_blank(&picture));
}
