//! By which policy each server goes, and by which rules for each portal, so that others are noticed also after a restart.

use amberglass_wire::{PortalId, UnixMillis};
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

    /// Nothing for a server that had none for this portal.
    pub async fn rules_of(&mut self, server: &str, portal: &PortalId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT rules_hash FROM server_rules WHERE server = $1 AND portal = $2")
            .bind(server.to_owned())
            .bind(portal.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.map(|row| row.try_get("rules_hash")).transpose()?)
    }

    pub async fn keep_rules_of(
        &mut self,
        server: &str,
        portal: &PortalId,
        hash: &str,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO server_rules (server, portal, rules_hash, since) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (server, portal) DO UPDATE SET rules_hash = excluded.rules_hash, since = excluded.since",
        )
        .bind(server.to_owned())
        .bind(portal.0.clone())
        .bind(hash.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }
}
