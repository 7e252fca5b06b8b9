//! A newer server migrates while older ones run.

use amberglass_server::store::Store;
use amberglass_wire::StaffId;

/// What was prepared on a connection before a table changed fails on it ever after ("cached plan must not change result
/// type"): such a connection is replaced.
#[tokio::test]
async fn a_table_that_gets_a_column_costs_a_running_server_an_error_at_most() {
    let database = crate::database();
    let store = Store::open(&database.url().into()).await.unwrap();
    let read = async || store.staff_by_email("nobody@example.com").await;
    let write = async || {
        let mut tx = store.begin().await?;
        tx.staff_by_id(&StaffId::new("nobody")).await?;
        tx.commit().await
    };
    read().await.unwrap();
    write().await.unwrap();
    database.postgres().unwrap().sql("ALTER TABLE staff ADD COLUMN from_the_future TEXT").unwrap();
    let mut failures = 0;
    for _ in 0..20 {
        failures += u32::from(read().await.is_err()) + u32::from(write().await.is_err());
    }
    assert!(failures <= 4, "{failures} of 40");
    read().await.unwrap();
    write().await.unwrap();
}
