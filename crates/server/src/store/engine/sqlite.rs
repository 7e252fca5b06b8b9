//! SQLite: one file, one process.

use secrecy::SecretString;
use sqlx::{AnyPool, sqlite::SqliteConnectOptions};

use super::{StoreError, options, pool};

/// With the write lock from the start, so that what a transaction reads still holds when it writes.
pub const BEGIN: &str = "BEGIN IMMEDIATE";

/// Each is a thread of its own.
const READERS: u32 = 4;

/// `synchronous = FULL`: what is committed is on disk. `secure_delete`: what was erased is not left behind in a free page.
const WRITES: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA query_only = OFF",
];
const READS: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA query_only = ON",
];

/// Makes the file, if it is missing, so that nobody else on the machine may read it: it holds what was seen of customers.
/// SQLite gives what it puts beside the file (the log, the index of the log) the same mode.
pub fn prepare(database_url: &str) -> Result<SecretString, StoreError> {
    let options: SqliteConnectOptions = database_url.parse()?;
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(options.get_filename()) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(sqlx::Error::Io(error).into()),
    }
    let separator = if database_url.contains('?') { '&' } else { '?' };
    Ok(format!("{database_url}{separator}mode=rwc").into())
}

pub async fn writer(url: &SecretString) -> Result<AnyPool, StoreError> {
    Ok(pool(1, WRITES).test_before_acquire(false).connect_with(options(url)?).await?)
}

pub async fn readers(url: &SecretString) -> Result<AnyPool, StoreError> {
    Ok(pool(READERS, READS).test_before_acquire(false).connect_with(options(url)?).await?)
}
