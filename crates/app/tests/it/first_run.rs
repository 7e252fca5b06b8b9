//! The first run, choosing another server, and what a person sets for themselves.

use amberglass_app::{
    Command,
    preferences::Preferences,
    view::{
        ActionKind, ConsoleErrorCode, KeyringView, PreferencesView, QuietHoursView, SignInView, Theme, UiErrorCode,
    },
};
use amberglass_domain::ports::{BackendError, KeychainEntry, KeychainError, LookupError};

use amberglass_wire::problem::ErrorCode;

use crate::{
    outside::{ADDRESS, MemoryPreferences},
    world::{LIMIT, World},
};

fn set_server(address: &str) -> Command {
    Command::SetServer { address: address.into() }
}

fn fresh() -> World {
    World::fresh_with(MemoryPreferences::default(), false, |_, _, _| {})
}

async fn until_refused(world: &World) -> ConsoleErrorCode {
    let view = world.until("refused", |view| view.first_run.error.is_some() && !view.first_run.checking).await;
    assert!(view.first_run.needed && view.first_run.found.is_none());
    match view.first_run.error.unwrap().code {
        UiErrorCode::Console(code) => code,
        UiErrorCode::Server(code) => panic!("{code:?}"),
    }
}

#[tokio::test]
async fn nobody_signs_in_before_a_server_is_chosen_and_the_notice_is_read() {
    let world = fresh();
    let view = world.until("the key store", |view| view.first_run.keyring == KeyringView::Usable {}).await;
    assert!(view.first_run.needed && view.first_run.found.is_none() && !view.first_run.address_fixed);
    assert_eq!(view.first_run.address, ADDRESS);
    world.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    world.handle.command(Command::SignIn {});
    world.handle.command(set_server(ADDRESS));
    let view = world.until("the server", |view| view.first_run.found.is_some()).await;
    assert!(view.first_run.needed);
    world.handle.command(Command::SignIn {});
    world.handle.command(Command::AcceptNotice {});
    world.until("settled", |view| !view.first_run.needed).await;
    assert!(world.host.browsed.lock().unwrap().is_empty(), "neither wish came too late to be refused");
    assert_eq!(
        world.kept(),
        Preferences { notice_accepted: true, server: Some(ADDRESS.into()), ..Preferences::default() }
    );
    world.handle.command(Command::SignIn {});
    world.until_true("the browser", || !world.host.browsed.lock().unwrap().is_empty()).await;
    assert!(world.logged("restart").is_empty(), "it is the server of this run");
}

#[tokio::test]
async fn each_thing_that_is_no_server_of_ours_is_said_in_its_own_words_and_nothing_is_kept() {
    let world = fresh();
    world.addresses.refuse("plain", LookupError::Address { detail: "plain http".into() });
    let foreign = BackendError::NotOurs { status: 200, retry_after_seconds: None };
    world.addresses.refuse("hotel", LookupError::Backend(foreign));
    world.addresses.refuse("gateway", LookupError::Backend(crate::backend::refused(ErrorCode::InvalidRequest)));
    for (typed, code) in [
        ("gateway", ConsoleErrorCode::NotAnAmberglassServer),
        ("plain", ConsoleErrorCode::ServerAddressInvalid),
        ("hotel", ConsoleErrorCode::NotAnAmberglassServer),
        ("nobody", ConsoleErrorCode::ServerUnreachable),
    ] {
        world.handle.command(set_server(typed));
        world.until("looked", |view| view.first_run.address == typed && !view.first_run.checking).await;
        assert_eq!(until_refused(&world).await, code, "{typed}");
    }
    assert_eq!(world.kept(), Preferences::default());
    assert!(world.logged("restart").is_empty());
}

#[tokio::test]
async fn another_server_means_another_run() {
    let world = World::in_session().await;
    world.addresses.answer("amberglass.example", "https://amberglass.example");
    world.handle.command(set_server("amberglass.example"));
    world.until_true("the session's window closes", || !world.logged("close_window").is_empty()).await;
    world.handle.host_event(amberglass_app::host::HostEvent::WindowClosed { session: world.session() });
    tokio::time::timeout(LIMIT, world.handle.closed()).await.unwrap();
    assert_eq!(world.kept().server.as_deref(), Some("https://amberglass.example"));
    let log = world.log.lock().unwrap().clone();
    let place = |line: &str| log.iter().position(|logged| logged.starts_with(line)).unwrap();
    assert!(place("end(session-1") < place("close_window") && place("close_window") < place("restart"), "{log:?}");
    assert_eq!(world.logged("restart").len(), 1);
}

#[tokio::test]
async fn a_server_that_is_set_from_outside_is_looked_at_and_not_changed() {
    let world = World::fresh_with(MemoryPreferences::default(), true, |_, _, _| {});
    let view = world.until("the server", |view| view.first_run.found.is_some()).await;
    assert!(view.first_run.address_fixed && view.first_run.needed, "the notice is still to be read");
    world.addresses.answer("elsewhere", "https://elsewhere.example");
    world.handle.command(set_server("elsewhere"));
    world.handle.command(Command::AcceptNotice {});
    let view = world.until("settled", |view| !view.first_run.needed).await;
    assert_eq!(view.first_run.address, ADDRESS);
    assert_eq!((world.kept().server, world.logged("restart").len()), (None, 0));
}

#[tokio::test]
async fn whoever_was_signed_in_before_is_so_again_once_the_first_run_is_settled() {
    let unread = MemoryPreferences::settled();
    unread.kept.lock().unwrap().notice_accepted = false;
    let world = World::known_with(unread, |_, _, _| {});
    world.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    assert_eq!(world.server.with(|state| state.refreshes), 0);
    world.handle.command(Command::AcceptNotice {});
    world.until_online().await;
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken).as_deref(), Some("refresh-1"));
}

#[tokio::test]
async fn a_key_store_that_cannot_be_used_is_said_and_can_be_looked_at_again() {
    let world = World::fresh_with(MemoryPreferences::default(), false, |keychain, _, _| {
        keychain.fail(Some(KeychainError::Locked));
    });
    let locked = |view: &KeyringView| match view {
        KeyringView::Unusable { error } => error.code == UiErrorCode::Console(ConsoleErrorCode::KeyringLocked),
        KeyringView::Checking {} | KeyringView::Usable {} => false,
    };
    world.until("locked", |view| locked(&view.first_run.keyring)).await;
    world.handle.command(Command::CheckKeyring {});
    world.keychain.fail(None);
    world.handle.command(Command::CheckKeyring {});
    world
        .until_true("usable", || {
            world.handle.command(Command::CheckKeyring {});
            world.host.view().first_run.keyring == KeyringView::Usable {}
        })
        .await;
    world.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    world.keychain.fail(Some(KeychainError::Locked));
    world.handle.command(Command::CheckKeyring {});
    world.until("locked since", |view| locked(&view.first_run.keyring)).await;
    assert!(matches!(world.host.view().sign_in, SignInView::SignedOut { .. }));
}

#[tokio::test]
async fn preferences_are_kept_within_their_bounds_and_reach_both_windows() {
    let world = World::in_session().await;
    assert_eq!(world.logged("apply("), ["apply(System, 100 %)"]);
    let wanted = PreferencesView {
        theme: Theme::Dark,
        text_percent: 900,
        watermark_percent: 0,
        quiet_hours: QuietHoursView { on: true, until_minutes: 9_999, ..QuietHoursView::default() },
        starts_with_desktop: true,
        ..world.host.view().preferences
    };
    world.handle.command(Command::SetPreferences { preferences: wanted });
    let view = world.until("kept", |view| view.preferences.theme == Theme::Dark).await;
    assert_eq!((view.preferences.text_percent, view.preferences.watermark_percent), (200, 6));
    assert_eq!(world.logged("starts_with_desktop"), ["starts_with_desktop(true)"]);
    assert_eq!((view.preferences.quiet_hours.on, view.preferences.quiet_hours.until_minutes), (true, 1_439));
    world.until_window("the bar too", |bar| bar.preferences == view.preferences).await;
    assert_eq!(world.logged("apply("), ["apply(System, 100 %)", "apply(Dark, 200 %)"]);
    assert_eq!((world.kept().text_percent, world.kept().server.as_deref()), (200, Some(ADDRESS)));

    *world.preferences.unwritable.lock().unwrap() = true;
    let other = PreferencesView { theme: Theme::Light, ..view.preferences };
    let neither = PreferencesView { starts_with_desktop: false, ..other };
    world.handle.command(Command::SetPreferences { preferences: neither });
    let failed = world.until("refused", |view| view.action.is_some()).await;
    let action = failed.action.unwrap();
    assert_eq!(action.kind, ActionKind::SetPreferences);
    assert_eq!(action.error.unwrap().code, UiErrorCode::Console(ConsoleErrorCode::PreferencesUnavailable));
    assert_eq!(failed.preferences, view.preferences, "the old ones stand");
    let said = ["starts_with_desktop(true)", "starts_with_desktop(false)", "starts_with_desktop(true)"];
    assert_eq!(world.logged("starts_with_desktop"), said, "and the desktop does what they say");
    *world.preferences.unwritable.lock().unwrap() = false;
    world.handle.command(Command::SetPreferences { preferences: other });
    let mended = world.until("kept", |view| view.preferences.theme == Theme::Light).await;
    assert_eq!(mended.action, None);

    *world.host.no_start_with_desktop.lock().unwrap() = true;
    let alone = PreferencesView { starts_with_desktop: false, ..mended.preferences };
    world.handle.command(Command::SetPreferences { preferences: alone });
    let failed = world.until("refused", |view| view.action.is_some()).await;
    let code = UiErrorCode::Console(ConsoleErrorCode::StartWithDesktopUnavailable);
    assert_eq!(failed.action.unwrap().error.unwrap().code, code);
    assert_eq!(failed.preferences, mended.preferences, "it starts as before");
}

#[tokio::test]
async fn a_notice_that_cannot_be_kept_counts_as_unread() {
    let unread = MemoryPreferences::settled();
    unread.kept.lock().unwrap().notice_accepted = false;
    *unread.unwritable.lock().unwrap() = true;
    let world = World::known_with(unread, |_, _, _| {});
    world.until("looked at", |view| view.first_run.found.is_some()).await;
    world.handle.command(Command::AcceptNotice {});
    let view = world.until("refused", |view| view.first_run.error.is_some()).await;
    assert!(view.first_run.needed && !view.first_run.notice_accepted);
}
