//! All SQL of the journal: the file and its owner here, the rest by what it is about.

mod delivery;
mod keys;
mod records;
mod retired;
mod witnesses;

pub(crate) use delivery::{
    Delivered, acknowledge, count_attempt, delivery, hold, occurred_at, read_delivery, release_held,
};
pub(crate) use keys::{KeyRow, insert_key, key_rows, set_recovery};
pub(crate) use records::{
    RecordRow, after, hash_at, head, insert, read_after, read_hash_at, read_left_open, read_waiting_of,
};
pub(crate) use retired::{Retired, erase, erased_through, retire, retired, written_before};
pub(crate) use witnesses::{keep_witness, pin_server_key, server_keys, witnesses};

use std::{path::Path, time::Duration};

use amberglass_wire::UnixMillis;
use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::JournalError;

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
    /// What its first record has to say of the chain before, as JSON.
    pub(crate) replaces: Option<String>,
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
        // What was erased is not left behind in free pages.
        .pragma("secure_delete", "on")
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
    Ok(sqlx::query_as("select writer, format, replaces from meta").fetch_optional(connection).await?)
}

pub(crate) async fn write_meta(
    connection: &mut SqliteConnection,
    writer: &str,
    replaces: Option<&str>,
    created_at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query("insert into meta (one, writer, format, replaces, created_at) values (1, ?, ?, ?, ?)")
        .bind(writer)
        .bind(FORMAT)
        .bind(replaces)
        .bind(created_at.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Everything is in the file itself afterwards, and the log beside it empty.
pub(crate) async fn truncate_log(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query("pragma wal_checkpoint(truncate)").execute(connection).await?;
    Ok(())
}

/// Whether the pages of the file hang together, in SQLite's words when they do not.
pub(crate) async fn damage(connection: &mut SqliteConnection) -> Result<Option<String>, JournalError> {
    let word: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(connection).await?;
    Ok((word != "ok").then_some(word))
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
