//! Each version opens what an earlier one left, and refuses what it does not know.

use amberglass_server::store::{Store, StoreError};
use amberglass_testkit::{Engine, TestDatabase};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyPool, Row as _};

use crate::bench::open;

/// What the first release left: the text of its only step and the mark of it.
fn first_release(engine: Engine) -> (&'static str, String) {
    let text = match engine {
        Engine::Sqlite => include_str!("../../../../migrations/server/sqlite/0001_spine.sql"),
        Engine::Postgres => include_str!("../../../../migrations/server/postgres/0001_spine.sql"),
    };
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    let number = match engine {
        Engine::Sqlite => "INTEGER",
        Engine::Postgres => "BIGINT",
    };
    let marks = format!(
        "CREATE TABLE schema_migrations (number {number} PRIMARY KEY, sha256 TEXT NOT NULL); \
         INSERT INTO schema_migrations VALUES (1, '{hash}')"
    );
    (text, marks)
}

async fn pool(database: &TestDatabase) -> AnyPool {
    sqlx::any::install_default_drivers();
    let url = match database.engine {
        Engine::Sqlite => format!("{}?mode=rwc", database.url()),
        Engine::Postgres => database.url().to_owned(),
    };
    AnyPool::connect(&url).await.unwrap()
}

async fn run(pool: &AnyPool, statements: impl Into<String>) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.into())).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_release_opens_with_all_that_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path());
    let pool = pool(&database).await;
    let (text, marks) = first_release(database.engine);
    run(&pool, text).await;
    run(&pool, marks).await;
    run(
        &pool,
        "INSERT INTO staff VALUES ('s', 'Amy@example.com', 'amy@example.com', 'Amy', 'agent', '-', 1, 5); \
         INSERT INTO devices VALUES ('d', 'key', 'laptop', 's', 5, NULL); \
         INSERT INTO token_families VALUES ('f', 's', 'd', 5, NULL); \
         INSERT INTO access_tokens VALUES ('a', 'f', 9); \
         INSERT INTO sessions (id, code, state, slot, staff, device, portal, customer, customer_json, reason_code, \
         reason_text, mode, policy_hash, created_at, started_at, expires_at, last_heartbeat_at, last_input_at, \
         customer_checked_at) VALUES ('x', 'AMB-1', 'active', 0, 's', 'd', 'barkside', '1042', \
         '{\"portal\":\"barkside\",\"id\":\"1042\",\"name\":\"Jane\",\"email\":\"j@example.com\",\"class\":\"standard\",\"active\":true}', \
         'other', 'words', 'read_only', 'h', 5, 5, 9, 5, 5, 5); \
         INSERT INTO audit_events (writer, seq, id, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, body, \
         hash, received_at, is_page) VALUES ('server:s', 1, 'e', 5, 5, 'session_started', '', 'c', 'x', '{}', 'h', 5, 0)",
    )
    .await;
    pool.close().await;

    let store = open(&database).await;
    let staff = store.staff_by_email("amy@example.com").await.unwrap().unwrap();
    assert!(staff.active && staff.totp_sealed.is_none());
    assert!(store.access_token("a").await.unwrap().unwrap().holds);
    let running = store.running_sessions().await.unwrap();
    assert_eq!((running.readable[0].code.as_str(), running.readable[0].extensions), ("AMB-1", 0));
    assert_eq!(store.chain_head_of("server:s").await.unwrap().hash, "h");
    store.close().await;
    // And once more, now that it is of this version.
    open(&database).await.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_the_same_time_on_an_empty_database_all_start() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path());
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url().into();
            tokio::spawn(async move { Store::open(&url).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap().close().await;
    }
    let pool = pool(&database).await;
    let rows = sqlx::query("SELECT number FROM schema_migrations ORDER BY number").fetch_all(&pool).await.unwrap();
    let numbers: Vec<i64> = rows.iter().map(|row| row.get("number")).collect();
    assert_eq!(numbers[..2], [1, 2]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_or_another_past_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path());
    open(&database).await.close().await;
    let pool = pool(&database).await;
    run(&pool, "INSERT INTO schema_migrations VALUES (4711, 'future')").await;
    let newer = Store::open(&database.url().into()).await.err().unwrap();
    assert!(matches!(newer, StoreError::Newer { found: 4711 }), "{newer}");
    run(&pool, "DELETE FROM schema_migrations WHERE number = 4711").await;
    run(&pool, "UPDATE schema_migrations SET sha256 = 'other' WHERE number = 1").await;
    let altered = Store::open(&database.url().into()).await.err().unwrap();
    assert!(matches!(altered, StoreError::Altered { number: 1 }), "{altered}");
    let row = sqlx::query("SELECT COUNT(*) AS n FROM staff").fetch_one(&pool).await.unwrap();
    assert_eq!(row.get::<i64, _>("n"), 0);
}
