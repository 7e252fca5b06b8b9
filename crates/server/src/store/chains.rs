//! The audit log as chains: where each stands, and which stretches of them an export has to hold.

use amberglass_domain::checkpoint::WriterHead;
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId, StaffId, UnixMillis,
    audit::{ChainedRecord, EventSubject},
    event_stream::ChainHead,
    export::ExportScope,
};
use sqlx::{
    Any, Row as _,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use super::{Store, StoreError, audit::trail_event, news::is_news};

/// The records of one writer from the first to the last one in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub writer: String,
    pub first: i64,
    pub last: i64,
}

/// A record with the columns that no hash covers, by which it is found.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Place in the audit log, ordered at commit.
    pub position: i64,
    pub received_at: UnixMillis,
    pub record: ChainedRecord,
    /// Without the hash of the policy.
    pub subject: EventSubject,
    pub is_page: bool,
}

/// Steps from writer to writer along the index, however many records each has.
macro_rules! writers {
    () => {
        "WITH RECURSIVE w (writer) AS (SELECT MIN(writer) FROM audit_events UNION ALL \
         SELECT (SELECT MIN(a.writer) FROM audit_events a WHERE a.writer > w.writer) FROM w WHERE w.writer IS NOT NULL) "
    };
}

/// What [`scoped`] binds, as a condition. A device's later chains carry its name with a number behind a slash.
macro_rules! in_scope {
    () => {
        "(CAST($1 AS TEXT) IS NULL OR session = $1) AND (CAST($2 AS TEXT) IS NULL OR portal = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR customer = $3) AND (CAST($4 AS TEXT) IS NULL OR staff = $4) \
         AND (CAST($5 AS TEXT) IS NULL OR device = $5 OR writer = $5 \
         OR SUBSTR(writer, 1, LENGTH($5) + 1) = $5 || '/') AND ((occurred_at >= $6 OR CAST($6 AS BIGINT) IS NULL) AND (occurred_at < $7 OR CAST($7 AS BIGINT) IS NULL) \
         OR (received_at >= $6 OR CAST($6 AS BIGINT) IS NULL) AND (received_at < $7 OR CAST($7 AS BIGINT) IS NULL))"
    };
}

pub(super) use in_scope;

/// By the index of news, whose condition it says besides: there is none of this kind alone.
pub(super) const REGISTRATIONS: &str = concat!(
    "SELECT a.position, a.writer, a.seq, a.id, a.session, a.occurred_at, a.monotonic_millis, a.kind, a.prev_hash, a.commitment, \
     a.salt, a.body, a.hash, a.received_at, a.staff, a.customer, a.portal, a.device, a.is_page FROM audit_events a WHERE ",
    is_news!(),
    " AND a.kind = 'device_registered' AND a.position > $1 ORDER BY a.position LIMIT $2"
);

impl Store {
    /// Everybody who ever wrote into the log, by name.
    pub async fn writers(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query(concat!(writers!(), "SELECT writer FROM w WHERE writer IS NOT NULL ORDER BY writer"))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| Ok(row.try_get("writer")?))
            .collect()
    }

    /// A writer's records after this number, in the order of its chain.
    pub async fn chain(&self, writer: &str, after: i64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        sqlx::query(
            "SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, \
             body, hash, received_at, staff, customer, portal, device, is_page FROM audit_events \
             WHERE writer = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(writer.to_owned())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(stored)
        .collect()
    }

    /// Records in scope, in the order of the log, after this position.
    pub async fn log_in_scope(
        &self,
        scope: &ExportScope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let question = concat!(
            "SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, \
             body, hash, received_at, staff, customer, portal, device, is_page FROM audit_events WHERE ",
            in_scope!(),
            " AND position > $8 ORDER BY position LIMIT $9"
        );
        scoped(question, scope)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(stored)
            .collect()
    }

    /// With which key devices were registered, in the order of the log, after this position.
    pub async fn registrations(&self, after: i64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        sqlx::query(REGISTRATIONS)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(stored)
            .collect()
    }

    /// Where each writer's chain stands.
    pub async fn chain_heads(&self) -> Result<Vec<WriterHead>, StoreError> {
        sqlx::query(concat!(
            writers!(),
            "SELECT a.writer, a.seq, a.hash FROM w JOIN audit_events a ON a.writer = w.writer \
             AND a.seq = (SELECT MAX(b.seq) FROM audit_events b WHERE b.writer = w.writer) ORDER BY a.writer"
        ))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(writer_head)
        .collect()
    }

    /// Of each writer that has a record in scope, by name.
    pub async fn stretches(&self, scope: &ExportScope) -> Result<Vec<Stretch>, StoreError> {
        let question = concat!(
            "SELECT writer, MIN(seq) AS first, MAX(seq) AS last FROM audit_events WHERE ",
            in_scope!(),
            " GROUP BY writer ORDER BY writer"
        );
        scoped(question, scope)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                Ok(Stretch { writer: row.try_get("writer")?, first: row.try_get("first")?, last: row.try_get("last")? })
            })
            .collect()
    }

    /// A writer's records after `after` up to `through`, at most `limit`, each with whether it is in scope.
    pub async fn chain_in_scope(
        &self,
        scope: &ExportScope,
        writer: &str,
        after: i64,
        through: i64,
        limit: u32,
    ) -> Result<Vec<(ChainedRecord, bool)>, StoreError> {
        let question = concat!(
            "SELECT position, writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, \
             salt, body, hash, received_at, CASE WHEN ",
            in_scope!(),
            " THEN 1 ELSE 0 END AS in_scope FROM audit_events \
             WHERE writer = $8 AND seq > $9 AND seq <= $10 ORDER BY seq LIMIT $11"
        );
        scoped(question, scope)
            .bind(writer.to_owned())
            .bind(after)
            .bind(through)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                let in_scope: i32 = row.try_get("in_scope")?;
                Ok((trail_event(row)?.record, in_scope != 0))
            })
            .collect()
    }
}

fn stored(row: &AnyRow) -> Result<StoredRecord, StoreError> {
    let is_page: i64 = row.try_get("is_page")?;
    let event = trail_event(row)?;
    Ok(StoredRecord {
        position: event.position,
        received_at: event.received_at,
        record: event.record,
        subject: EventSubject {
            staff: row.try_get::<Option<String>, _>("staff")?.map(StaffId),
            customer: row.try_get::<Option<String>, _>("customer")?.map(CustomerId),
            portal: row.try_get::<Option<String>, _>("portal")?.map(PortalId),
            session: row.try_get::<Option<String>, _>("session")?.map(SessionId),
            device: row.try_get::<Option<String>, _>("device")?.map(DeviceId),
            policy_hash: None,
        },
        is_page: is_page != 0,
    })
}

pub(super) fn scoped<'q>(question: &'static str, scope: &ExportScope) -> Query<'q, Any, AnyArguments> {
    sqlx::query(question)
        .bind(scope.session.as_ref().map(|id| id.0.clone()))
        .bind(scope.portal.as_ref().map(|id| id.0.clone()))
        .bind(scope.customer.as_ref().map(|id| id.0.clone()))
        .bind(scope.staff.as_ref().map(|id| id.0.clone()))
        .bind(scope.device.as_ref().map(|id| id.0.clone()))
        .bind(scope.since.map(|at| at.0))
        .bind(scope.until.map(|at| at.0))
}

pub(super) fn writer_head(row: &AnyRow) -> Result<WriterHead, StoreError> {
    let head = ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? };
    Ok(WriterHead { writer: row.try_get("writer")?, head })
}
