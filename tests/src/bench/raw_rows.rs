//! The plainest thing that keeps rows of the same size as durably: a table without a trigger or an index of its own, one
//! connection, a commit for each row. By sqlx, and by SQLite's C API.

use std::path::Path;

use anyhow::Result;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// The columns of a journal's record.
const TABLE: &str = "create table rows (seq integer primary key, id text not null, session text, occurred_at integer not null, \
     monotonic_millis integer not null, kind text not null, prev_hash text not null, commitment text not null, \
     hash text not null, sealed blob not null) strict";
const INSERT: &str = "insert into rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const ID: &str = "019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a11";
const HASH: &str = "8f14e45fceea167a5a36dedd4bea2543b1d9b2b0a5a5c5d5e5f5a5b5c5d5e5f5";
const KIND: &str = "page_viewed";
const AT: i64 = 1_790_000_000_000;

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
        .pragma("fullfsync", "on")
        .pragma("checkpoint_fullfsync", "on")
        .disable_statement_logging()
}

/// Somebody else's look into a journal.
pub async fn read(file: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnectOptions::new().filename(file).read_only(true).connect().await?)
}

pub struct Sqlx {
    connection: SqliteConnection,
    sealed: Vec<u8>,
}

impl Sqlx {
    pub async fn open(file: &Path, sealed_bytes: usize) -> Result<Self> {
        let mut connection = options(file).connect().await?;
        sqlx::query(TABLE).execute(&mut connection).await?;
        Ok(Self { connection, sealed: vec![7; sealed_bytes] })
    }

    /// Durable when it returns.
    pub async fn insert(&mut self, n: usize) -> Result<()> {
        sqlx::query(INSERT)
            .bind(i64::try_from(n)? + 1)
            .bind(ID)
            .bind(ID)
            .bind(AT)
            .bind(AT)
            .bind(KIND)
            .bind(HASH)
            .bind(HASH)
            .bind(HASH)
            .bind(self.sealed.as_slice())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// As the journal's own, which makes every row follow the last one.
const FOLLOW: &str = "create trigger rows_follow before insert on rows \
     when new.seq is not coalesce((select max(seq) from rows), 0) + 1 \
       or new.prev_hash is not coalesce((select hash from rows where seq = new.seq - 1), new.prev_hash) \
     begin select raise(abort, 'a row must follow the last one'); end";

pub struct CApi {
    connection: rusqlite::Connection,
    sealed: Vec<u8>,
}

impl CApi {
    pub fn open(file: &Path, sealed_bytes: usize) -> Result<Self> {
        let connection = rusqlite::Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "fullfsync", "on")?;
        connection.pragma_update(None, "checkpoint_fullfsync", "on")?;
        connection.execute_batch(TABLE)?;
        Ok(Self { connection, sealed: vec![7; sealed_bytes] })
    }

    /// Durable when it returns.
    pub fn insert(&mut self, n: usize) -> Result<()> {
        let seq = i64::try_from(n)? + 1;
        let values = rusqlite::params![seq, ID, ID, AT, AT, KIND, HASH, HASH, HASH, self.sealed];
        self.connection.prepare_cached(INSERT)?.execute(values)?;
        Ok(())
    }

    /// From now on each row must follow the last one.
    pub fn follow(&self) -> Result<()> {
        Ok(self.connection.execute_batch(FOLLOW)?)
    }

    /// So many rows from `n` on in one statement and one commit.
    pub fn insert_group(&mut self, n: usize, rows: usize) -> Result<()> {
        let values = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
        let mut insert = self.connection.prepare_cached(&format!("insert into rows values {values}"))?;
        let mut column = 0;
        let mut bind = |value: &dyn rusqlite::ToSql| {
            column += 1;
            insert.raw_bind_parameter(column, value)
        };
        for row in 0..rows {
            bind(&(i64::try_from(n + row)? + 1))?;
            for text in [ID, ID] {
                bind(&text)?;
            }
            for at in [AT, AT] {
                bind(&at)?;
            }
            for text in [KIND, HASH, HASH, HASH] {
                bind(&text)?;
            }
            bind(&self.sealed)?;
        }
        insert.raw_execute()?;
        Ok(())
    }
}
