//! A transaction is alone, whole or nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use amberglass_server::store::StoreError;
use amberglass_wire::{StaffId, event_stream::ChainHead};

use crate::bench::{Bench, append, insert, record, staff_row};

#[tokio::test]
async fn what_is_not_committed_never_happened() {
    let bench = Bench::new().await;
    let acted = Arc::new(AtomicBool::new(false));
    let mut tx = bench.store.begin().await.unwrap();
    let witness = acted.clone();
    tx.after_commit(move || witness.store(true, Ordering::Relaxed));
    assert!(tx.insert_staff(&staff_row(&StaffId::new("staff-2"), "kim@example.com")).await.unwrap());
    drop(tx);
    let mut tx = bench.other.begin().await.unwrap();
    assert!(tx.staff_by_email("kim@example.com").await.unwrap().is_none());
    assert!(!acted.load(Ordering::Relaxed));
}

#[tokio::test]
async fn what_follows_a_commit_follows_it() {
    let bench = Bench::new().await;
    let seen = Arc::new(AtomicBool::new(false));
    let mut tx = bench.store.begin().await.unwrap();
    tx.insert_staff(&staff_row(&StaffId::new("staff-2"), "kim@example.com")).await.unwrap();
    let witness = seen.clone();
    tx.after_commit(move || witness.store(true, Ordering::Relaxed));
    assert!(!seen.load(Ordering::Relaxed));
    tx.commit().await.unwrap();
    assert!(seen.load(Ordering::Relaxed));
    assert!(bench.other.staff_by_email("KIM@example.com").await.unwrap().is_some(), "addresses compare without case");
}

/// Read, then write what depends on it: sixteen times from two processes at once, and not one is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_transaction_read_still_holds_when_it_writes() {
    let bench = Bench::new().await;
    let turns = (0..16).map(|turn| {
        let store = if turn % 2 == 0 { bench.store.clone() } else { bench.other.clone() };
        tokio::spawn(async move { append(&store, "server:one").await })
    });
    for turn in turns.collect::<Vec<_>>() {
        turn.await.unwrap();
    }
    assert_eq!(bench.store.chain_head_of("server:one").await.unwrap().seq, 16);
}

#[tokio::test]
async fn a_transaction_in_which_a_statement_failed_cannot_be_committed() {
    let bench = Bench::new().await;
    let twice = record("server:one", &ChainHead::default());
    let mut tx = bench.store.begin().await.unwrap();
    insert(&mut tx, &twice).await.unwrap();
    assert!(matches!(insert(&mut tx, &twice).await, Err(StoreError::Database(_))));
    assert!(matches!(tx.commit().await, Err(StoreError::Undone)));
    assert_eq!(bench.other.chain_head_of("server:one").await.unwrap(), ChainHead::default());
    append(&bench.store, "server:one").await;
}

/// Whoever stops waiting, as a request whose client went away, leaves nothing behind and nobody waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_in_the_middle_holds_nobody_up() {
    let bench = Bench::new().await;
    for number in 0..20 {
        let (store, written) = (bench.store.clone(), Arc::new(AtomicU32::new(0)));
        let witness = written.clone();
        let task = tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            loop {
                let writer = format!("server:{number}");
                let head = tx.chain_head_of(&writer).await.unwrap();
                insert(&mut tx, &record(&writer, &head)).await.unwrap();
                witness.fetch_add(1, Ordering::Relaxed);
            }
        });
        amberglass_testkit::wait_until("the transaction to write", Duration::from_secs(20), || async {
            (written.load(Ordering::Relaxed) > 0).then_some(())
        })
        .await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    append(&bench.store, "server:after").await;
    assert_eq!(bench.other.writers().await.unwrap(), ["server:after"]);
}
