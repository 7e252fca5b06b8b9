//! The program started twice, and started again after it was killed.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use amberglass_testkit::wait_until;
use amberglass_tests::{
    workplace::{Setting, Workplace},
    world_line::At,
};
use amberglass_wire::session::EndedBy;

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

/// What the second start of the same installation says before it ends.
fn start_again(place: &Workplace, arguments: &[&str]) -> String {
    let second = Command::new(bin_dir().join("amberglass"))
        .args(arguments)
        .envs(place.desk.environment().iter().cloned())
        .env("AMBERGLASS_HOME", place.home())
        .env("AMBERGLASS_SERVER", &place.stack.api)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(second.status.success(), "{second:?}");
    String::from_utf8_lossy(&second.stdout).into_owned()
}

#[tokio::test]
async fn a_link_from_a_ticket_reaches_the_console_that_runs_and_fills_in_the_start_sheet() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.console.see("sign-in").await;
    // Before the sign-in it waits for that.
    start_again(&place, &["amberglass://start?customer=1042&ticket=TCK-9001"]);
    place.sign_in().await.unwrap();
    place.console.see("ticket").await;
    let ticket = place.console.client().execute("return document.getElementById('ticket').value", vec![]);
    assert_eq!(ticket.await.unwrap(), "TCK-9001");

    start_again(&place, &["amberglass://start?ticket=TCK-9001"]);
    place.console.text_with("broken-link", "names no customer").await;
    let staff = place.at_api().await.unwrap();
    assert!(place.running(&staff).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_second_start_brings_the_first_window_to_the_front_says_so_and_ends_well() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.console.see("sign-in").await;
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).unwrap();
    place.desk.xdotool(&["windowminimize", window.lines().next().unwrap()]).unwrap();
    wait_until("the window to be minimised", LIMIT, || async {
        (!place.desk.window_exists("^Amberglass$")).then_some(())
    })
    .await;
    let words = start_again(&place, &[]);
    assert!(words.contains("running already"), "{words}");
    place.desk.window("^Amberglass$").await;
    assert_eq!(place.console.programs().unwrap().len(), 1);
}

#[tokio::test]
async fn two_installations_on_one_desk_do_not_take_each_other_for_a_second_start() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.console.see("sign-in").await;
    let other = place.folder.path().join("other");
    let mut command = Command::new(bin_dir().join("amberglass"));
    command
        .envs(place.desk.environment().iter().cloned())
        .env("AMBERGLASS_HOME", &other)
        .env("AMBERGLASS_SERVER", &place.stack.api);
    let mut second = amberglass_tests::process::Process::start(
        "the other installation",
        &mut command,
        &place.folder.path().join("other.log"),
    )
    .unwrap();
    wait_until("two windows", LIMIT, || async {
        let found = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).ok()?;
        (found.lines().count() == 2).then_some(())
    })
    .await;
    assert!(second.is_running());
}

#[tokio::test]
async fn after_a_crash_in_a_session_the_next_start_tells_and_nothing_of_the_session_is_left_on_the_disk() {
    let _turn = TURN.lock().await;
    let mut place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    let staff = place.at_api().await.unwrap();
    let running = place.running(&staff).await.unwrap().remove(0);
    place.console.kill_program().await.unwrap();
    wait_until("the session window to go", LIMIT, || async {
        (!place.desk.window_exists(&running.code)).then_some(())
    })
    .await;
    let left = names(&place.home().join("cache"));
    assert!(left.len() == 1 && left[0].starts_with("run-"), "the crash leaves this run's folder: {left:?}");

    place.start_console_again(&bin_dir()).await.unwrap();
    let words = place.console.text("recovered").await.unwrap();
    assert!(words.contains(&running.code) || words.contains("Jane Doe"), "{words}");
    let now = names(&place.home().join("cache"));
    assert!(now.len() == 1 && now != left, "the killed run's folder is removed: {now:?}");
    place.console.press("recovered-end").await.unwrap();
    wait_until("the session to end", LIMIT, || async { place.running(&staff).await.ok()?.is_empty().then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_killed_while_the_server_answers_a_start_or_an_end_leaves_one_end_of_each_session() {
    let _turn = TURN.lock().await;
    let mut place = Workplace::open(Setting { through_a_line: true, ..Setting::usual(&bin_dir()) }).await.unwrap();
    place.sign_in().await.unwrap();
    let staff = place.at_api().await.unwrap();
    place.line().hold_at(At::Answer, "POST /v1/sessions ");
    place.press_start("1042").await.unwrap();
    killed_and_back(&mut place, 1).await;
    // The server began it, and nobody saw a window of it. The card names it before anything else begins.
    let begun = place.running(&staff).await.unwrap().remove(0);
    assert!(!place.desk.window_exists(&begun.code));
    place.console.fill("find-field", "1042").await.unwrap();
    place.console.press("customer-1042").await.unwrap();
    place.console.see("conflict").await;
    place.console.press("conflict-end").await.unwrap();
    place.console.gone("conflict").await;

    place.start_session("1042").await.unwrap();
    let second = place.running(&staff).await.unwrap().remove(0);
    assert_ne!(second.id, begun.id);
    place.line().hold_at(At::Answer, "POST /v1/sessions/");
    place.console.to_bar().await.unwrap();
    place.console.press("end-session").await.unwrap();
    killed_and_back(&mut place, 2).await;
    // It ended as its agent wished: the console only makes up for the record of the closed window.
    wait_until("the record of the closed window", LIMIT, || async {
        let trail = staff.trail(&second.id).await.ok()?;
        trail.iter().any(|event| event.record.kind == "window_closed").then_some(())
    })
    .await;
    assert!(!place.console.is_shown("recovered").await, "there is nothing to tell");
    for session in [begun, second] {
        let trail = staff.trail(&session.id).await.unwrap();
        let ends = trail.iter().filter(|event| event.record.kind == "session_ended").count();
        assert_eq!(ends, 1, "{}", session.code);
    }
    assert!(staff.sessions().await.unwrap().iter().all(|session| session.ended_by == Some(EndedBy::Staff)));
}

/// Once the line has failed at so many requests the console dies, and starts again on a line that is whole.
async fn killed_and_back(place: &mut Workplace, failed: usize) {
    place.line().until_lost(failed).await;
    place.console.kill_program().await.unwrap();
    place.line().cut();
    place.line().mend();
    place.start_console_again(&bin_dir()).await.unwrap();
}

fn names(folder: &std::path::Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
