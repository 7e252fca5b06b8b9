//! What a person sets for themselves on their computer, and what it offers them.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConsoleView, DesktopView, DiagnosticsView, NoticesView, PreferencesView},
};
use amberglass_tests::world::World;

async fn prefer(world: &World, change: impl FnOnce(&mut PreferencesView)) {
    let mut preferences = world.host.view().unwrap().preferences;
    change(&mut preferences);
    world.handle.command(Command::SetPreferences { preferences });
    world.until("the preference", |view| view.preferences == preferences).await;
}

fn close_console(world: &World) {
    world.handle.host_event(HostEvent::ConsoleCloseRequested);
}

#[tokio::test]
async fn a_closed_console_rests_while_a_session_goes_on_and_is_back_when_it_has_ended() {
    let world = World::in_session(1800).await;
    prefer(&world, |preferences| preferences.rest_in_tray = true).await;
    close_console(&world);
    world.until_true("the window to go", || !world.host.has_console()).await;
    assert!(world.host.closed().is_empty(), "the session goes on");
    world.handle.command(Command::EndSession {});
    world.until("the end", |view| view.ended.is_some()).await;
    world.until_true("the window with the end screen", || world.host.has_console()).await;
}

#[tokio::test]
async fn without_a_tray_or_without_the_wish_closing_the_window_ends_session_and_program() {
    for tray in [false, true] {
        let world = World::in_session(1800).await;
        let desktop = DesktopView { tray, notifications: true };
        world.handle.host_event(HostEvent::DesktopSeen { desktop });
        world.until("the desktop", |view| view.desktop == desktop).await;
        prefer(&world, |preferences| preferences.rest_in_tray = !tray).await;
        close_console(&world);
        world.handle.closed().await;
        assert_eq!(world.host.closed().len(), 1, "the session's window is closed too");
        assert!(world.host.has_console(), "it was not asked to rest");
    }
}

#[tokio::test]
async fn the_start_with_the_desktop_is_set_and_taken_back() {
    let world = World::open().await;
    for starts in [true, false] {
        prefer(&world, |preferences| preferences.starts_with_desktop = starts).await;
        assert_eq!(world.host.starts_with_desktop(), starts);
    }
}

#[tokio::test]
async fn a_person_who_wants_break_glass_alone_is_not_told_that_their_session_was_ended() {
    for (notices, told) in [(NoticesView::All, true), (NoticesView::Yours, true), (NoticesView::BreakGlass, false)] {
        let world = World::in_session(120).await;
        prefer(&world, |preferences| preferences.notices = notices).await;
        world.pass_seconds(121).await;
        // Whoever asks before the server has ended it asks again later.
        let is_over = async || world.host.view().filter(|view| view.ended.is_some()).map(drop);
        world.pass_until("the end", 60, is_over).await;
        let ended = || world.host.told().iter().any(|notice| notice.title.contains("has ended"));
        assert_eq!(ended(), told, "{notices:?}");
    }
}

#[tokio::test]
async fn diagnostics_are_saved_where_the_person_says_and_hold_nothing_about_a_customer() {
    let world = World::in_session(1800).await;
    world.visit("/invoices?owner=Jane").await;
    let (folder, saved) =
        (tempfile::tempdir().unwrap(), |view: &ConsoleView| view.diagnostics != DiagnosticsView::Idle {});
    let logs = world.console_folder().join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("amberglass.log"), "a page of Jane Doe at http://barkside.localhost/c/1042 failed\n")
        .unwrap();
    let file = folder.path().join("diagnostics.txt");
    world.host.choose(&file);
    world.handle.command(Command::SaveDiagnostics {});
    let done = DiagnosticsView::Done { file: file.display().to_string() };
    world.until("the file", |view| saved(view) && view.diagnostics == done).await;
    let text = std::fs::read_to_string(&file).unwrap();
    for part in [
        "Program and computer",
        "connection: online",
        "waiting: ",
        "a page of [name] at http://barkside.localhost/[path] failed",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    for person in ["Jane", "1042", "TCK-", "AG-", "invoices"] {
        assert!(!text.contains(person), "{person} stands in:\n{text}");
    }
    // A file that is there stays.
    world.handle.command(Command::SaveDiagnostics {});
    world.until("the refusal", |view| matches!(view.diagnostics, DiagnosticsView::Failed { .. })).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
