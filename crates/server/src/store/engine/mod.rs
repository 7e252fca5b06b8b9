//! The two database engines behind the one store, and what each has to be told.
//!
//! SQLite is a file beside one server. PostgreSQL serves several servers at once and keeps for them what SQLite keeps by
//! having one writer: every transaction that writes waits for one advisory lock and holds it until it is over.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    AnyPool, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use super::StoreError;
use crate::metrics::DatabaseMetrics;

mod address;
mod clock;
mod failure;
mod line;
mod postgres;
mod safety;
mod sqlite;

pub(super) use clock::Apart;
pub(crate) use clock::watch as watch_clock;
pub(super) use line::{Condition, Line, Readers};

/// The only words of the URL that may be shown.
const SQLITE_SCHEME: &str = "sqlite:";
const POSTGRES_SCHEMES: [&str; 2] = ["postgres:", "postgresql:"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// A database that answers, not yet brought up to this version.
pub(super) struct Opened {
    pub engine: Engine,
    /// One connection: the transactions of this server wait for each other here, those of others at the lock.
    pub writer: AnyPool,
    pub condition: Condition,
    pub metrics: DatabaseMetrics,
    url: SecretString,
}

impl Engine {
    fn of(database_url: &str) -> Result<Self, StoreError> {
        if database_url.starts_with(SQLITE_SCHEME) {
            Ok(Self::Sqlite)
        } else if POSTGRES_SCHEMES.iter().any(|scheme| database_url.starts_with(scheme)) {
            Ok(Self::Postgres)
        } else {
            Err(StoreError::Engine)
        }
    }

    /// What a transaction that writes begins with, and how long that may wait for those of others.
    pub fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::BEGIN,
            Self::Postgres => postgres::BEGIN,
        }
    }

    /// The same for a migration: it may take minutes, and another server may be at it.
    pub fn begin_migration(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::BEGIN,
            Self::Postgres => postgres::BEGIN_MIGRATION,
        }
    }

    /// How long one answer of the database may take before its connection is given up. SQLite is no network.
    pub fn patience(self) -> Option<Duration> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(postgres::WRITE_PATIENCE),
        }
    }

    pub fn migration_patience(self) -> Option<Duration> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(postgres::MIGRATION_PATIENCE),
        }
    }
}

impl Opened {
    /// Reaches the database. On SQLite the file is made if it is missing.
    ///
    /// # Errors
    /// When it cannot be reached, or is one that the server must not work with.
    pub async fn open(database_url: &SecretString) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (condition, metrics) = (Condition::default(), DatabaseMetrics::default());
        match Engine::of(database_url.expose_secret())? {
            engine @ Engine::Sqlite => {
                let url = sqlite::prepare(database_url.expose_secret())?;
                let writer = sqlite::writer(&url).await?;
                Ok(Self { engine, writer, condition, metrics, url })
            }
            engine @ Engine::Postgres => {
                let url = postgres::prepare(database_url.expose_secret()).await?;
                let writer = postgres::writer(&url, condition.clone()).await?;
                Ok(Self { engine, writer, condition, metrics, url })
            }
        }
    }

    /// Connections that cannot write. To be called once the tables are there.
    pub async fn readers(&self) -> Result<Readers, StoreError> {
        let (pool, patience) = match self.engine {
            Engine::Sqlite => (sqlite::readers(&self.url).await?, None),
            Engine::Postgres => (postgres::readers(&self.url).await?, Some(postgres::READ_PATIENCE)),
        };
        Ok(Readers::new(pool, patience, self.metrics.clone()))
    }

    /// For a connection beside the pools.
    pub fn into_url(self) -> SecretString {
        self.url
    }
}

/// Each statement is run on every new connection.
fn pool(connections: u32, on_connect: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for statement in on_connect {
                    connection.execute(*statement).await?;
                }
                Ok(())
            })
        })
}

/// Without the text itself in the error: it may hold a password.
fn options(url: &SecretString) -> Result<AnyConnectOptions, StoreError> {
    url.expose_secret().parse().map_err(|_| StoreError::Url)
}
