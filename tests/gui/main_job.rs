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
    let left: Vec<_> = std::fs::read_dir(place.home().join("cache")).unwrap().collect();
    assert!(left.is_empty(), "a session left files behind: {left:?}");
}
