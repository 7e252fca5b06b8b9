//! What is left on the disk of a session whose page has left a word wherever a page can leave anything.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use amberglass_demo_portal::attacks::{self, MARKER};
use amberglass_testkit::wait_until;
use amberglass_tests::attack_stage::{self, Stage};

use crate::{TURN, hostile_place};

const LIMIT: Duration = Duration::from_secs(20);

/// Files below the folder that contain the word, written with one byte or with two for each letter.
fn files_with(word: &str, folder: &Path) -> Vec<PathBuf> {
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|found| found == part);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(files_with(word, &path));
        } else if kind.is_file() && path.file_name().is_none_or(|name| name != "Xvfb_screen0") {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if contains(&bytes, word.as_bytes()) || contains(&bytes, &wide) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_word_is_found_in_either_width() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    let wide: Vec<u8> = MARKER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path().join("deep/wide"), [b"x".to_vec(), wide].concat()).unwrap();
    std::fs::write(folder.path().join("narrow"), format!("before {MARKER} after")).unwrap();
    std::fs::write(folder.path().join("without"), "nothing").unwrap();
    assert_eq!(files_with(MARKER, folder.path()).len(), 2);
}

#[tokio::test]
async fn no_byte_of_what_a_page_has_stored_is_left_in_profile_cache_and_temporary_folders() {
    let _turn = TURN.lock().await;
    let (other, elsewhere) = attack_stage::other_origin().await.unwrap();
    let place = hostile_place(&other).await;
    let pictures = place.folder.path().join("stack").join("pictures");
    let stage = Stage::enter(&place, elsewhere, pictures).await.unwrap();
    let complaints = stage.perform(attacks::named("marker").unwrap()).await.unwrap();
    assert!(complaints.is_empty(), "{complaints:#?}");
    // It did leave it where a page can.
    let reports = place.stack.hostile_reports().await.unwrap();
    let outcome = reports.iter().rev().find(|report| report["attack"] == "marker" && report["step"] == "done").unwrap();
    let kept = outcome["outcome"].as_str().unwrap();
    for way in ["title", "cookie", "local", "tab", "history", "name", "icon", "database"] {
        assert!(kept.split(' ').any(|done| done == way), "the page could not use its {way}: {kept}");
    }

    place.console.to_bar().await.unwrap();
    place.console.press("end-session").await.unwrap();
    place.console.to_main().await.unwrap();
    place.console.see("end-screen").await;
    // The desk's and the console's folders, not those of server and portal, which live elsewhere in earnest.
    let folders = ["desk", "console", ".cache", ".local", ".config"].map(|name| place.folder.path().join(name));
    let left = || folders.iter().flat_map(|folder| files_with(MARKER, folder)).collect::<Vec<_>>();
    assert_eq!(left(), Vec::<PathBuf>::new(), "once the session has ended");
    let window = place.desk.xdotool(&["search", "--onlyvisible", "--name", "^Amberglass$"]).unwrap();
    place.desk.xdotool(&["windowactivate", "--sync", window.lines().next().unwrap()]).unwrap();
    place.desk.key("alt+F4").unwrap();
    wait_until("the console to be gone", LIMIT, || async { place.console.programs().ok()?.is_empty().then_some(()) })
        .await;
    assert_eq!(left(), Vec::<PathBuf>::new(), "once the console has gone");
    let elsewhere = std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let known = |path: &PathBuf| folders.contains(path) || path.ends_with("stack");
    let unknown: Vec<_> = elsewhere.filter(|path| !known(path)).collect();
    assert!(unknown.is_empty(), "something lies where nobody has looked: {unknown:?}");
}
