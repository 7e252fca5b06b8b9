//! The page attacks the window it is shown in.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    attack_stage::other_origin, picture::Picture, portal_window::PortalWindow, workplace::Workplace,
};

use crate::{TURN, hostile_place};

const MAGENTA: [u8; 3] = [0xff, 0x00, 0xff];
/// For pages that need no other origin.
const NOWHERE: &str = "http://127.0.0.1:9";
const LIMIT: Duration = Duration::from_secs(20);

/// The page is magenta all over, and yet frame, watermark and countdown stand over it.
async fn stands_over_magenta(window: &PortalWindow<'_>) -> Picture {
    let (x, y, width, height) = window.area;
    let page = (x + 20, y + 20, width - 40, height - 80);
    let all = usize::try_from(page.2 * page.3).unwrap();
    wait_until("the page to cover itself", LIMIT, || async {
        let picture = window.picture().ok()?;
        (picture.count(page, MAGENTA, 60) * 100 >= all * 95).then_some(())
    })
    .await;
    let picture = window.picture().unwrap();
    assert!(window.has_frame(&picture), "the frame is covered");
    assert!(window.has_countdown(&picture), "the countdown is covered");
    let pure = picture.count(page, MAGENTA, 0);
    assert!(pure * 1000 < all * 998, "no watermark lies over the page: {pure} of {all} pixels are untouched");
    picture
}

#[tokio::test]
async fn a_page_that_covers_everything_changes_neither_frame_nor_watermark_nor_countdown() {
    let _turn = TURN.lock().await;
    let place = hostile_place(NOWHERE).await;
    let window = place.start_session("1042").await.unwrap();
    window.follow_hostile_link("cover").unwrap();
    stands_over_magenta(&window).await;
}

#[tokio::test]
async fn a_dialog_in_the_top_layer_changes_neither_frame_nor_watermark_nor_countdown() {
    let _turn = TURN.lock().await;
    let place = hostile_place(NOWHERE).await;
    let window = place.start_session("1042").await.unwrap();
    window.follow_hostile_link("dialog").unwrap();
    stands_over_magenta(&window).await;
}

#[tokio::test]
async fn killing_the_bars_web_process_leaves_the_frame_and_the_bar_comes_back() {
    let _turn = TURN.lock().await;
    let place = hostile_place(NOWHERE).await;
    let window = place.start_session("1042").await.unwrap();
    window.follow_hostile_link("cover").unwrap();
    let processes = place.console.web_processes().unwrap();
    assert_eq!(processes.len(), 3, "console, bar and portal have a web process each: {processes:?}");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(processes[1]), nix::sys::signal::Signal::SIGKILL).unwrap();
    stands_over_magenta(&window).await;
    let (x, y, width, _) = window.area;
    let bar = (x + 4, y - 60, width - 8, 56);
    wait_until("the bar to come back", LIMIT, || async {
        let picture = window.picture().ok()?;
        let amber = picture.count(bar, amberglass_tests::portal_window::LIVE, 3);
        let dark = picture.count(bar, [0x1c, 0x19, 0x17], 40);
        (amber > 10_000 && dark > 500).then_some(())
    })
    .await;
}

/// Kinds of attempts that the console has recorded at the server for the running session.
async fn recorded_attempts(place: &Workplace) -> Vec<String> {
    let staff = place.at_api().await.unwrap();
    let session = place.running(&staff).await.unwrap().remove(0).id;
    let trail = staff.trail(&session).await.unwrap();
    let bodies = trail.iter().filter(|event| event.record.kind == "attempt_refused").map(|event| &event.record.body);
    bodies
        .map(|body| serde_json::from_str::<serde_json::Value>(body).unwrap())
        .map(|body| body["detail"]["attempt"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_hostile_page_finds_no_bridge_and_no_way_out() {
    let _turn = TURN.lock().await;
    let (other, seen) = other_origin().await.unwrap();
    let place = hostile_place(&other).await;
    let window = place.start_session("1042").await.unwrap();
    window.follow_hostile_link("probe").unwrap();
    let report = wait_until("the page's findings", Duration::from_secs(90), || async {
        place.stack.hostile_reports().await.ok()?.into_iter().find(|report| report["stage"] == "loaded")
    })
    .await;
    let bridges = &report["bridges"];
    for bridge in ["tauri", "tauri_internals", "ipc", "webkit_message_handlers", "chrome_webview", "rtc"] {
        assert_eq!(bridges[bridge], false, "{bridge}: {report:#}");
    }
    assert_eq!(bridges["suspicious_names"], serde_json::json!([]), "{report:#}");
    assert_eq!(bridges["cookies"], "", "{report:#}");
    assert_eq!(report["events"]["fullscreenchange"], 0, "{report:#}");
    // Having reported, the page tries to leave.
    wait_until("the refused navigation on record", LIMIT, || async {
        recorded_attempts(&place).await.contains(&"navigation".to_owned()).then_some(())
    })
    .await;
    assert!(seen.lock().unwrap().is_empty(), "another origin was reached: {report:#}");
}

#[tokio::test]
async fn a_click_on_a_hostile_page_opens_no_door_either_and_each_attempt_is_on_record() {
    let _turn = TURN.lock().await;
    let (other, seen) = other_origin().await.unwrap();
    let place = hostile_place(&other).await;
    let window = place.start_session("1042").await.unwrap();
    window.follow_hostile_link("probe with clicks").unwrap();
    let stage = async |stage: &'static str, count: usize| {
        let place = &place;
        wait_until(&format!("finding {count}, {stage}"), Duration::from_secs(30), move || async move {
            let reports = place.stack.hostile_reports().await.ok()?;
            let reports: Vec<_> = reports.into_iter().filter(|report| report["stage"] == stage).collect();
            (reports.len() >= count).then_some(reports)
        })
        .await
    };
    stage("loaded", 1).await;
    place.desk.key("Tab").unwrap();
    let mut clicked = Vec::new();
    loop {
        place.desk.key("space").unwrap();
        clicked = stage("clicked", clicked.len() + 1).await;
        if clicked.last().unwrap()["left"] == 0 {
            break;
        }
    }
    let outcome = |escape: &str| {
        let found = clicked.iter().find(|report| report["escape"] == escape);
        found.unwrap_or_else(|| panic!("{escape} was not tried: {clicked:#?}"))["outcome"].clone()
    };
    for refused in [
        "clipboard_write",
        "clipboard_read",
        "fullscreen",
        "media",
        "screen",
        "location",
        "pointer_lock",
        "open",
        "open_blank",
    ] {
        let outcome = outcome(refused);
        let granted = ["granted", "opened", "written", "read"].contains(&outcome.as_str().unwrap_or_default());
        assert!(!granted, "{refused}: {outcome}");
    }
    assert_ne!(outcome("notification"), "granted");
    let recorded = recorded_attempts(&place).await;
    for attempt in ["print", "download", "upload", "new_window"] {
        assert!(recorded.contains(&attempt.to_owned()), "{attempt} is not on record: {recorded:?}");
    }
    assert!(seen.lock().unwrap().is_empty(), "another origin was reached");
    let titles = place.desk.xdotool(&["search", "--onlyvisible", "--name", ""]).unwrap();
    assert!(!place.desk.window_exists("Print"), "a print dialog stands open: {titles}");
    for name in ["escaped.txt", "escaped-blob.txt", "probe.js"] {
        assert!(!place.folder.path().join("Downloads").join(name).exists());
    }
}
