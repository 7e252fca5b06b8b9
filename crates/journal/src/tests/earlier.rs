//! A journal that an earlier version has left is opened with all that is in it.

use std::borrow::Cow;

use amberglass_domain::chain::{self, UnlinkedRecord};
use amberglass_wire::{EventId, SessionId, UnixMillis, event_stream::ChainHead};
use sqlx::migrate::Migrator;

use super::{Desk, note};
use crate::{HoldReason, open, seal::Seal, store};

#[tokio::test]
async fn a_journal_of_the_first_version_opens_with_its_records_and_how_far_they_were_delivered() {
    opens_with_its_records(
        1,
        &[
            "update records set delivered_at = 2000 where seq <= 2",
            "update records set held_reason = 'fork', attempts = 4 where seq = 3",
        ],
    )
    .await;
}

#[tokio::test]
async fn so_does_one_from_before_keys_could_change() {
    opens_with_its_records(
        2,
        &["update delivery set through = 2, synced_at = 2000, held_reason = 'fork', attempts = 4"],
    )
    .await;
}

async fn opens_with_its_records(version: usize, delivered: &[&'static str]) {
    let desk = Desk::new();
    let entropy = amberglass_system::OsEntropy;
    open::create(&desk.file()).unwrap();
    let mut connection = store::connect(&desk.file()).await.unwrap();
    let first: Vec<_> = store::MIGRATIONS.iter().take(version).cloned().collect();
    let first = Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT };
    first.run_direct(None, &mut connection, false).await.unwrap();
    let seal = Seal::new("device-1".into(), desk.keys[0].clone());
    let key_check = seal.with_newest(|key| key.key_check("device-1", &entropy)).unwrap();
    sqlx::query("insert into meta (one, writer, format, key_check, created_at) values (1, 'device-1', 1, ?, 7)")
        .bind(key_check)
        .execute(&mut connection)
        .await
        .unwrap();
    let mut head = ChainHead::default();
    for n in 1..=3_u8 {
        let unlinked = UnlinkedRecord {
            id: EventId::new(format!("id-{n}")),
            session: Some(SessionId::new("session-1")),
            occurred_at: UnixMillis(1_000 + i64::from(n)),
            monotonic_millis: 1,
            kind: "note_added".into(),
            salt: [n; 16],
            body: serde_json::to_string(&note(&format!("note {n}"))).unwrap(),
        };
        let record = chain::link("device-1", &head, unlinked);
        head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        let sealed = seal.seal(&record, &entropy).unwrap();
        store::insert(&mut connection, &[(record, sealed)]).await.unwrap();
    }
    for delivered in delivered {
        sqlx::query(*delivered).execute(&mut connection).await.unwrap();
    }
    drop(connection);

    let journal = desk.open().await;
    let status = journal.status().borrow().clone();
    assert_eq!((status.waiting, status.held, status.hold), (1, 1, Some(HoldReason::Fork)));
    assert_eq!((status.oldest_at, status.last_synced_at), (Some(UnixMillis(1_003)), Some(UnixMillis(2_000))));
    assert_eq!(status.head, head);
    let unsent = journal.unsent_of(&SessionId::new("session-1")).await.unwrap();
    assert_eq!((unsent.len(), unsent[0].body.contains("note 3")), (1, true));
    assert_eq!(journal.append(note("next")).await.unwrap().seq, 4);
}
