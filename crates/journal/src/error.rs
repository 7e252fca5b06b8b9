//! Why the journal could not do what was asked.

use std::{io, sync::Arc};

use amberglass_domain::chain::ChainError;
use sqlx::migrate::MigrateError;

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

/// Clones freely, because one failed commit answers every append that waited for it.
///
/// After any error of an append nothing is known to be recorded, so the action must not take place. Only after
/// [`JournalError::TimedOut`], [`JournalError::Closed`] and errors of the disk may the record exist all the same; the
/// chain stays whole either way.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    #[error("another process has this journal open")]
    InUse,
    #[error("the journal or its folder cannot be written to; nothing was recorded")]
    ReadOnly,
    #[error("the disk is full; nothing was recorded")]
    DiskFull,
    #[error("another program keeps the journal locked; nothing was recorded")]
    Locked,
    #[error("the journal file is damaged; it was left as it is")]
    Damaged(#[source] Arc<sqlx::Error>),
    #[error("the journal's database failed")]
    Database(#[source] Arc<sqlx::Error>),
    #[error("the journal's files could not be opened")]
    File(#[source] Arc<io::Error>),
    #[error("the journal could not be brought to this version's form; it was left as it is")]
    Migration(#[source] Arc<MigrateError>),
    #[error("the journal was written by a newer version (format {found}); install that version")]
    FormatTooNew { found: i64 },
    #[error("the journal belongs to the device {found}")]
    ForeignWriter { found: String },
    #[error("the journal key does not fit this journal")]
    WrongKey,
    #[error("the text of a journal key is not base64 of 32 bytes")]
    MalformedKey,
    #[error("the chain of the journal is broken; it was left as it is")]
    BrokenChain(#[source] ChainError),
    /// The file no longer holds the last record that was written.
    #[error("record {seq} is no longer in the journal as it was written; the file was left as it is")]
    HeadLost { seq: i64 },
    /// Changed, moved or swapped after it was written.
    #[error("the body of record {seq} cannot be decrypted; it was left as it is")]
    Unreadable { seq: i64 },
    #[error("the event could not be written as JSON")]
    Encode(#[source] Arc<serde_json::Error>),
    #[error("the event could not be encrypted")]
    Encrypt,
    #[error("the record was not confirmed in time; it may have been written")]
    TimedOut,
    #[error("the journal was closed")]
    Closed,
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        let extended = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
        match extended.map(|code| code & 0xFF) {
            Some(code::BUSY | code::LOCKED) => Self::Locked,
            Some(code::READ_ONLY) => Self::ReadOnly,
            Some(code::FULL) => Self::DiskFull,
            Some(code::CORRUPT | code::NOT_A_DATABASE) => Self::Damaged(Arc::new(error)),
            Some(_) => Self::Database(Arc::new(error)),
            None if matches!(error, sqlx::Error::PoolClosed) => Self::Closed,
            None => Self::Database(Arc::new(error)),
        }
    }
}

impl From<MigrateError> for JournalError {
    fn from(error: MigrateError) -> Self {
        if let MigrateError::VersionMissing(found) = error {
            Self::FormatTooNew { found }
        } else if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
            error.into()
        } else {
            Self::Migration(Arc::new(error))
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
            Self::ReadOnly
        } else if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Self::DiskFull
        } else {
            Self::File(Arc::new(error))
        }
    }
}

impl From<serde_json::Error> for JournalError {
    fn from(error: serde_json::Error) -> Self {
        Self::Encode(Arc::new(error))
    }
}

impl From<ChainError> for JournalError {
    fn from(error: ChainError) -> Self {
        Self::BrokenChain(error)
    }
}
