//! The key that seals the bodies of a console's records changes once a month, and a death in between costs nothing.

use amberglass_app::{
    Command,
    view::{ConsoleView, SignInView},
};
use amberglass_domain::ports::{Keychain as _, KeychainEntry};
use amberglass_journal::JournalKey;
use amberglass_system::OsEntropy;
use amberglass_testkit::wait_until;
use amberglass_tests::{world::World, world_console::LIMIT};
use secrecy::{ExposeSecret as _, SecretString};

use crate::telling::count;

const DAY: i64 = 86_400;

async fn key(world: &World) -> String {
    let key = world.keychain.read(KeychainEntry::JournalKey).await.unwrap();
    key.expect("a journal key").expose_secret().to_owned()
}

/// The console starts once more so many days later, somebody signs in, and everything of it gets to the server.
async fn start_after(world: &mut World, days: i64) {
    world.crash_console().await;
    world.clock.advance_seconds(days * DAY);
    world.start_console().await;
    let settled =
        |view: &ConsoleView| matches!(view.sign_in, SignInView::SignedOut { .. } | SignInView::SignedIn { .. });
    if matches!(world.until("the first screen", settled).await.sign_in, SignInView::SignedOut { .. }) {
        world.sign_in().await;
    }
    world.until_signed_in().await;
    world.until_delivered().await;
}

/// The key store holds a key like this, and none that waits to take its place. What the console does about its key it does
/// beside everything else.
async fn until_settled(world: &World, is_wanted: impl Fn(&str) -> bool) {
    wait_until("the journal's key", LIMIT, async || {
        let settled = !world.keychain.holds(KeychainEntry::NextJournalKey) && is_wanted(&key(world).await);
        settled.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_key_older_than_thirty_days_is_changed_at_the_next_start_and_on_record() {
    let mut world = World::signed_in().await;
    world.until_delivered().await;
    let first = key(&world).await;
    start_after(&mut world, 29).await;
    assert_eq!((key(&world).await == first, count(&world.audit_log().await, "journal_key_rotated")), (true, 0));
    start_after(&mut world, 2).await;
    until_settled(&world, |key| key != first).await;
    let second = key(&world).await;
    world
        .pass_until("the record of it", 30, async || {
            (count(&world.audit_log().await, "journal_key_rotated") == 1).then_some(())
        })
        .await;

    // Died with a next key in the key store that the file does not have yet.
    let never_used = JournalKey::generate(&OsEntropy).to_secret_text();
    world.keychain.write(KeychainEntry::NextJournalKey, never_used).await.unwrap();
    start_after(&mut world, 1).await;
    until_settled(&world, |key| key == second).await;

    // Died when the file had the next key already, and the key store the one before in its place.
    world.keychain.write(KeychainEntry::JournalKey, SecretString::from(first)).await.unwrap();
    world.keychain.write(KeychainEntry::NextJournalKey, SecretString::from(second.clone())).await.unwrap();
    start_after(&mut world, 1).await;
    until_settled(&world, |key| key == second).await;
    world.start(600).await;
    world.handle.command(Command::EndSession {});
    world.until("the end", |view| view.ended.is_some()).await;
    world.until_delivered().await;
    let log = world.audit_log().await;
    assert_eq!((count(&log, "journal_replaced"), count(&log, "journal_key_rotated")), (0, 1));
}
