//! Numbers for who watches the server.

use sqlx::Row as _;

use super::{Store, StoreError};

/// Sessions of all servers on this database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunningCount {
    pub active: i64,
    pub frozen: i64,
}

impl Store {
    pub(crate) async fn count_running(&self) -> Result<RunningCount, StoreError> {
        let rows =
            sqlx::query("SELECT state, COUNT(*) AS n FROM sessions WHERE state IN ('active', 'frozen') GROUP BY state")
                .fetch_all(&self.readers)
                .await?;
        let mut count = RunningCount::default();
        for row in rows {
            let n = row.try_get("n")?;
            match row.try_get::<String, _>("state")?.as_str() {
                "active" => count.active = n,
                _ => count.frozen = n,
            }
        }
        Ok(count)
    }
}
