//! Portals: those that are switched off while the server runs, and the keys with which portals ask about their customers.

use amberglass_wire::{PortalId, UnixMillis};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledPortalRow {
    pub portal: PortalId,
    pub reason: String,
    pub disabled_at: UnixMillis,
}

/// A portal's key; what proves it is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalKeyRow {
    pub id: String,
    pub portal: PortalId,
    pub name: String,
    pub created_at: UnixMillis,
    pub last_used_at: Option<UnixMillis>,
    pub revoked_at: Option<UnixMillis>,
}

impl Store {
    pub async fn disabled_portals(&self) -> Result<Vec<DisabledPortalRow>, StoreError> {
        sqlx::query("SELECT portal, reason, disabled_at FROM disabled_portals ORDER BY portal")
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(disabled_row)
            .collect()
    }

    pub async fn portal_disabled(&self, portal: &PortalId) -> Result<bool, StoreError> {
        Ok(sqlx::query(DISABLED).bind(portal.0.clone()).fetch_optional(&self.readers).await?.is_some())
    }

    /// By the SHA-256 of the key, in hex; also one that was revoked.
    pub async fn portal_key(&self, key_sha256: &str) -> Result<Option<PortalKeyRow>, StoreError> {
        sqlx::query(concat_select("WHERE key_sha256 = $1"))
            .bind(key_sha256.to_owned())
            .fetch_optional(&self.readers)
            .await?
            .as_ref()
            .map(key_row)
            .transpose()
    }

    /// Oldest first.
    pub async fn portal_keys(&self) -> Result<Vec<PortalKeyRow>, StoreError> {
        sqlx::query(concat_select("ORDER BY portal, created_at, id"))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(key_row)
            .collect()
    }
}

impl Tx {
    pub async fn portal_disabled(&mut self, portal: &PortalId) -> Result<bool, StoreError> {
        Ok(sqlx::query(DISABLED).bind(portal.0.clone()).fetch_optional(&mut *self.inner).await?.is_some())
    }

    /// False when it is switched off already; the first reason stands.
    pub async fn disable_portal(
        &mut self,
        portal: &PortalId,
        reason: &str,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO disabled_portals (portal, reason, disabled_at) VALUES ($1, $2, $3) ON CONFLICT (portal) DO NOTHING",
        )
        .bind(portal.0.clone())
        .bind(reason.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False when it is not switched off.
    pub async fn enable_portal(&mut self, portal: &PortalId) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM disabled_portals WHERE portal = $1")
            .bind(portal.0.clone())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn insert_portal_key(&mut self, key: &PortalKeyRow, key_sha256: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO portal_keys (id, portal, name, key_sha256, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(key.id.clone())
            .bind(key.portal.0.clone())
            .bind(key.name.clone())
            .bind(key_sha256.to_owned())
            .bind(key.created_at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// `None` when there is no such key or it was revoked before; else the portal whose it was.
    pub async fn revoke_portal_key(&mut self, id: &str, at: UnixMillis) -> Result<Option<PortalId>, StoreError> {
        let row =
            sqlx::query("UPDATE portal_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING portal")
                .bind(id.to_owned())
                .bind(at.0)
                .fetch_optional(&mut *self.inner)
                .await?;
        Ok(row.map(|row| row.try_get("portal").map(PortalId)).transpose()?)
    }

    pub async fn portal_key_used(&mut self, id: &str, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("UPDATE portal_keys SET last_used_at = $2 WHERE id = $1")
            .bind(id.to_owned())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}

const DISABLED: &str = "SELECT portal FROM disabled_portals WHERE portal = $1";

const KEYS: &str = "SELECT id, portal, name, created_at, last_used_at, revoked_at FROM portal_keys";

/// The conditions are constants of this file; values are always bound.
fn concat_select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{KEYS} {rest}"))
}

fn disabled_row(row: &AnyRow) -> Result<DisabledPortalRow, StoreError> {
    Ok(DisabledPortalRow {
        portal: PortalId(row.try_get("portal")?),
        reason: row.try_get("reason")?,
        disabled_at: UnixMillis(row.try_get("disabled_at")?),
    })
}

fn key_row(row: &AnyRow) -> Result<PortalKeyRow, StoreError> {
    Ok(PortalKeyRow {
        id: row.try_get("id")?,
        portal: PortalId(row.try_get("portal")?),
        name: row.try_get("name")?,
        created_at: UnixMillis(row.try_get("created_at")?),
        last_used_at: row.try_get::<Option<i64>, _>("last_used_at")?.map(UnixMillis),
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(UnixMillis),
    })
}
