//! Audit events: insert, read, count. What can go from them is in `erasure` and `retention`.

use std::sync::{Arc, LazyLock, OnceLock};

use amberglass_system::Stopwatch;
use amberglass_wire::{
    EventId, SessionId, StaffId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject, TrailEvent},
    event_stream::ChainHead,
};
use sqlx::{
    Any, Row as _,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use super::{Store, StoreError, Tx, engine::Engine};

type Insert<'q> = Query<'q, Any, AnyArguments>;

/// A record with what is drawn from its body for searching.
pub struct RecordRow<'a> {
    pub record: &'a ChainedRecord,
    pub subject: &'a EventSubject,
    pub is_page: bool,
    pub received_at: UnixMillis,
}

/// What the gateway wrote about one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    pub pages: u32,
    pub blocked: u32,
}

impl Tx {
    pub async fn insert_record(&mut self, row: &RecordRow<'_>) -> Result<(), StoreError> {
        self.insert_records(std::slice::from_ref(row)).await
    }

    /// In this order, in as few statements as there may be.
    pub async fn insert_records(&mut self, rows: &[RecordRow<'_>]) -> Result<(), StoreError> {
        let mut left = rows;
        while !left.is_empty() {
            // Of few lengths: each is a statement that is prepared once.
            let length = LENGTHS.into_iter().find(|length| *length <= left.len()).unwrap_or(left.len());
            let (some, rest) = left.split_at(length);
            left = rest;
            let statement = sqlx::AssertSqlSafe(format!("{INSERT} VALUES {}", places(COLUMNS, some.len())));
            some.iter().fold(sqlx::query(statement), bind).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Where `writer`'s chain stands; the default when nothing of it is held.
    pub async fn chain_head_of(&mut self, writer: &str) -> Result<ChainHead, StoreError> {
        let row = sqlx::query(CHAIN_HEAD).bind(writer.to_owned()).fetch_optional(&mut *self.inner).await?;
        head(row)
    }

    /// Hash of the record that is held under this number, if any.
    pub async fn held_hash(&mut self, writer: &str, seq: i64) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT hash FROM audit_events WHERE writer = $1 AND seq = $2")
            .bind(writer.to_owned())
            .bind(seq)
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.map(|row| row.try_get("hash")).transpose()?)
    }

    /// One of these ids that an event has already, whoever wrote it.
    pub async fn event_id_held(&mut self, ids: &[&EventId]) -> Result<Option<EventId>, StoreError> {
        for some in ids.chunks(ROWS_IN_ONE) {
            let question = format!("SELECT id FROM audit_events WHERE id IN {} LIMIT 1", places(some.len(), 1));
            let mut question = sqlx::query(sqlx::AssertSqlSafe(question));
            for id in some {
                question = question.bind(id.0.clone());
            }
            if let Some(row) = question.fetch_optional(&mut *self.inner).await? {
                return Ok(Some(EventId(row.try_get("id")?)));
            }
        }
        Ok(None)
    }

    pub async fn tallies(&mut self, session: &SessionId) -> Result<Tallies, StoreError> {
        tallies(sqlx::query(TALLIES).bind(session.0.clone()).fetch_one(&mut *self.inner).await?)
    }
}

impl Store {
    /// Whether this engine does what [`Store::append_after`] does.
    pub fn appends_in_one(&self) -> bool {
        match self.engine {
            Engine::Sqlite => true,
            // Its commits have an order only while they hold the one lock.
            Engine::Postgres => false,
        }
    }

    /// These rows after `head`, all of them or none, in one statement that is its own transaction: `false` when `head` is not
    /// the last of its writer's chain any more. Durable when it returns. There may be as many as [`length_in_one`] says.
    pub async fn append_after(&self, head: &ChainHead, rows: &[RecordRow<'_>]) -> Result<bool, StoreError> {
        let Some(first) = rows.first() else { return Ok(true) };
        let waiting = Stopwatch::start();
        let mut connection = self.writer.acquire().await?;
        self.metrics.waited_to_write(waiting);
        let after = (first.record.writer.clone(), head.seq, head.hash.clone());
        let insert = rows.iter().fold(sqlx::query(sqlx::AssertSqlSafe(append_statement(rows.len()))), bind);
        let insert = insert.bind(after.0.clone()).bind(after.1).bind(after.2);
        let insert = insert.bind(after.0).bind(head.seq.saturating_add(1));
        Ok(insert.execute(&mut *connection).await?.rows_affected() > 0)
    }

    pub async fn chain_head_of(&self, writer: &str) -> Result<ChainHead, StoreError> {
        head(sqlx::query(CHAIN_HEAD).bind(writer.to_owned()).fetch_optional(&self.readers).await?)
    }

    pub async fn tallies(&self, session: &SessionId) -> Result<Tallies, StoreError> {
        tallies(sqlx::query(TALLIES).bind(session.0.clone()).fetch_one(&self.readers).await?)
    }

    /// What is recorded about a staff member, newest first, before this position.
    pub async fn own_record(
        &self,
        staff: &StaffId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<TrailEvent>, StoreError> {
        sqlx::query(concat_select("WHERE staff = $1 AND position < $2 ORDER BY position DESC LIMIT $3"))
            .bind(staff.0.clone())
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(trail_event)
            .collect()
    }

    /// All records of a session, in the order of their commits.
    pub async fn trail(&self, session: &SessionId) -> Result<Vec<TrailEvent>, StoreError> {
        let rows = sqlx::query(concat_select("WHERE session = $1 ORDER BY position"))
            .bind(session.0.clone())
            .fetch_all(&self.readers)
            .await?;
        // Each row goes as its event comes: of a long trail both would be megabytes.
        rows.into_iter().map(|row| trail_event(&row)).collect()
    }
}

/// One row's values, in the order of [`INSERT`].
fn bind<'q>(insert: Insert<'q>, row: &RecordRow<'_>) -> Insert<'q> {
    let RecordRow { record, subject, is_page, received_at } = row;
    insert
        .bind(record.writer.clone())
        .bind(record.seq)
        .bind(record.id.0.clone())
        .bind(record.session.as_ref().map(|id| id.0.clone()))
        .bind(record.occurred_at.0)
        .bind(record.monotonic_millis)
        .bind(record.kind.clone())
        .bind(record.prev_hash.clone())
        .bind(record.commitment.clone())
        .bind(record.salt.clone())
        .bind(record.body.clone())
        .bind(record.hash.clone())
        .bind(received_at.0)
        .bind(subject.staff.as_ref().map(|id| id.0.clone()))
        .bind(subject.customer.as_ref().map(|id| id.0.clone()))
        .bind(subject.portal.as_ref().map(|id| id.0.clone()))
        .bind(subject.device.as_ref().map(|id| id.0.clone()))
        .bind(i64::from(*is_page))
}

/// For SQLite alone, whose every statement is a transaction of its own unless one was begun. Its parameters have no names:
/// it looks those up one by one.
fn append_statement(rows: usize) -> Arc<str> {
    static STATEMENTS: LazyLock<Vec<OnceLock<Arc<str>>>> =
        LazyLock::new(|| (0..=ROWS_IN_ONE).map(|_| OnceLock::new()).collect());
    let made = || {
        let row = format!("({})", vec!["?"; COLUMNS].join(", "));
        let rows = vec![row; rows].join(", ");
        let text = format!(
            "{INSERT} SELECT * FROM (VALUES {rows}) \
             WHERE EXISTS (SELECT 1 FROM audit_events WHERE writer = ? AND seq = ? AND hash = ?) \
             AND NOT EXISTS (SELECT 1 FROM audit_events WHERE writer = ? AND seq = ?)"
        );
        Arc::<str>::from(text)
    };
    STATEMENTS.get(rows).map_or_else(made, |statement| statement.get_or_init(made).clone())
}

/// How many of so many rows go into one statement: each length is a statement that is prepared once and kept.
pub fn length_in_one(rows: usize) -> usize {
    if rows <= 32 {
        rows
    } else {
        [256, 192, 128, 96, 64, 48, 32].into_iter().find(|length| *length <= rows).unwrap_or(32)
    }
}

/// `($1, $2), ($3, $4)`: so many places for values in each of so many rows.
fn places(columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<String>>().join(", ")
}

/// The conditions are constants of this file; values are always bound.
fn concat_select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{EVENTS} {rest}"))
}

/// Of statements that insert.
const LENGTHS: [usize; 9] = [ROWS_IN_ONE, 128, 64, 32, 16, 8, 4, 2, 1];
/// Below what either engine takes in one statement.
const ROWS_IN_ONE: usize = 256;
const COLUMNS: usize = 18;
const INSERT: &str = "INSERT INTO audit_events (writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, \
     commitment, salt, body, hash, received_at, staff, customer, portal, device, is_page)";

const EVENTS: &str = "SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, \
     salt, body, hash, received_at FROM audit_events";

const CHAIN_HEAD: &str = "SELECT seq, hash FROM audit_events WHERE writer = $1 ORDER BY seq DESC LIMIT 1";

/// Only servers' own records count: a console cannot add to what the gateway saw. Word for word the conditions of the index
/// `audit_events_counted`.
const TALLIES: &str = "SELECT CAST(COALESCE(SUM(is_page), 0) AS BIGINT) AS pages, \
     CAST(COALESCE(SUM(CASE WHEN kind = 'request_blocked' THEN 1 ELSE 0 END), 0) AS BIGINT) AS blocked \
     FROM audit_events WHERE session = $1 AND (is_page = 1 OR kind = 'request_blocked') AND writer LIKE 'server:%'";

fn head(row: Option<AnyRow>) -> Result<ChainHead, StoreError> {
    match row {
        Some(row) => Ok(ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? }),
        None => Ok(ChainHead::default()),
    }
}

/// A body that was erased says nothing.
pub(super) fn path_of_page(body: &str) -> Option<String> {
    let body: EventBody = serde_json::from_str(body).ok()?;
    let EventDetail::PageViewed { path, .. } = body.detail else { return None };
    Some(path)
}

pub(super) fn tallies(row: AnyRow) -> Result<Tallies, StoreError> {
    let count = |column: &'static str| -> Result<u32, StoreError> {
        let value: i64 = row.try_get(column)?;
        u32::try_from(value).map_err(|_| StoreError::UnknownValue { column })
    };
    Ok(Tallies { pages: count("pages")?, blocked: count("blocked")? })
}

pub(super) fn trail_event(row: &AnyRow) -> Result<TrailEvent, StoreError> {
    Ok(TrailEvent {
        position: row.try_get("position")?,
        received_at: UnixMillis(row.try_get("received_at")?),
        record: ChainedRecord {
            writer: row.try_get("writer")?,
            seq: row.try_get("seq")?,
            id: EventId(row.try_get("id")?),
            session: row.try_get::<Option<String>, _>("session")?.map(SessionId),
            occurred_at: UnixMillis(row.try_get("occurred_at")?),
            monotonic_millis: row.try_get("monotonic_millis")?,
            kind: row.try_get("kind")?,
            prev_hash: row.try_get("prev_hash")?,
            commitment: row.try_get("commitment")?,
            salt: row.try_get("salt")?,
            body: row.try_get("body")?,
            hash: row.try_get("hash")?,
        },
    })
}
