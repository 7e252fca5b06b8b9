//! One who stands still does not stop the others for ever, and a connection that says nothing is given up.

use std::time::Duration;

use amberglass_server::store::{Store, StoreError};
use amberglass_testkit::{TestDatabase, postgres::Server};
use amberglass_wire::{StaffId, UnixMillis};

async fn works(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_emergency_stop("one", "reason", None, UnixMillis(1)).await.unwrap();
    tx.lift_emergency_stop(None, UnixMillis(2)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_server_that_stands_still_in_a_transaction_loses_it() {
    let database = crate::database();
    let still = Store::open(&database.url().into()).await.unwrap();
    let other = Store::open(&database.url().into()).await.unwrap();
    let mut tx = still.begin().await.unwrap();
    assert!(tx.staff_by_id(&StaffId::new("nobody")).await.unwrap().is_none());
    // The other waits until the database has had enough of the first.
    works(&other).await;
    let late = tx.insert_emergency_stop("late", "reason", None, UnixMillis(1)).await;
    assert!(matches!(late, Err(StoreError::Database(_))), "{late:?}");
    assert!(tx.commit().await.is_err());
    works(&still).await;
}

#[tokio::test]
async fn a_database_that_says_nothing_any_more_is_given_up_and_come_back_to() {
    let server = Server::start();
    let database = TestDatabase::in_postgres(server.database());
    let store = Store::open(&database.url().into()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    server.freeze();
    let (patience, nobody) = (Duration::from_secs(30), StaffId::new("nobody"));
    let (in_the_middle, reading) =
        tokio::time::timeout(patience, async { tokio::join!(tx.staff_by_id(&nobody), store.has_staff()) })
            .await
            .expect("an error in time");
    assert!(in_the_middle.is_err() && reading.is_err());
    assert!(matches!(tx.commit().await, Err(StoreError::Undone)));
    let begun = tokio::time::timeout(patience, store.begin()).await.expect("an error in time");
    assert!(begun.is_err());
    server.thaw();
    works(&store).await;
    assert!(!store.has_staff().await.unwrap());
}

/// SQLite keeps such a text; here it is refused for what it is, and not as a failure of the database.
#[tokio::test]
async fn a_text_that_cannot_be_stored_is_no_failure_of_the_database() {
    let database = crate::database();
    let store = Store::open(&database.url().into()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let refused = tx.insert_emergency_stop("one", "a\0b", None, UnixMillis(1)).await;
    assert!(matches!(refused, Err(StoreError::Unstorable)), "{refused:?}");
    drop(tx);
    works(&store).await;
}
