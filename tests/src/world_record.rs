//! The server's whole audit log as it stands in the database, checked link by link.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use amberglass_domain::chain;
use amberglass_wire::{
    EventId, SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody},
    event_stream::ChainHead,
};
use sqlx::{AnyConnection, Connection as _, Row as _};

/// All records of all writers, each writer's in its order.
pub struct AuditLog {
    pub writers: BTreeMap<String, Vec<ChainedRecord>>,
}

impl AuditLog {
    /// Reads the log and follows each writer's chain from its first record to its last.
    ///
    /// # Panics
    /// When a chain is not whole.
    pub async fn checked(database_url: &str) -> Self {
        // The server may be another process; a second time does nothing.
        sqlx::any::install_default_drivers();
        let mut database = AnyConnection::connect(database_url).await.unwrap();
        let rows = sqlx::query(
            "SELECT writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, body, \
             hash FROM audit_events ORDER BY position",
        )
        .fetch_all(&mut database)
        .await
        .unwrap();
        database.close().await.unwrap();
        let mut writers: BTreeMap<String, Vec<ChainedRecord>> = BTreeMap::new();
        for row in rows {
            let record = ChainedRecord {
                writer: row.get("writer"),
                seq: row.get("seq"),
                id: EventId(row.get("id")),
                session: row.get::<Option<String>, _>("session").map(SessionId),
                occurred_at: UnixMillis(row.get("occurred_at")),
                monotonic_millis: row.get("monotonic_millis"),
                kind: row.get("kind"),
                prev_hash: row.get("prev_hash"),
                commitment: row.get("commitment"),
                salt: row.get("salt"),
                body: row.get("body"),
                hash: row.get("hash"),
            };
            writers.entry(record.writer.clone()).or_default().push(record);
        }
        for (writer, records) in &writers {
            let mut head = ChainHead::default();
            for record in records {
                head = chain::verify_next(writer, &head, record)
                    .unwrap_or_else(|error| panic!("the chain of {writer} is not whole: {error}"));
            }
        }
        Self { writers }
    }

    /// What the server's own processes wrote, in order.
    pub fn of_server(&self) -> Vec<&ChainedRecord> {
        self.of(|writer| writer.starts_with("server:"))
    }

    /// What the consoles wrote, in order.
    pub fn of_consoles(&self) -> Vec<&ChainedRecord> {
        self.of(|writer| !writer.starts_with("server:"))
    }

    /// As [`AuditLog::of_consoles`], without what journals record of themselves and of servers at times of their own.
    pub fn told_by_consoles(&self) -> Vec<&ChainedRecord> {
        let own = ["server_key_pinned", "checkpoint_witnessed", "journal_tidied", "journal_key_rotated"];
        self.of_consoles().into_iter().filter(|record| !own.contains(&record.kind.as_str())).collect()
    }

    fn of(&self, wanted: impl Fn(&str) -> bool) -> Vec<&ChainedRecord> {
        self.writers.iter().filter(|(writer, _)| wanted(writer)).flat_map(|(_, records)| records).collect()
    }
}

/// The kinds of these records.
pub fn kinds<'a>(records: impl IntoIterator<Item = &'a ChainedRecord>) -> Vec<&'a str> {
    records.into_iter().map(|record| record.kind.as_str()).collect()
}

pub fn body(record: &ChainedRecord) -> EventBody {
    serde_json::from_str(&record.body).unwrap()
}
