//! A journal's file is damaged between two runs of the console.

use std::path::PathBuf;

use amberglass_app::{Command, view::QueueView};
use amberglass_tests::world::World;
use amberglass_wire::audit::JournalLoss;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::telling::count;

/// The one that is written to now.
fn journal(world: &World) -> PathBuf {
    let files = std::fs::read_dir(world.console_folder()).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("journal-") && name.ends_with(".sqlite") && !name.contains("set-aside")
    };
    files.into_iter().find(is_it).unwrap()
}

/// Ends the session, the so manieth whose window's record is with the server then.
async fn end(world: &World, number: usize) {
    world.handle.command(Command::EndSession {});
    world.until("the end", |view| view.ended.is_some()).await;
    world
        .pass_until("the window's record at the server", 120, async || {
            (count(&world.audit_log().await, "window_closed") == number).then_some(())
        })
        .await;
    world.until_delivered().await;
}

#[tokio::test]
async fn a_damaged_journal_is_put_aside_and_everybody_who_has_to_know_is_told() {
    let mut world = World::in_session(1800).await;
    end(&world, 1).await;
    world.crash_console().await;
    let file = journal(&world);
    let mut somebody = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    for statement in ["drop trigger records_stay", "update records set occurred_at = occurred_at + 1 where seq = 2"] {
        sqlx::query(statement).execute(&mut somebody).await.unwrap();
    }
    somebody.close().await.unwrap();

    world.start_console().await;
    world.until_signed_in().await;
    let told = world.until("the word of it", |view| view.queue.replaced.is_some()).await;
    let QueueView { replaced, held, .. } = told.queue;
    let replaced = replaced.unwrap();
    assert_eq!((replaced.cause, held), (JournalLoss::Damaged, 0));
    let aside = PathBuf::from(replaced.file.unwrap());
    assert!(aside.exists() && aside != file && file.exists());
    world.until_delivered().await;
    let log = world.audit_log().await;
    assert_eq!(count(&log, "journal_replaced"), 1);
    let (first, chain) = log.writers.iter().find(|(writer, _)| writer.ends_with("/2")).expect("a second chain");
    assert_eq!((chain[0].kind.as_str(), chain[0].seq), ("journal_replaced", 1), "{first}");
    let (open, alarms) = world.server().state().store.open_alarms(9).await.unwrap();
    assert_eq!((open, alarms.len()), (1, 1), "security is told");

    // The console goes on as ever, and what it beats is the new chain's head.
    world.handle.command(Command::DismissReplaced {});
    world.until("read", |view| view.queue.replaced.is_none()).await;
    world.console_now().await;
    world.start(600).await;
    end(&world, 2).await;
    let log = world.audit_log().await;
    assert_eq!((count(&log, "chain_contradicted"), count(&log, "session_mismatch")), (0, 0));
}
