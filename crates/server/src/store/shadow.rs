//! What portals' rules may have wrong, counted.

use amberglass_domain::read_only::shadow::Suspicion;
use amberglass_wire::{PortalId, UnixMillis};
use sqlx::Row as _;

use super::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowRow {
    pub portal: PortalId,
    pub suspicion: Suspicion,
    pub method: String,
    /// As a rule would name it.
    pub path: String,
    pub signs: String,
    pub seen: i64,
    pub first_at: UnixMillis,
    pub last_at: UnixMillis,
}

impl Store {
    /// Of one portal, those seen most often first.
    pub async fn shadow_findings(&self, portal: &PortalId, limit: u32) -> Result<Vec<ShadowRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, method, path, signs, seen, first_at, last_at FROM shadow_findings WHERE portal = $1 \
             ORDER BY kind, seen DESC, method, path LIMIT $2",
        )
        .bind(portal.0.clone())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let mut found = Vec::new();
        for row in rows {
            // Of a later version of the server.
            let Some(suspicion) = Suspicion::parse(&row.try_get::<String, _>("kind")?) else { continue };
            found.push(ShadowRow {
                portal: portal.clone(),
                suspicion,
                method: row.try_get("method")?,
                path: row.try_get("path")?,
                signs: row.try_get("signs")?,
                seen: row.try_get("seen")?,
                first_at: UnixMillis(row.try_get("first_at")?),
                last_at: UnixMillis(row.try_get("last_at")?),
            });
        }
        Ok(found)
    }
}

impl Tx {
    pub async fn count_shadow_findings(&mut self, portal: &PortalId) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS found FROM shadow_findings WHERE portal = $1")
            .bind(portal.0.clone())
            .fetch_one(&mut *self.inner)
            .await?;
        Ok(row.try_get("found")?)
    }

    /// Only where it was seen before.
    pub async fn count_on_shadow_finding(&mut self, row: &ShadowRow) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE shadow_findings SET seen = seen + $5, last_at = $6 \
             WHERE portal = $1 AND kind = $2 AND method = $3 AND path = $4",
        )
        .bind(row.portal.0.clone())
        .bind(row.suspicion.as_str().to_owned())
        .bind(row.method.clone())
        .bind(row.path.clone())
        .bind(row.seen)
        .bind(row.last_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Adds to what was seen before.
    pub async fn add_shadow_finding(&mut self, row: &ShadowRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO shadow_findings (portal, kind, method, path, signs, seen, first_at, last_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (portal, kind, method, path) DO UPDATE SET \
             signs = excluded.signs, seen = shadow_findings.seen + excluded.seen, last_at = excluded.last_at",
        )
        .bind(row.portal.0.clone())
        .bind(row.suspicion.as_str().to_owned())
        .bind(row.method.clone())
        .bind(row.path.clone())
        .bind(row.signs.clone())
        .bind(row.seen)
        .bind(row.first_at.0)
        .bind(row.last_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// What was last seen before `at`.
    pub async fn forget_shadow_findings(&mut self, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM shadow_findings WHERE last_at < $1").bind(at.0).execute(&mut *self.inner).await?;
        Ok(())
    }
}
