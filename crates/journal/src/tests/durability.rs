//! What was appended is there; what failed moved nothing.

use std::{path::Path, time::Duration};

use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{EventBody, EventDetail, EventSubject},
};
use tokio::task::JoinSet;

use super::{Desk, append_many, note, note_in};
use crate::{JournalError, QueueStatus, free_bytes};

/// Commits in a write-ahead log: frames that carry the size after the commit (<https://www.sqlite.org/fileformat2.html>).
fn commits(wal: &Path) -> usize {
    let bytes = std::fs::read(wal).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (page, salt) = (number(8) as usize, number(16));
    let frames = (32..).step_by(24 + page).take_while(|at| at + 24 + page <= bytes.len());
    frames.filter(|at| number(at + 8) == salt && number(at + 4) != 0).count()
}

#[tokio::test]
async fn an_appended_record_is_in_the_file_when_append_returns() {
    let desk = Desk::new();
    let journal = desk.open().await;
    let appended = journal.append(note("first")).await.unwrap();
    assert_eq!(appended.seq, 1);
    let mut other = desk.raw().await;
    let row: (i64, String, String, String) =
        sqlx::query_as("select seq, hash, kind, session from records").fetch_one(&mut other).await.unwrap();
    assert_eq!(row, (1, appended.hash, "note_added".into(), "session-1".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_that_arrive_together_share_commits_and_leave_no_gap() {
    let desk = Desk::new();
    let journal = desk.open().await;
    append_many(&journal, 1).await;
    let wal = desk.folder.path().join("journal.db-wal");
    let before = commits(&wal);
    let mut appends = JoinSet::new();
    for n in 0..64 {
        let journal = journal.clone();
        appends.spawn(async move { journal.append(note(&format!("{n}"))).await.unwrap().seq });
    }
    let mut seqs = appends.join_all().await;
    seqs.sort_unstable();
    assert_eq!(seqs, (2..=65).collect::<Vec<i64>>());
    let used = commits(&wal) - before;
    assert!((1..=32).contains(&used), "{used} commits for 64 appends");
    journal.close().await;
    // Opening recomputes the chain of all of them.
    assert_eq!(desk.open().await.status().borrow().head.seq, 65);
}

#[tokio::test]
async fn a_journal_has_one_owner_at_a_time() {
    let desk = Desk::new();
    let journal = desk.open().await;
    assert!(matches!(desk.try_open().await, Err(JournalError::InUse)));
    let clone = journal.clone();
    journal.close().await;
    assert!(matches!(clone.append(note("late")).await, Err(JournalError::Closed)));
    desk.open().await.close().await;
}

#[tokio::test]
async fn the_queue_is_known_again_after_a_restart() {
    let desk = Desk::new();
    let journal = desk.open().await;
    assert_eq!(*journal.status().borrow(), QueueStatus::default());
    append_many(&journal, 3).await;
    let before = journal.status().borrow().clone();
    assert_eq!((before.waiting, before.held, before.head.seq), (3, 0, 3));
    assert_eq!(before.oldest_at, Some(UnixMillis(1_767_603_600_000)));
    journal.close().await;
    let journal = desk.open().await;
    assert_eq!(*journal.status().borrow(), before);
    assert_eq!(journal.append(note("next")).await.unwrap().seq, 4);
}

#[tokio::test]
async fn unsent_records_are_found_by_session_with_their_bodies() {
    let desk = Desk::new();
    let journal = desk.open().await;
    for (session, text) in [("a", "one"), ("b", "two"), ("a", "three")] {
        journal.append(note_in(session, text)).await.unwrap();
    }
    let found = journal.unsent_of(&SessionId::new("a")).await.unwrap();
    let found: Vec<(i64, &str)> = found.iter().map(|record| (record.seq, record.body.as_str())).collect();
    let bodies = ["one", "three"].map(|text| serde_json::to_string(&note_in("a", text)).unwrap());
    assert_eq!(found, [(1, bodies[0].as_str()), (3, bodies[1].as_str())]);
    assert!(journal.unsent_of(&SessionId::new("c")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_outside_the_runtime_can_append() {
    let desk = Desk::new();
    let journal = desk.open().await;
    let from_thread = journal.clone();
    let appended = std::thread::spawn(move || from_thread.append_blocking(note("window"))).join().unwrap().unwrap();
    assert_eq!(journal.status().borrow().head.hash, appended.hash);
    let closed = journal.clone();
    journal.close().await;
    let result = std::thread::spawn(move || closed.append_blocking(note("late"))).join().unwrap();
    assert!(matches!(result, Err(JournalError::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_fails_every_waiting_append_and_moves_nothing() {
    let desk = Desk::new();
    let journal = desk.open().await;
    append_many(&journal, 1).await;
    let before = journal.status().borrow().clone();
    let mut other = desk.raw().await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let blocking = journal.clone();
    let thread = std::thread::spawn(move || blocking.append_blocking(note("from a thread")));
    let (first, second) = tokio::join!(journal.append(note("a")), journal.append(note("b")));
    for result in [first, second] {
        assert!(matches!(result, Err(JournalError::Locked)), "{result:?}");
    }
    let result = thread.join().unwrap();
    assert!(matches!(result, Err(JournalError::Locked | JournalError::TimedOut)), "{result:?}");
    assert_eq!(*journal.status().borrow(), before);
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    // Whether the thread's append was given up in time decides between two numbers; either continues the chain.
    let appended = journal.append(note("after")).await.unwrap();
    assert!((2..=3).contains(&appended.seq), "{appended:?}");
    journal.close().await;
    assert_eq!(desk.open().await.status().borrow().head.hash, appended.hash);
}

#[tokio::test]
async fn a_file_that_lost_its_last_record_takes_no_more() {
    let desk = Desk::new();
    let journal = desk.open().await;
    append_many(&journal, 3).await;
    let mut other = desk.raw().await;
    for statement in ["begin immediate", "drop trigger records_remain", "delete from records where seq = 3"] {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
    assert!(matches!(journal.append(note("locked out")).await, Err(JournalError::Locked)));
    sqlx::query("commit").execute(&mut other).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(journal.append(note("cut")).await, Err(JournalError::HeadLost { seq: 3 })));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let journal = desk.open().await;
    append_many(&journal, 1).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(desk.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 4, "database, log, shared memory, lock");
    journal.close().await;
    std::fs::set_permissions(desk.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    desk.open().await.close().await;
    assert_eq!(std::fs::metadata(desk.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn free_room_is_told_for_a_folder_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    assert!(free_bytes(folder.path()).unwrap() > 0);
    assert!(free_bytes(&folder.path().join("missing")).is_err());
}

#[tokio::test]
async fn a_missing_folder_is_an_error_and_not_created() {
    let desk = Desk::new();
    let file = desk.folder.path().join("missing/journal.db");
    let result =
        tokio::time::timeout(Duration::from_secs(5), crate::Journal::open(&file, desk.options())).await.unwrap();
    assert!(matches!(result, Err(JournalError::File(_))), "{result:?}");
}

#[tokio::test]
async fn a_window_that_nothing_closed_is_found_after_the_program_died() {
    let desk = Desk::new();
    let journal = desk.open().await;
    let window = |session: &str, detail| {
        let subject = EventSubject { session: Some(SessionId::new(session)), ..EventSubject::default() };
        EventBody::new(subject, "amberglass/test", detail)
    };
    assert_eq!(journal.left_open().await.unwrap(), None);
    journal.append(window("s1", EventDetail::WindowOpened {})).await.unwrap();
    let found = journal.left_open().await.unwrap().unwrap();
    assert_eq!((found.session, found.seq), (Some(SessionId::new("s1")), 1));
    journal.append(window("s1", EventDetail::WindowClosed {})).await.unwrap();
    assert_eq!(journal.left_open().await.unwrap(), None);
    journal.append(window("s2", EventDetail::WindowOpened {})).await.unwrap();
    // Of another session, and told late.
    journal.append(window("s1", EventDetail::WindowClosed {})).await.unwrap();
    journal.close().await;
    let found = desk.open().await.left_open().await.unwrap().unwrap();
    assert_eq!(found.session, Some(SessionId::new("s2")));
    let body: EventBody = serde_json::from_str(&found.body).unwrap();
    assert_eq!(body.subject.session, Some(SessionId::new("s2")));
}
