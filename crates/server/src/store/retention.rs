//! Retention: which beginnings of chains are gone or can go. The schema lets records go up to where `retired` says, which only
//! grows and ends with a record that a server has signed.

use std::collections::HashMap;

use amberglass_wire::{UnixMillis, audit::ChainedRecord};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx, audit::trail_event};

/// Up to where a chain is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetiredRow {
    pub writer: String,
    pub through: i64,
    /// Of the last record that went.
    pub hash: String,
    /// A signed note that names it.
    pub note: String,
}

/// Of each writer the last one.
const RETIRED: &str = "SELECT r.writer, r.through, r.hash, r.note FROM retired r \
     WHERE r.through = (SELECT MAX(n.through) FROM retired n WHERE n.writer = r.writer)";

/// As the index over them says it, so that it is used.
macro_rules! about_what_is_gone {
    () => {
        "SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, \
         body, hash, received_at FROM audit_events WHERE kind IN ('bodies_erased', 'records_retired') "
    };
}

impl Store {
    /// By writer, of those whose beginning is gone.
    pub async fn retired(&self) -> Result<HashMap<String, RetiredRow>, StoreError> {
        sqlx::query(RETIRED)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                let row = retired(row)?;
                Ok((row.writer.clone(), row))
            })
            .collect()
    }

    /// Records that say what was erased or retired, in the order of the log, after this position.
    pub async fn about_what_is_gone(&self, after: i64, limit: u32) -> Result<Vec<(i64, ChainedRecord)>, StoreError> {
        sqlx::query(concat!(about_what_is_gone!(), "AND position > $1 ORDER BY position LIMIT $2"))
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| trail_event(row).map(|event| (event.position, event.record)))
            .collect()
    }

    /// The first record of a writer, after this number, that has to stay: it was received at that time or later, or its session
    /// still runs or has such a record, whoever wrote it.
    pub async fn first_to_stay(&self, writer: &str, after: i64, from: UnixMillis) -> Result<Option<i64>, StoreError> {
        let young = sqlx::query(
            "SELECT seq FROM audit_events WHERE writer = $1 AND seq > $2 AND received_at >= $3 ORDER BY seq LIMIT 1",
        )
        .bind(writer.to_owned())
        .bind(after)
        .bind(from.0)
        .fetch_optional(&self.readers)
        .await?;
        let young: Option<i64> = young.map(|row| row.try_get("seq")).transpose()?;
        // The last position of a session is its last record to come in.
        let of_session = sqlx::query(
            "SELECT a.seq FROM audit_events a WHERE a.writer = $1 AND a.seq > $2 AND a.seq < $3 AND a.session IS NOT NULL \
             AND (EXISTS (SELECT 1 FROM sessions s WHERE s.id = a.session AND s.state <> 'ended') \
             OR (SELECT b.received_at FROM audit_events b WHERE b.session = a.session ORDER BY b.position DESC LIMIT 1) >= $4) \
             ORDER BY a.seq LIMIT 1",
        )
        .bind(writer.to_owned())
        .bind(after)
        .bind(young.unwrap_or(i64::MAX))
        .bind(from.0)
        .fetch_optional(&self.readers)
        .await?;
        Ok(of_session.map(|row| row.try_get("seq")).transpose()?.or(young))
    }
}

impl Tx {
    pub async fn retired(&mut self) -> Result<HashMap<String, RetiredRow>, StoreError> {
        sqlx::query(RETIRED)
            .fetch_all(&mut *self.inner)
            .await?
            .iter()
            .map(|row| {
                let row = retired(row)?;
                Ok((row.writer.clone(), row))
            })
            .collect()
    }

    /// Those of one writer up to this number.
    pub async fn about_what_is_gone(&mut self, writer: &str, through: i64) -> Result<Vec<ChainedRecord>, StoreError> {
        sqlx::query(concat!(about_what_is_gone!(), "AND writer = $1 AND seq <= $2 ORDER BY position"))
            .bind(writer.to_owned())
            .bind(through)
            .fetch_all(&mut *self.inner)
            .await?
            .iter()
            .map(|row| trail_event(row).map(|event| event.record))
            .collect()
    }

    /// From now on its beginning up to this record counts as gone.
    pub async fn retire(&mut self, row: &RetiredRow, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO retired (writer, through, hash, note, retired_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(row.writer.clone())
            .bind(row.through)
            .bind(row.hash.clone())
            .bind(row.note.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Deletes some of what is retired, the oldest first; how many there were.
    pub async fn delete_retired(&mut self, row: &RetiredRow, limit: u32) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM audit_events WHERE position IN \
             (SELECT position FROM audit_events WHERE writer = $1 AND seq <= $2 ORDER BY seq LIMIT $3)",
        )
        .bind(row.writer.clone())
        .bind(row.through)
        .bind(i64::from(limit))
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected())
    }

    /// Whether this is the record that is held under its number, or was until it was retired.
    pub async fn holds(&mut self, writer: &str, seq: i64, hash: &str) -> Result<bool, StoreError> {
        if let Some(held) = self.held_hash(writer, seq).await? {
            return Ok(held == hash);
        }
        let row = sqlx::query(
            "SELECT through, hash FROM retired WHERE writer = $1 AND through >= $2 ORDER BY through LIMIT 1",
        )
        .bind(writer.to_owned())
        .bind(seq)
        .fetch_optional(&mut *self.inner)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let (through, last): (i64, String) = (row.try_get("through")?, row.try_get("hash")?);
        Ok(seq < through || last == hash)
    }
}

fn retired(row: &AnyRow) -> Result<RetiredRow, StoreError> {
    Ok(RetiredRow {
        writer: row.try_get("writer")?,
        through: row.try_get("through")?,
        hash: row.try_get("hash")?,
        note: row.try_get("note")?,
    })
}
