//! Which database engine a run of the tests uses, and a database of its own for each test.
#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

#[cfg(unix)]
use crate::postgres;

/// Chooses the engine: `sqlite`, which it is without it, or `postgres`.
pub const ENGINE_VARIABLE: &str = "AMBERGLASS_TEST_ENGINE";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// That of this run.
    ///
    /// # Panics
    /// When the variable names none.
    pub fn of_this_run() -> Self {
        match std::env::var(ENGINE_VARIABLE).as_deref() {
            Err(std::env::VarError::NotPresent) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(_) | Err(std::env::VarError::NotUnicode(_)) => {
                panic!("{ENGINE_VARIABLE} is neither sqlite nor postgres")
            }
        }
    }

    /// From then on the database refuses every new row of `table`, as a full disk would. May hold several statements.
    pub fn refusing_rows_of(self, table: &str) -> String {
        self.refusing(table, "")
    }

    /// The same of those audit records alone that are of this kind, so that what is recorded before them still is.
    pub fn refusing_records_of_kind(self, kind: &str) -> String {
        self.refusing("audit_events", &format!("WHEN (NEW.kind = '{kind}')"))
    }

    fn refusing(self, table: &str, which: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "CREATE TRIGGER no_more_{table} BEFORE INSERT ON {table} {which} \
                 BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            ),
            Self::Postgres => format!(
                "CREATE FUNCTION no_more_{table}() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'disk full'; END $$; \
                 CREATE TRIGGER no_more BEFORE INSERT ON {table} FOR EACH ROW {which} EXECUTE FUNCTION no_more_{table}()"
            ),
        }
    }
}

impl Engine {
    /// Undoes [`Engine::refusing_rows_of`].
    pub fn accepting_rows_of(self, table: &str) -> String {
        match self {
            Self::Sqlite => format!("DROP TRIGGER no_more_{table}"),
            Self::Postgres => format!("DROP TRIGGER no_more ON {table}; DROP FUNCTION no_more_{table}()"),
        }
    }
}

/// An empty database that goes with this value.
pub struct TestDatabase {
    pub engine: Engine,
    url: String,
    #[cfg(unix)]
    postgres: Option<postgres::Database>,
}

impl TestDatabase {
    /// On the engine of this run; SQLite's file is put into `dir`, which has to exist.
    pub fn new(dir: &Path) -> Self {
        Self::on(Engine::of_this_run(), dir)
    }

    /// # Panics
    /// When it cannot be made.
    pub fn on(engine: Engine, dir: &Path) -> Self {
        match engine {
            Engine::Sqlite => Self {
                engine,
                url: format!("sqlite://{}", dir.join("amberglass.sqlite").display()),
                #[cfg(unix)]
                postgres: None,
            },
            #[cfg(unix)]
            Engine::Postgres => Self::in_postgres(postgres::Server::shared().database()),
            #[cfg(not(unix))]
            Engine::Postgres => panic!("the tests start PostgreSQL on unix only"),
        }
    }

    /// In a server of the test's own choice.
    #[cfg(unix)]
    pub fn in_postgres(database: postgres::Database) -> Self {
        Self { engine: Engine::Postgres, url: database.url(), postgres: Some(database) }
    }

    #[cfg(unix)]
    pub fn postgres(&self) -> Option<&postgres::Database> {
        self.postgres.as_ref()
    }

    /// With everything needed to connect as the owner.
    pub fn url(&self) -> &str {
        &self.url
    }
}
