//! A journal that an earlier version has left is opened with all that is in it.

use std::borrow::Cow;

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    ports::Clock as _,
};
use amberglass_wire::{EventId, SessionId, UnixMillis, event_stream::ChainHead};
use sqlx::migrate::Migrator;

use super::{Desk, note};
use crate::{HoldReason, open, seal::Seal, store};

#[tokio::test]
async fn a_journal_of_the_first_version_opens_with_its_records_and_how_far_they_were_delivered() {
    let desk = Desk::new();
    let entropy = amberglass_system::OsEntropy;
    open::create(&desk.file()).unwrap();
    let mut connection = store::connect(&desk.file()).await.unwrap();
    let first: Vec<_> = store::MIGRATIONS.iter().take(1).cloned().collect();
    let first = Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT };
    first.run_direct(None, &mut connection, false).await.unwrap();
    let seal = Seal::new(&desk.key, desk.writer.clone());
    open::identify(&mut connection, &seal, &entropy, desk.clock.now()).await.unwrap();
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
    for delivered in [
        "update records set delivered_at = 2000 where seq <= 2",
        "update records set held_reason = 'fork', attempts = 4 where seq = 3",
    ] {
        sqlx::query(delivered).execute(&mut connection).await.unwrap();
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
