//! The records: inserted once, read in order.

use amberglass_wire::{EventId, SessionId, UnixMillis, audit::ChainedRecord, event_stream::ChainHead};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::JournalError;

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
    /// Empty once the body was erased.
    pub(crate) sealed: Vec<u8>,
}

impl RecordRow {
    /// All but the body.
    pub(crate) fn header(self, writer: &str) -> ChainedRecord {
        ChainedRecord {
            writer: writer.to_owned(),
            seq: self.seq,
            id: EventId::new(self.id),
            session: self.session.map(SessionId::new),
            occurred_at: UnixMillis(self.occurred_at),
            monotonic_millis: self.monotonic_millis,
            kind: self.kind,
            prev_hash: self.prev_hash,
            commitment: self.commitment,
            salt: String::new(),
            body: String::new(),
            hash: self.hash,
        }
    }
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

/// Also of the last record that was removed from the front.
const HASH_AT: &str = "select hash from records where seq = ?1 union all select hash from retired where through = ?1";

pub(crate) async fn hash_at(connection: &mut SqliteConnection, seq: i64) -> Result<Option<String>, JournalError> {
    Ok(sqlx::query_scalar(HASH_AT).bind(seq).fetch_optional(connection).await?)
}

pub(crate) async fn read_hash_at(readers: &SqlitePool, seq: i64) -> Result<Option<String>, JournalError> {
    Ok(sqlx::query_scalar(HASH_AT).bind(seq).fetch_optional(readers).await?)
}

const AFTER: &str = "select * from records where seq > ? order by seq limit ?";

/// The rows after `after`, ascending.
pub(crate) async fn after(
    connection: &mut SqliteConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordRow>, JournalError> {
    Ok(sqlx::query_as(AFTER).bind(after).bind(limit).fetch_all(connection).await?)
}

pub(crate) async fn read_after(readers: &SqlitePool, after: i64, limit: i64) -> Result<Vec<RecordRow>, JournalError> {
    Ok(sqlx::query_as(AFTER).bind(after).bind(limit).fetch_all(readers).await?)
}

pub(crate) async fn read_waiting_of(readers: &SqlitePool, session: &str) -> Result<Vec<RecordRow>, JournalError> {
    let rows =
        sqlx::query_as("select * from records where session = ? and seq > (select through from delivery) order by seq");
    Ok(rows.bind(session).fetch_all(readers).await?)
}

/// The record of the window that was opened last, unless a later one says that it was closed or what it said is gone.
pub(crate) async fn read_left_open(readers: &SqlitePool) -> Result<Option<RecordRow>, JournalError> {
    let row = sqlx::query_as(
        "select * from records as opened
         where seq = (select seq from records where kind = 'window_opened' order by seq desc limit 1)
           and length(sealed) > 0
           and not exists (select 1 from records as closed
                           where closed.session = opened.session and closed.seq > opened.seq
                             and closed.kind = 'window_closed')",
    );
    Ok(row.fetch_optional(readers).await?)
}
