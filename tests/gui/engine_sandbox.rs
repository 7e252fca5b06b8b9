//! Whether the engine's processes run in its sandbox, and whether the console knows.

use amberglass_tests::workplace::{Setting, Workplace};

use crate::{TURN, bin_dir};

#[tokio::test]
async fn web_processes_have_no_files_of_the_account_before_them_where_the_log_says_so_and_only_there() {
    let _turn = TURN.lock().await;
    // By these the engine would take itself for a Snap, and make none.
    let variables = [("SNAP", "/snap/any/1"), ("SNAP_NAME", "any"), ("SNAP_REVISION", "1")];
    let place = Workplace::open(Setting { variables: &variables, ..Setting::usual(&bin_dir()) }).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    let log = place.console_log().unwrap();
    let says_so = log.contains("web processes run in the engine's sandbox");
    assert!(says_so || log.contains("web processes run without the engine's sandbox"), "{log}");
    let console = place.console.programs().unwrap().remove(0);
    let view_of_files = |id: i32| std::fs::read_link(format!("/proc/{id}/ns/mnt")).unwrap();
    let web_processes = place.console.web_processes().unwrap();
    assert!(web_processes.len() >= 2, "the console's and the page's");
    for id in web_processes {
        assert_eq!(view_of_files(id) != view_of_files(console), says_so, "{id}");
    }
}
