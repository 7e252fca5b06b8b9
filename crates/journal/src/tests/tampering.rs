//! What the file refuses, what it hides, and what is found when it was changed all the same.

use amberglass_domain::chain::ChainError;
use amberglass_testkit::SeededEntropy;
use amberglass_wire::DeviceId;

use super::{Desk, append_many, note};
use crate::{JournalError, JournalKey};

#[tokio::test]
async fn triggers_refuse_to_change_or_delete_anything_but_delivery() {
    let desk = Desk::with_records(3).await;
    let mut raw = desk.raw().await;
    let mut refused = vec![
        "delete from records where seq = 3".to_owned(),
        "delete from records".into(),
        "update records set rowid = 9 where seq = 3".into(),
        "update records set kind = kind".into(),
        "update delivery set through = 4".into(),
        "delete from delivery".into(),
        "insert or replace into delivery select * from delivery".into(),
        "insert or replace into records select * from records where seq = 2".into(),
        "insert into records select 9, 'i', session, occurred_at, monotonic_millis, kind, hash, commitment,
         printf('%064d', 9), sealed from records where seq = 3"
            .into(),
        "insert into records select 4, 'i', session, occurred_at, monotonic_millis, kind, prev_hash, commitment,
         printf('%064d', 9), sealed from records where seq = 3"
            .into(),
        "delete from meta".into(),
        "update meta set writer = 'x'".into(),
        "delete from keys".into(),
        "update keys set first_seq = 9".into(),
        "insert into keys select 3, 9, key_check, older, recovery, recovery_key, created_at from keys".into(),
        "update records set sealed = x'' where seq = 3".into(),
        "insert into retired values (1, 3, (select hash from records where seq = 3), 'note')".into(),
        "insert into retired values (1, 1, (select hash from records where seq = 1), 'note')".into(),
        "insert or replace into meta select * from meta".into(),
    ];
    for column in ["seq", "id", "session", "occurred_at", "monotonic_millis", "kind", "prev_hash", "commitment", "hash"]
    {
        refused.push(format!("update records set {column} = {column} || '1' where seq = 3"));
    }
    refused.push("update records set sealed = zeroblob(9) where seq = 3".into());
    for statement in refused {
        let result = sqlx::query(sqlx::AssertSqlSafe(statement.clone())).execute(&mut raw).await;
        let error = result.expect_err(&statement).to_string();
        assert!(error.contains("journal"), "{statement}: {error}");
    }
    sqlx::query("update delivery set through = 2, synced_at = 1, held_reason = 'fork', attempts = 7")
        .execute(&mut raw)
        .await
        .unwrap();
    drop(raw);
    assert_eq!(desk.open().await.status().borrow().head.seq, 3);
}

#[tokio::test]
async fn bodies_are_nowhere_in_the_files() {
    let desk = Desk::new();
    let journal = desk.open().await;
    journal.append(note("marmalade sandwich")).await.unwrap();
    let holds = |text: &str| {
        std::fs::read_dir(desk.folder.path()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    // What is not hidden is found, so the search works.
    assert!(holds("note_added"));
    for secret in ["marmalade", "customer-1", "staff-1"] {
        assert!(!holds(secret), "{secret}");
    }
    journal.close().await;
    assert!(holds("note_added") && !holds("marmalade"));
}

#[tokio::test]
async fn another_key_or_device_is_refused_even_while_the_journal_is_empty() {
    for count in [0, 2] {
        let mut desk = Desk::with_records(count).await;
        let key = std::mem::replace(&mut desk.keys, vec![JournalKey::generate(&SeededEntropy::new(2))]);
        assert!(matches!(desk.try_open().await, Err(JournalError::WrongKey)));
        desk.keys = key;
        desk.writer = DeviceId::new("device-2");
        assert!(matches!(desk.try_open().await, Err(JournalError::ForeignWriter { found }) if found == "device-1"));
        desk.writer = DeviceId::new("device-1");
        desk.open().await.close().await;
    }
}

#[test]
fn a_key_survives_the_keyring_and_shows_nothing() {
    use secrecy::ExposeSecret as _;
    let key = JournalKey::generate(&SeededEntropy::new(3));
    let text = key.to_secret_text();
    assert_eq!(JournalKey::from_secret_text(&text).unwrap().bytes(), key.bytes());
    assert!(!format!("{key:?}").contains(text.expose_secret()));
    for bad in ["", "AAAA", "not base64"] {
        assert!(matches!(JournalKey::from_secret_text(&bad.into()), Err(JournalError::MalformedKey)), "{bad}");
    }
}

/// How a change shows at the next start.
enum Found {
    Unreadable(i64),
    Chain(fn(&ChainError) -> bool),
}

#[tokio::test]
async fn changed_rows_at_the_end_are_found_at_the_next_start() {
    let swap = "update records set sealed = (select sealed from records as other where other.seq = 7 - records.seq)
                where seq in (3, 4)";
    for (change, found) in [
        ("update records set sealed = substr(sealed, 2) where seq = 4", Found::Unreadable(4)),
        ("update records set sealed = zeroblob(3) where seq = 4", Found::Unreadable(4)),
        (swap, Found::Unreadable(3)),
        ("update records set commitment = printf('%064d', 1) where seq = 4", Found::Unreadable(4)),
        (
            "update records set occurred_at = 1 where seq = 2",
            Found::Chain(|e| matches!(e, ChainError::WrongHash { seq: 2, .. })),
        ),
        (
            "update records set kind = 'page_viewed' where seq = 5",
            Found::Chain(|e| matches!(e, ChainError::WrongHash { seq: 5, .. })),
        ),
        (
            "update records set session = null where seq = 5",
            Found::Chain(|e| matches!(e, ChainError::WrongHash { seq: 5, .. })),
        ),
        (
            "update records set hash = printf('%064d', 1) where seq = 5",
            Found::Chain(|e| matches!(e, ChainError::WrongHash { seq: 5, .. })),
        ),
        (
            "update records set prev_hash = printf('%064d', 1) where seq = 3",
            Found::Chain(|e| matches!(e, ChainError::WrongHash { seq: 3, .. })),
        ),
        ("delete from records where seq = 3", Found::Chain(|e| matches!(e, ChainError::Gap { seq: 4, .. }))),
    ] {
        let desk = Desk::with_records(5).await;
        let mut raw = desk.raw().await;
        for statement in ["drop trigger records_stay", "drop trigger records_remain", change] {
            sqlx::query(statement).execute(&mut raw).await.unwrap();
        }
        drop(raw);
        let error = desk.try_open().await.expect_err(change);
        match found {
            Found::Unreadable(seq) => {
                assert!(matches!(error, JournalError::Unreadable { seq: s } if s == seq), "{change}: {error:?}")
            }
            Found::Chain(fits) => {
                assert!(matches!(&error, JournalError::BrokenChain(chain) if fits(chain)), "{change}: {error:?}");
            }
        }
        // Nothing was repaired: it is found again.
        assert!(desk.try_open().await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn the_journal_of_a_newer_version_is_refused() {
    let desk = Desk::with_records(1).await;
    let mut raw = desk.raw().await;
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, x'00', 0)";
    sqlx::query(later).execute(&mut raw).await.unwrap();
    assert!(matches!(desk.try_open().await, Err(JournalError::FormatTooNew { found: 9999 })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    let desk = Desk::new();
    let text = "this is not a database ".repeat(500);
    std::fs::write(desk.file(), &text).unwrap();
    let result = desk.try_open().await;
    assert!(matches!(result, Err(JournalError::Damaged(_))), "{result:?}");
    assert_eq!(std::fs::read_to_string(desk.file()).unwrap(), text);
}

#[tokio::test]
async fn a_journal_of_more_than_a_page_of_records_opens_too() {
    let desk = Desk::with_records(0).await;
    let journal = desk.open().await;
    append_many(&journal, 1030).await;
    journal.close().await;
    assert_eq!(desk.open().await.append(note("1031")).await.unwrap().seq, 1031);
}
