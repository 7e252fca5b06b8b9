//! The audit log is added to, and nothing else.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use amberglass_domain::chain;
use amberglass_server::store::{CheckpointRow, RetiredRow, StoreError};
use amberglass_testkit::{Engine, wait_until};
use amberglass_wire::{EventId, audit::RecordRange, event_stream::ChainHead};

use crate::bench::{Bench, NOW, append, insert, record, record_of};

/// Also for the owner of the tables, who would have to drop the triggers first.
#[tokio::test]
async fn an_event_is_never_changed_deleted_or_replaced() {
    let bench = Bench::new().await;
    append(&bench.store, "server:one").await;
    let of_this_engine: &[&'static str] = match bench.database.engine {
        Engine::Sqlite => &[
            "INSERT OR REPLACE INTO audit_events SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, \
             kind, prev_hash, commitment, salt, 'other', hash, received_at, staff, customer, portal, device, is_page \
             FROM audit_events",
            "UPDATE audit_events SET rowid = rowid + 1, salt = '', body = ''",
        ],
        Engine::Postgres => &[
            "TRUNCATE audit_events",
            "INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT * FROM audit_events \
             ON CONFLICT (position) DO UPDATE SET body = 'other'",
            "SET session_replication_role = replica; DELETE FROM audit_events",
            "SET session_replication_role = replica; UPDATE audit_events SET body = 'other'",
            "MERGE INTO audit_events a USING (SELECT 1) b ON true WHEN MATCHED THEN DELETE",
            "CREATE TEMPORARY TABLE retired AS SELECT writer, seq AS through FROM audit_events; DELETE FROM audit_events",
        ],
    };
    let of_both = [
        "UPDATE audit_events SET body = ''",
        "UPDATE audit_events SET salt = ''",
        "UPDATE audit_events SET salt = '', body = ' '",
        "UPDATE audit_events SET received_at = 0 WHERE seq = 1",
        "UPDATE audit_events SET salt = '', body = '', writer = 'other'",
        "UPDATE audit_events SET salt = '', body = '', seq = 2",
        "UPDATE audit_events SET salt = '', body = '', id = 'other'",
        "UPDATE audit_events SET salt = '', body = '', session = 'other'",
        "UPDATE audit_events SET salt = '', body = '', occurred_at = 0",
        "UPDATE audit_events SET salt = '', body = '', monotonic_millis = 0",
        "UPDATE audit_events SET salt = '', body = '', kind = 'other'",
        "UPDATE audit_events SET salt = '', body = '', prev_hash = ''",
        "UPDATE audit_events SET salt = '', body = '', commitment = ''",
        "UPDATE audit_events SET salt = '', body = '', hash = ''",
        "UPDATE audit_events SET salt = '', body = '', received_at = 0",
        "UPDATE audit_events SET salt = '', body = '', staff = 'other'",
        "UPDATE audit_events SET salt = '', body = '', customer = 'other'",
        "UPDATE audit_events SET salt = '', body = '', portal = 'other'",
        "UPDATE audit_events SET salt = '', body = '', device = 'other'",
        "UPDATE audit_events SET salt = '', body = '', is_page = 1",
        "DELETE FROM audit_events",
    ];
    let pool = bench.pool().await;
    for statement in of_both.iter().chain(of_this_engine) {
        let error = sqlx::raw_sql(*statement).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("an audit event is never"), "{statement}: {error}");
    }
    assert_eq!(bench.store.chain("server:one", 0, 9).await.unwrap()[0].record.body, "{}");
}

#[tokio::test]
async fn a_body_goes_with_its_salt_once_and_never_that_of_a_record_that_says_what_is_gone() {
    let bench = Bench::new().await;
    for kind in ["sign_in_failed", "bodies_erased", "records_retired"] {
        let mut tx = bench.store.begin().await.unwrap();
        let head = tx.chain_head_of("server:one").await.unwrap();
        insert(&mut tx, &record_of(kind, "server:one", &head)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let pool = bench.pool().await;
    for seq in [2, 3] {
        let statement = "UPDATE audit_events SET salt = '', body = '' WHERE seq = $1";
        let error = sqlx::query(statement).bind(seq).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("an audit event is never changed"), "{seq}: {error}");
    }
    let first = || RecordRange { writer: "server:one".into(), from: 1, through: 1 };
    let mut tx = bench.store.begin().await.unwrap();
    assert_eq!(tx.erase_bodies(&first()).await.unwrap(), 1);
    assert_eq!(tx.erase_bodies(&first()).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let held = bench.store.chain("server:one", 0, 9).await.unwrap();
    assert!(chain::is_erased(&held[0].record) && held[1..].iter().all(|held| !held.record.body.is_empty()));
    for statement in
        ["UPDATE audit_events SET body = 'other' WHERE seq = 1", "UPDATE audit_events SET salt = '' WHERE seq = 1"]
    {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains("an audit event is never changed"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_beginning_goes_up_to_what_a_server_has_signed_and_no_further() {
    let bench = Bench::new().await;
    for _ in 0..5 {
        append(&bench.store, "device-1").await;
        append(&bench.store, "server:one").await;
    }
    let chain = bench.store.chain("device-1", 0, 9).await.unwrap();
    let row = |through: i64| RetiredRow {
        writer: "device-1".into(),
        through,
        hash: chain[usize::try_from(through).unwrap() - 1].record.hash.clone(),
        note: "the note".into(),
    };
    let signed = |signer: &str, through: i64| CheckpointRow {
        signer: signer.into(),
        writer: "device-1".into(),
        head: ChainHead { seq: through, hash: row(through).hash },
        issued_at: NOW,
        note: "the note".into(),
    };
    let mut tx = bench.store.begin().await.unwrap();
    for (signer, through) in [("server:one", 2), ("server:one", 4), ("server:one", 5), ("device-1", 3)] {
        tx.insert_checkpoint(&signed(signer, through)).await.unwrap();
    }
    tx.commit().await.unwrap();

    let refused = [
        ("the device alone has signed it", row(3)),
        ("nothing follows it", row(5)),
        ("another record", RetiredRow { hash: row(3).hash, ..row(2) }),
        ("another note", RetiredRow { note: "another".into(), ..row(2) }),
        ("another writer", RetiredRow { writer: "server:one".into(), ..row(2) }),
    ];
    for (what, row) in refused {
        let mut tx = bench.store.begin().await.unwrap();
        assert!(matches!(tx.retire(&row, NOW).await, Err(StoreError::Database(_))), "{what}");
    }
    let mut tx = bench.store.begin().await.unwrap();
    tx.retire(&row(2), NOW).await.unwrap();
    assert_eq!(tx.delete_retired(&row(2), 1).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let pool = bench.pool().await;
    for (statement, words) in [
        ("DELETE FROM audit_events WHERE writer = 'device-1'", "an audit event is never deleted"),
        ("DELETE FROM audit_events WHERE seq <= 2", "an audit event is never deleted"),
        ("UPDATE retired SET through = 4", "what is retired is never changed"),
        ("DELETE FROM retired", "what is retired is never deleted"),
        (
            "INSERT INTO retired SELECT writer, through, hash, note, retired_at FROM retired",
            "what is retired only grows",
        ),
        ("INSERT INTO retired SELECT writer, 1, hash, note, retired_at FROM retired", "what is retired only grows"),
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err().to_string();
        assert!(error.contains(words), "{statement}: {error}");
    }
    let of_this_engine = match bench.database.engine {
        Engine::Sqlite => "INSERT OR REPLACE INTO retired SELECT writer, through, hash, note, 0 FROM retired",
        Engine::Postgres => "TRUNCATE retired",
    };
    let error = sqlx::query(of_this_engine).execute(&pool).await.unwrap_err().to_string();
    assert!(error.contains("what is retired"), "{error}");

    let mut tx = bench.store.begin().await.unwrap();
    assert_eq!(tx.delete_retired(&row(2), 9).await.unwrap(), 1);
    tx.retire(&row(4), NOW).await.unwrap();
    assert_eq!(tx.delete_retired(&row(4), 9).await.unwrap(), 2);
    for (seq, hash, held) in [
        (5, row(5).hash, true),
        (5, row(4).hash, false),
        (4, row(4).hash, true),
        (4, row(3).hash, false),
        (3, "whatever".to_owned(), true),
        (2, row(2).hash, true),
        (6, row(5).hash, false),
    ] {
        assert_eq!(tx.holds("device-1", seq, &hash).await.unwrap(), held, "{seq} {hash}");
    }
    tx.commit().await.unwrap();
    assert_eq!(bench.store.retired().await.unwrap()["device-1"], row(4));
    let left: Vec<i64> =
        bench.other.chain("device-1", 0, 9).await.unwrap().iter().map(|held| held.record.seq).collect();
    assert_eq!((left, bench.other.chain("server:one", 0, 9).await.unwrap().len()), (vec![5], 5));
}

#[tokio::test]
async fn no_number_and_no_id_stands_twice() {
    let bench = Bench::new().await;
    append(&bench.store, "server:one").await;
    let same_number = record("server:one", &ChainHead::default());
    let mut same_id = record("server:two", &ChainHead::default());
    same_id.id = EventId("server:one-1".into());
    for twin in [same_number, same_id] {
        let mut tx = bench.other.begin().await.unwrap();
        assert!(matches!(insert(&mut tx, &twin).await, Err(StoreError::Database(_))), "{twin:?}");
    }
}

/// One has its position and takes its time; the other comes after it, also where it could have been quicker. Otherwise
/// whoever reads on from the last position that he has seen would miss the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_in_the_order_of_commits() {
    const LOOKS: u32 = 30;
    let bench = Bench::new().await;
    let mut slow = bench.store.begin().await.unwrap();
    insert(&mut slow, &record("server:slow", &ChainHead::default())).await.unwrap();
    let other = bench.other.clone();
    let quick = tokio::spawn(async move { append(&other, "server:quick").await });
    let looks = AtomicU32::new(0);
    wait_until("the quick one to be done or have had its chance", Duration::from_secs(20), || async {
        let writers = bench.store.writers().await.unwrap();
        assert!(writers.is_empty(), "{writers:?} came before the one that was there first");
        (looks.fetch_add(1, Ordering::Relaxed) > LOOKS).then_some(())
    })
    .await;
    slow.commit().await.unwrap();
    quick.await.unwrap();
    let position = async |writer| bench.store.chain(writer, 0, 1).await.unwrap()[0].position;
    assert!(position("server:slow").await < position("server:quick").await);
}

#[tokio::test]
async fn each_writers_chain_comes_back_whole_and_in_order() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        append(&bench.store, "server:one").await;
        append(&bench.other, "server:two").await;
    }
    let mut heads = BTreeMap::new();
    for writer in bench.store.writers().await.unwrap() {
        let whole = bench.store.chain(&writer, 0, 100).await.unwrap();
        let head = whole
            .iter()
            .fold(ChainHead::default(), |head, event| chain::verify_next(&writer, &head, &event.record).unwrap());
        heads.insert(writer, head);
    }
    assert_eq!(heads.keys().collect::<Vec<_>>(), ["server:one", "server:two"]);
    for (writer, head) in heads {
        assert_eq!((head.seq, bench.other.chain_head_of(&writer).await.unwrap()), (3, head.clone()));
    }
}
