//! How much the database can be relied on.

use sqlx::Row as _;

use super::Engine;
use crate::store::{Store, StoreError};

impl Store {
    /// Says in the log if PostgreSQL was told to be quick rather than safe. That is for its operator to decide, and for the
    /// server to say at its start.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn warn_of_risks(&self) -> Result<(), StoreError> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        let rows = sqlx::query(
            "SELECT name FROM (VALUES ('fsync'), ('full_page_writes')) AS asked (name) \
             WHERE current_setting(name) <> 'on' ORDER BY name",
        )
        .fetch_all(&self.readers)
        .await?;
        for row in &rows {
            let setting: String = row.try_get("name")?;
            tracing::warn!(setting, "PostgreSQL runs without it: a crash of its machine loses or breaks the audit log");
        }
        Ok(())
    }
}
