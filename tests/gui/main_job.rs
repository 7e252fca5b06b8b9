use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    main_job,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

#[tokio::test]
async fn the_main_job_works_from_sign_in_to_the_record() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let report = main_job::run(&bin_dir(), folder.path()).await.unwrap();
    let error = std::fs::read_to_string(folder.path().join("error.txt")).unwrap_or_default();
    assert!(report.ok, "{error}\n{:#?}", report.steps);
    let trail = std::fs::read_to_string(folder.path().join("trail.jsonl")).unwrap();
    assert!(trail.lines().count() >= 6, "{trail}");
}

#[tokio::test]
async fn a_second_session_after_the_first_has_a_store_of_its_own() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    for customer in ["1042", "1077"] {
        place.start_session(customer).await.unwrap();
        place.console.to_bar().await.unwrap();
        place.console.press("end-session").await.unwrap();
        place.console.to_main().await.unwrap();
        place.console.press("dismiss-end").await.unwrap();
        place.console.gone("end-screen").await;
    }
    let cache = place.home().join("cache");
    let runs: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "there is the folder of this run and nothing else: {runs:?}");
    let left: Vec<_> = std::fs::read_dir(&runs[0]).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The run's lock, and the content filter, which knows the gateway's address and nothing of a session.
    assert_eq!(left.len(), 2, "a session left files behind: {left:?}");
    // Leaving as a person does removes that too.
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).unwrap();
    place.desk.xdotool(&["windowactivate", "--sync", window.lines().next().unwrap()]).unwrap();
    place.desk.key("alt+F4").unwrap();
    wait_until("the folder of the run to be removed", Duration::from_secs(20), || async {
        std::fs::read_dir(&cache).ok()?.next().is_none().then_some(())
    })
    .await;
}
