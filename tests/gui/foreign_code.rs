//! A computer that loads code of others into the console.

use amberglass_tests::workplace::{Setting, Workplace};

use crate::{TURN, bin_dir};

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
