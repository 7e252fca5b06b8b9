//! All SQL of the journal.

use std::{path::Path, time::Duration};

use amberglass_wire::{UnixMillis, audit::ChainedRecord, event_stream::ChainHead};
use sqlx::{
    ConnectOptions as _, QueryBuilder, Sqlite, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{HoldReason, JournalError};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/journal");

/// Of rows and sealed bodies, as written by this version.
pub(crate) const FORMAT: i64 = 1;
/// How long another program may keep the file locked; below the wait of a blocking append.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_READERS: u32 = 2;

#[derive(sqlx::FromRow)]
pub(crate) struct MetaRow {
    pub(crate) writer: String,
    pub(crate) format: i64,
    pub(crate) key_check: Vec<u8>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct RecordRow {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) session: Option<String>,
    pub(crate) occurred_at: i64,
    pub(crate) monotonic_millis: i64,
    pub(crate) kind: String,
    pub(crate) prev_hash: String,
    pub(crate) commitment: String,
    pub(crate) hash: String,
    pub(crate) sealed: Vec<u8>,
}

/// How far the records were delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Number of the last record that the server has confirmed; zero for none.
    pub(crate) through: i64,
    pub(crate) synced_at: Option<UnixMillis>,
    /// Why the record after it can't be delivered.
    pub(crate) hold: Option<HoldReason>,
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // Every commit is on the disk when it returns, also after a loss of power.
        .synchronous(SqliteSynchronous::Full)
        // On macOS fsync alone leaves data in the drive's cache.
        .pragma("fullfsync", "on")
        .pragma("checkpoint_fullfsync", "on")
        .pragma("recursive_triggers", "on")
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// The one connection that writes.
pub(crate) async fn connect(file: &Path) -> Result<SqliteConnection, JournalError> {
    Ok(options(file).connect().await?)
}

/// Connections that cannot write, opened when they are first needed.
pub(crate) fn readers(file: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(MAX_READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options(file).pragma("query_only", "on"))
}

/// Each migration in a transaction of its own.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    Ok(MIGRATIONS.run_direct(None, connection, false).await?)
}

pub(crate) async fn meta(connection: &mut SqliteConnection) -> Result<Option<MetaRow>, JournalError> {
    Ok(sqlx::query_as("select writer, format, key_check from meta").fetch_optional(connection).await?)
}

pub(crate) async fn write_meta(
    connection: &mut SqliteConnection,
    writer: &str,
    key_check: &[u8],
    created_at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query("insert into meta (one, writer, format, key_check, created_at) values (1, ?, ?, ?, ?)")
        .bind(writer)
        .bind(FORMAT)
        .bind(key_check)
        .bind(created_at.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The last `count` rows, ascending.
pub(crate) async fn tail(connection: &mut SqliteConnection, count: i64) -> Result<Vec<RecordRow>, JournalError> {
    let rows = sqlx::query_as("select * from (select * from records order by seq desc limit ?) order by seq");
    Ok(rows.bind(count).fetch_all(connection).await?)
}

/// Appends linked records with their sealed bodies: one transaction, one statement, one fsync.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    records: &[(ChainedRecord, Vec<u8>)],
) -> Result<(), JournalError> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "insert into records (seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, hash, sealed) ",
    );
    insert.push_values(records, |mut row, (record, sealed)| {
        row.push_bind(record.seq)
            .push_bind(record.id.as_str())
            .push_bind(record.session.as_ref().map(|session| session.as_str()))
            .push_bind(record.occurred_at.0)
            .push_bind(record.monotonic_millis)
            .push_bind(record.kind.as_str())
            .push_bind(record.prev_hash.as_str())
            .push_bind(record.commitment.as_str())
            .push_bind(record.hash.as_str())
            .push_bind(sealed.as_slice());
    });
    // One statement is a transaction of its own: it takes the write lock at once and happens whole or not at all. Saying so
    // would cost two more ways to the connection's thread and back.
    insert.build().execute(connection).await?;
    Ok(())
}

pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<ChainHead, JournalError> {
    let last: Option<(i64, String)> =
        sqlx::query_as("select seq, hash from records order by seq desc limit 1").fetch_optional(connection).await?;
    Ok(last.map_or_else(ChainHead::default, |(seq, hash)| ChainHead { seq, hash }))
}

const HASH_AT: &str = "select hash from records where seq = ?";

pub(crate) async fn hash_at(connection: &mut SqliteConnection, seq: i64) -> Result<Option<String>, JournalError> {
    Ok(sqlx::query_scalar(HASH_AT).bind(seq).fetch_optional(connection).await?)
}

pub(crate) async fn read_hash_at(readers: &SqlitePool, seq: i64) -> Result<Option<String>, JournalError> {
    Ok(sqlx::query_scalar(HASH_AT).bind(seq).fetch_optional(readers).await?)
}

/// The rows after `after`, ascending.
pub(crate) async fn read_after(readers: &SqlitePool, after: i64, limit: i64) -> Result<Vec<RecordRow>, JournalError> {
    let rows = sqlx::query_as("select * from records where seq > ? order by seq limit ?");
    Ok(rows.bind(after).bind(limit).fetch_all(readers).await?)
}

pub(crate) async fn read_waiting_of(readers: &SqlitePool, session: &str) -> Result<Vec<RecordRow>, JournalError> {
    let rows =
        sqlx::query_as("select * from records where session = ? and seq > (select through from delivery) order by seq");
    Ok(rows.bind(session).fetch_all(readers).await?)
}

/// The record of the window that was opened last, unless a later one says that it was closed.
pub(crate) async fn read_left_open(readers: &SqlitePool) -> Result<Option<RecordRow>, JournalError> {
    let row = sqlx::query_as(
        "select * from records as opened
         where seq = (select seq from records where kind = 'window_opened' order by seq desc limit 1)
           and not exists (select 1 from records as closed
                           where closed.session = opened.session and closed.seq > opened.seq
                             and closed.kind = 'window_closed')",
    );
    Ok(row.fetch_optional(readers).await?)
}

const DELIVERED: &str = "select through, synced_at, held_reason from delivery";

fn delivered((through, synced_at, hold): (i64, Option<i64>, Option<String>)) -> Delivered {
    Delivered { through, synced_at: synced_at.map(UnixMillis), hold: hold.as_deref().map(HoldReason::parse) }
}

pub(crate) async fn delivery(connection: &mut SqliteConnection) -> Result<Delivered, JournalError> {
    Ok(delivered(sqlx::query_as(DELIVERED).fetch_one(connection).await?))
}

pub(crate) async fn read_delivery(readers: &SqlitePool) -> Result<Delivered, JournalError> {
    Ok(delivered(sqlx::query_as(DELIVERED).fetch_one(readers).await?))
}

/// When the record was written.
pub(crate) async fn occurred_at(
    connection: &mut SqliteConnection,
    seq: i64,
) -> Result<Option<UnixMillis>, JournalError> {
    let at: Option<i64> = sqlx::query_scalar("select occurred_at from records where seq = ?")
        .bind(seq)
        .fetch_optional(connection)
        .await?;
    Ok(at.map(UnixMillis))
}

/// Everything up to `held` is delivered, and nothing behind it: what the server lost has to be sent again.
pub(crate) async fn acknowledge(
    connection: &mut SqliteConnection,
    held: i64,
    at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query("update delivery set through = ?, synced_at = ?, held_reason = null, attempts = 0")
        .bind(held)
        .bind(at.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Counts an attempt that did not succeed.
pub(crate) async fn count_attempt(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query("update delivery set attempts = attempts + 1").execute(connection).await?;
    Ok(())
}

/// Delivery stands still before this record, if it is the next one.
pub(crate) async fn hold(connection: &mut SqliteConnection, seq: i64, reason: HoldReason) -> Result<(), JournalError> {
    sqlx::query("update delivery set held_reason = ? where through = ? - 1")
        .bind(reason.as_str())
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn release_held(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query("update delivery set held_reason = null").execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_waits_for_the_disk_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal.db");
        std::fs::File::create(&file).unwrap();
        let mut connection = connect(&file).await.unwrap();
        migrate(&mut connection).await.unwrap();
        // 2 is FULL (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
        for (pragma, value) in
            [("pragma synchronous", "2"), ("pragma foreign_keys", "1"), ("pragma recursive_triggers", "1")]
        {
            let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut connection).await.unwrap();
            assert_eq!(found.to_string(), value, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!(mode, "wal");
        let readers = readers(&file);
        let written = sqlx::query("update delivery set attempts = 1").execute(&readers).await;
        assert!(matches!(JournalError::from(written.unwrap_err()), JournalError::ReadOnly));
        readers.close().await;
    }
}
