//! The database: the only place with SQL.
//!
//! One connection writes, each transaction beginning with the write lock, so that what a transaction read still holds
//! when it writes; others read beside it. What differs between SQLite and PostgreSQL stands in [`engine`] and in
//! `migrations/server/`; everything else is SQL that both understand: placeholders are `$1`, times and booleans are
//! 64-bit integers, a sum is cast to one, and a parameter that may be NULL says its type where nothing else does.

use std::sync::Arc;

use amberglass_system::Stopwatch;
use amberglass_wire::event_stream::ChainHead;
use secrecy::SecretString;
use sqlx::{AnyPool, Row as _};

mod alarms;
mod audit;
mod audit_shown;
mod break_glass;
mod chains;
mod checkpoints;
mod codes;
mod cookie_jars;
mod counts;
mod device_heads;
mod devices;
mod emergency;
mod engine;
mod erasure;
mod error;
mod hints;
mod idempotency;
mod kept_requests;
mod migrations;
mod news;
mod policies;
mod portals;
mod reconciliation;
mod requests;
mod retention;
mod sessions;
mod shadow;
mod staff;
mod tallies;
mod tokens;
mod unmasked_fields;

pub use alarms::{AlarmTopic, RaisedBefore};
pub use audit::{RecordRow, Tallies, length_in_one};
pub use audit_shown::{AuditFilter, ShownEvent};
pub use break_glass::{BreakGlassRow, ReviewRow};
pub use chains::{StoredRecord, Stretch};
pub use checkpoints::CheckpointRow;
pub use codes::CodeRow;
pub use cookie_jars::CookieJarRow;
pub(crate) use counts::RunningCount;
pub use device_heads::{DeviceHeadRow, HeldAround};
pub use devices::{DeviceRow, ListedDeviceRow};
pub use emergency::EmergencyStopRow;
pub(crate) use engine::watch_clock;
pub use erasure::{BodiesOf, HeldBody, Remembering};
pub use error::StoreError;
pub use hints::Hint;
pub(crate) use hints::listen;
pub use idempotency::Remembered;
pub use kept_requests::{KeptRow, NewKept};
pub use news::NewsRow;
pub use portals::{DisabledPortalRow, PortalKeyRow};
pub use requests::{ApproverRow, AskedSoFar, DecisionRow, NewRequest, OpenWrite, RequestRow, Sent, WriteRow};
pub use retention::RetiredRow;
pub use sessions::{NewSession, RunningSessions, SessionEnd, SessionRow, UnreadableSession};
pub use shadow::ShadowRow;
pub use staff::{NO_PASSWORD, StaffRow, parse_role};
pub use tokens::{AccessRow, NewFamily, RefreshRow};
pub use unmasked_fields::UnmaskedRow;

use crate::metrics::DatabaseMetrics;
use engine::{Apart, Condition, Engine, Line, Opened, Readers};
use hints::Ear;

/// Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    writer: AnyPool,
    condition: Condition,
    readers: Readers,
    metrics: DatabaseMetrics,
    apart: Apart,
    /// On PostgreSQL.
    shared: Option<Arc<Shared>>,
}

/// What a server on a shared database has besides.
struct Shared {
    url: SecretString,
    /// Names this opening of the store in its hints.
    origin: Arc<str>,
}

type AfterCommit = Box<dyn FnOnce() + Send>;

/// One write transaction. Dropped without [`Tx::commit`], nothing of it has happened.
pub struct Tx {
    inner: Box<Line>,
    after_commit: Vec<AfterCommit>,
    /// For the other servers on this database.
    hints: Vec<Hint>,
    origin: Option<Arc<str>>,
    /// Head of this server's own chain as this transaction sees it; read once, then carried along.
    pub(crate) chain_head: Option<ChainHead>,
}

impl Store {
    /// Opens the database and brings it up to this version. A missing file of SQLite is made, a missing database of
    /// PostgreSQL is not.
    ///
    /// # Errors
    /// When it cannot be opened, was written by a newer version, or is one that must not be worked with.
    pub async fn open(database_url: &SecretString) -> Result<Self, StoreError> {
        let opened = Opened::open(database_url).await?;
        migrations::run(&opened).await?;
        let readers = opened.readers().await?;
        let (engine, writer, condition) = (opened.engine, opened.writer.clone(), opened.condition.clone());
        let metrics = opened.metrics.clone();
        let shared = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let row = sqlx::query("SELECT CAST(gen_random_uuid() AS TEXT) AS origin").fetch_one(&readers).await?;
                let origin = row.try_get::<String, _>("origin")?.into();
                Some(Arc::new(Shared { url: opened.into_url(), origin }))
            }
        };
        Ok(Self { engine, writer, condition, readers, metrics, apart: Apart::default(), shared })
    }

    /// Waits for the other transactions, those of other servers too, and begins with the lock held.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let waiting = Stopwatch::start();
        let line = Line::begin(&self.writer, self.engine.begin(), self.engine.patience(), &self.condition).await;
        self.metrics.waited_to_write(waiting);
        Ok(Tx {
            inner: Box::new(line?),
            after_commit: Vec::new(),
            hints: Vec::new(),
            origin: self.shared.as_ref().map(|shared| shared.origin.clone()),
            chain_head: None,
        })
    }

    /// What was erased or deleted stays readable in SQLite's write-ahead log until that is emptied, which it is here unless
    /// somebody reads just then. PostgreSQL has its own time for it (autovacuum).
    pub async fn empty_the_log(&self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Sqlite => {
                sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&self.writer).await?;
            }
            Engine::Postgres => {}
        }
        Ok(())
    }

    /// Closes all connections; on SQLite the last merges the write-ahead log.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// What it counts of itself.
    pub(crate) fn metrics(&self) -> &DatabaseMetrics {
        &self.metrics
    }

    fn ear(&self) -> Option<Ear<'_>> {
        self.shared.as_ref().map(|shared| Ear { url: &shared.url, origin: &shared.origin })
    }
}

impl Tx {
    /// Durable when it returns: SQLite with `synchronous = FULL`, PostgreSQL with `synchronous_commit = on`.
    ///
    /// # Errors
    /// When it is not known to be; whoever asks again finds out whether it happened.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.send_hints().await?;
        self.inner.commit().await?;
        for act in self.after_commit {
            act();
        }
        Ok(())
    }

    /// Runs `act` once the transaction is committed, and never if it is not: hints, caches.
    pub fn after_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(act));
    }
}
