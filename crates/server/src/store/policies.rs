//! By which policy each server goes, so that another one is noticed also after a restart.

use amberglass_wire::UnixMillis;
use sqlx::Row as _;

use super::{StoreError, Tx};

impl Tx {
    /// Nothing for a server that was never here before.
    pub async fn policy_of(&mut self, server: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT policy_hash FROM server_policies WHERE server = $1")
            .bind(server.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.map(|row| row.try_get("policy_hash")).transpose()?)
    }

    pub async fn keep_policy_of(&mut self, server: &str, hash: &str, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO server_policies (server, policy_hash, since) VALUES ($1, $2, $3) \
             ON CONFLICT (server) DO UPDATE SET policy_hash = excluded.policy_hash, since = excluded.since",
        )
        .bind(server.to_owned())
        .bind(hash.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }
}
