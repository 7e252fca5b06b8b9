//! The database: the only place with SQL.
//!
//! One connection writes, each transaction beginning with the write lock, so that what a transaction read still holds
//! when it writes; others read beside it. Placeholders are `$1`, which SQLite and PostgreSQL both understand.

use amberglass_wire::event_stream::ChainHead;
use sqlx::{Any, AnyPool, Executor as _, Transaction, any::AnyPoolOptions};

mod audit;
mod codes;
mod devices;
mod idempotency;
mod migrations;
mod sessions;
mod staff;
mod tokens;

pub use audit::{RecordRow, Tallies};
pub use codes::CodeRow;
pub use devices::DeviceRow;
pub use idempotency::Remembered;
pub use sessions::{NewSession, SessionRow};
pub use staff::{StaffRow, parse_role};
pub use tokens::{AccessRow, RefreshRow};

/// Readers beside the one writer; each is a thread of its own on SQLite.
const READERS: u32 = 4;

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the database URL must begin with sqlite: (PostgreSQL is not served by this version)")]
    Engine,
    #[error("the database was written by a newer version (its migration {found} is unknown here)")]
    Newer { found: i64 },
    #[error("migration {number} of the database is not the one this version knows")]
    Altered { number: i64 },
    /// Written by a newer version, or damaged.
    #[error("column {column} holds a value that this version does not know")]
    UnknownValue { column: &'static str },
}

/// Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Store {
    writer: AnyPool,
    readers: AnyPool,
}

type AfterCommit = Box<dyn FnOnce() + Send>;

/// One write transaction. Dropped without [`Tx::commit`], nothing of it has happened.
pub struct Tx {
    inner: Transaction<'static, Any>,
    after_commit: Vec<AfterCommit>,
    /// Head of this server's own chain as this transaction sees it; read once, then carried along.
    pub(crate) chain_head: Option<ChainHead>,
}

impl Store {
    /// Opens the database, creates it if it is missing, and brings it up to this version.
    ///
    /// # Errors
    /// When it cannot be opened, or was written by a newer version.
    pub async fn open(database_url: &str) -> Result<Self, StoreError> {
        if !database_url.starts_with("sqlite:") {
            return Err(StoreError::Engine);
        }
        sqlx::any::install_default_drivers();
        create_private(database_url)?;
        let separator = if database_url.contains('?') { '&' } else { '?' };
        let url = format!("{database_url}{separator}mode=rwc");
        let writer = pool(1, "PRAGMA query_only = OFF").connect(&url).await?;
        migrations::run(&writer).await?;
        let readers = pool(READERS, "PRAGMA query_only = ON").connect(&url).await?;
        Ok(Self { writer, readers })
    }

    /// Waits for the writer and begins with its lock held.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx { inner, after_commit: Vec::new(), chain_head: None })
    }

    /// Closes all connections, the write-ahead log being merged by the last.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Tx {
    /// Durable when it returns: `synchronous = FULL`.
    pub async fn commit(self) -> Result<(), StoreError> {
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

/// The database holds what was seen of customers: nobody else on the machine may read it. SQLite gives what it puts beside
/// the file (the log, the index of the log) the same mode.
fn create_private(database_url: &str) -> Result<(), StoreError> {
    let options: sqlx::sqlite::SqliteConnectOptions = database_url.parse()?;
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(options.get_filename()) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(sqlx::Error::Io(error).into()),
    }
}

fn pool(connections: u32, access: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in [
                    "PRAGMA busy_timeout = 5000",
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                    access,
                ] {
                    connection.execute(pragma).await?;
                }
                Ok(())
            })
        })
}
