//! Reading a journal whose key store is lost, with the secret that its key was sealed to.

use std::path::{Path, PathBuf};

use amberglass_domain::{chain, recovery::RecoverySecret};
use amberglass_wire::{audit::ChainedRecord, event_stream::ChainHead};
use sqlx::{Connection as _, SqliteConnection};

use crate::{JournalError, seal::Seal, store};

/// A copy of a journal's file, opened for reading.
pub struct Recovery {
    connection: SqliteConnection,
    seal: Seal,
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recovery({})", self.seal.writer())
    }
}

impl Recovery {
    /// Works on a copy in `folder`, so that the file itself stays as it is.
    ///
    /// # Errors
    /// [`JournalError::WrongKey`] when it was sealed to another server or to none; when it can't be read.
    pub async fn open(file: &Path, folder: &Path, secret: &RecoverySecret) -> Result<Self, JournalError> {
        let copy = folder.join("journal.sqlite");
        for companion in ["", "-wal"] {
            let (from, to) = (with(file, companion), with(&copy, companion));
            if companion.is_empty() || from.exists() {
                std::fs::copy(from, &to)?;
                let mut permissions = std::fs::metadata(&to)?.permissions();
                #[allow(clippy::permissions_set_readonly_false, reason = "a private copy in a private folder")]
                permissions.set_readonly(false);
                std::fs::set_permissions(&to, permissions)?;
            }
        }
        let mut connection = store::connect(&copy).await?;
        store::migrate(&mut connection).await?;
        let meta = store::meta(&mut connection).await?.ok_or(JournalError::WrongKey)?;
        let rows = store::key_rows(&mut connection).await?;
        let seal = Seal::recover(meta.writer, secret, &rows)?;
        Ok(Self { connection, seal })
    }

    /// The name of its chain.
    pub fn writer(&self) -> &str {
        self.seal.writer()
    }

    /// The records behind `head`, at most `limit`, as far as they follow from it and are as they were written.
    ///
    /// # Errors
    /// What is wrong with the first one, when not even that one is.
    pub async fn after(&mut self, head: &ChainHead, limit: i64) -> Result<Vec<ChainedRecord>, JournalError> {
        let mut records = Vec::new();
        let mut head = head.clone();
        for row in store::after(&mut self.connection, head.seq, limit).await? {
            let record = self.seal.open(row).and_then(|record| {
                head = chain::verify_next(self.seal.writer(), &head, &record)?;
                Ok(record)
            });
            match record {
                Ok(record) => records.push(record),
                Err(_) if !records.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    /// Hash of one record, to be held against what a server has.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn hash_at(&mut self, seq: i64) -> Result<Option<String>, JournalError> {
        store::hash_at(&mut self.connection, seq).await
    }

    pub async fn close(self) {
        // A copy that is thrown away.
        let _ = self.connection.close().await;
    }
}

fn with(file: &Path, companion: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(file);
    name.push(companion);
    PathBuf::from(name)
}
