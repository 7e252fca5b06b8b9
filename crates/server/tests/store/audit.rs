//! The audit log is added to, and nothing else.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use amberglass_domain::chain;
use amberglass_server::store::StoreError;
use amberglass_testkit::{Engine, wait_until};
use amberglass_wire::{EventId, event_stream::ChainHead};

use crate::bench::{Bench, append, insert, record};

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
        ],
        Engine::Postgres => &[
            "TRUNCATE audit_events",
            "INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT * FROM audit_events \
             ON CONFLICT (position) DO UPDATE SET body = 'other'",
            "SET session_replication_role = replica; DELETE FROM audit_events",
            "MERGE INTO audit_events a USING (SELECT 1) b ON true WHEN MATCHED THEN DELETE",
        ],
    };
    let of_both = [
        "UPDATE audit_events SET body = ''",
        "UPDATE audit_events SET received_at = 0 WHERE position = 1",
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
