//! Cookie jars of running sessions, sealed.

use amberglass_wire::SessionId;
use sqlx::Row as _;

use super::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieJarRow {
    /// From 1.
    pub version: i64,
    /// What opens it is not in the database.
    pub sealed: String,
}

impl Store {
    pub async fn cookie_jar(&self, session: &SessionId) -> Result<Option<CookieJarRow>, StoreError> {
        let row = sqlx::query("SELECT version, sealed FROM cookie_jars WHERE session = $1")
            .bind(session.0.clone())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(CookieJarRow { version: row.try_get("version")?, sealed: row.try_get("sealed")? }))
    }
}

impl Tx {
    /// In place of the version before it; of version 1 in place of none. False when that is not the last any more, or when the
    /// session does not run.
    pub async fn replace_cookie_jar(&mut self, session: &SessionId, jar: &CookieJarRow) -> Result<bool, StoreError> {
        let statement = if jar.version == 1 {
            "INSERT INTO cookie_jars (session, version, sealed) \
             SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT) \
             WHERE EXISTS (SELECT 1 FROM sessions WHERE id = $1 AND state IN ('active', 'frozen')) \
             AND NOT EXISTS (SELECT 1 FROM cookie_jars WHERE session = $1)"
        } else {
            "UPDATE cookie_jars SET version = $2, sealed = $3 WHERE session = $1 AND version = $2 - 1"
        };
        let done = sqlx::query(statement)
            .bind(session.0.clone())
            .bind(jar.version)
            .bind(jar.sealed.clone())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn forget_cookie_jar(&mut self, session: &SessionId) -> Result<(), StoreError> {
        let question = sqlx::query("DELETE FROM cookie_jars WHERE session = $1");
        question.bind(session.0.clone()).execute(&mut *self.inner).await?;
        Ok(())
    }
}
