//! Files that a portal's rules list, where the policy lets agents keep them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use amberglass_testkit::wait_until;
use amberglass_tests::{
    attack_stage::{self, Stage},
    main_job::seen_at_server,
    workplace::{Setting, Workplace},
};
use amberglass_wire::audit::{EventBody, EventDetail};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(files_below(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files.sort();
    files
}

/// What of a file has come lies in the folder of the console's run.
fn coming(place: &Workplace) -> Vec<PathBuf> {
    let is_coming = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("file-"));
    files_below(&place.home().join("cache")).into_iter().filter(is_coming).collect()
}

async fn picture(place: &Workplace, step: &str) {
    let Ok(folder) = std::env::var("AMBERGLASS_PICTURES") else { return };
    let file = Path::new(&folder).join(format!("downloads-{step}.png"));
    place.desk.picture_at_rest().await.unwrap().save(&file).unwrap();
}

#[tokio::test]
async fn a_file_that_rules_and_policy_allow_is_saved_told_with_its_place_and_outlives_the_session() {
    let _turn = TURN.lock().await;
    let programs = bin_dir();
    let setting = Setting { files: Some(String::new()), ..Setting::usual(&programs) };
    let place = Workplace::open(setting).await.unwrap();
    place.sign_in().await.unwrap();
    let portal = place.start_session("1042").await.unwrap();
    let agent = place.at_api().await.unwrap();
    let session = place.running(&agent).await.unwrap().remove(0);
    let folder = place.folder.path().join("Downloads").join("Amberglass").join(&session.code);
    assert!(!place.folder.path().join("Downloads").exists());
    portal.open_section(6).unwrap();
    seen_at_server(&agent, &session.id, "page_viewed", "/invoices").await;
    portal.settle().await;

    place.console.to_bar().await.unwrap();
    for count in 1..=2 {
        // The first invoice's link, past head and navigation.
        portal.open_section(9).unwrap();
        wait_until("the file", LIMIT, || async { (files_below(&folder).len() == count).then_some(()) }).await;
        let name = if count == 1 { ".csv in " } else { " (2).csv in " };
        for words in ["stays after the session", name, &folder.display().to_string()] {
            place.console.clamped_text_with("notice", words).await;
        }
        picture(&place, &count.to_string()).await;
    }
    let saved = files_below(&folder);
    for file in &saved {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.starts_with("what,cents\r\n") && text.lines().count() > 1, "{text}");
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("invoice-") && name.ends_with(".csv"), "{name}");
    }
    // The page itself stands as it stood.
    assert!(portal.has_frame(&portal.picture().unwrap()) && !portal.is_covered(&portal.picture().unwrap()));
    let trail = agent.trail(&session.id).await.unwrap();
    let bodies = trail.iter().map(|event| serde_json::from_str::<EventBody>(&event.record.body).unwrap().detail);
    let files = bodies.filter(|detail| {
        matches!(detail, EventDetail::FileDownloaded { rule, content_type, .. } if rule == "invoice-files" && content_type == "text/csv")
    });
    assert_eq!(files.count(), 2);
    assert!(trail.iter().all(|event| event.record.kind != "attempt_refused"), "{trail:#?}");

    place.console.press("end-session").await.unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;
    assert_eq!((files_below(&folder), coming(&place)), (saved, Vec::new()));
}

#[tokio::test]
async fn of_a_file_that_breaks_off_nothing_lies_on_the_disk() {
    let _turn = TURN.lock().await;
    let (other, elsewhere) = attack_stage::other_origin().await.unwrap();
    let programs = bin_dir();
    let listed = "[[download]]\nid = \"half\"\npath = \"/hostile/answer/half-attachment\"\n\
                  content_types = [\"text/csv\"]\nmax_bytes = 3000000\n";
    let setting = Setting { hostile: Some(other), files: Some(listed.to_owned()), ..Setting::usual(&programs) };
    let place = Workplace::open(setting).await.unwrap();
    place.sign_in().await.unwrap();
    let pictures = place.folder.path().join("stack").join("pictures");
    let stage = Stage::enter(&place, elsewhere, pictures).await.unwrap();
    place.console.to_bar().await.unwrap();
    place.stack.order_attack("download-half").await.unwrap();
    place.console.clamped_text_with("notice", "Nothing of it was kept").await;
    let trail = stage.trail().await.unwrap();
    assert!(trail.iter().any(|event| event.record.kind == "file_downloaded"));
    assert_eq!((files_below(&place.folder.path().join("Downloads")), coming(&place)), (Vec::new(), Vec::new()));
}
