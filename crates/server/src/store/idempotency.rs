//! What was created under which idempotency key. Ids of resources only, never answers.

use amberglass_wire::{StaffId, UnixMillis};
use sqlx::Row as _;

use super::{StoreError, Tx};

/// What stands under a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Remembered {
    Nothing,
    /// The same request was carried out; this is what it made.
    Resource(String),
    /// The key was used for another request.
    Mismatch,
}

impl Tx {
    pub async fn recall(
        &mut self,
        staff: &StaffId,
        route: &str,
        key: &str,
        body_sha256: &str,
    ) -> Result<Remembered, StoreError> {
        let row = sqlx::query(
            "SELECT body_sha256, resource FROM idempotency_keys WHERE staff = $1 AND route = $2 AND key = $3",
        )
        .bind(staff.0.clone())
        .bind(route.to_owned())
        .bind(key.to_owned())
        .fetch_optional(&mut *self.inner)
        .await?;
        let Some(row) = row else { return Ok(Remembered::Nothing) };
        if row.try_get::<String, _>("body_sha256")? == body_sha256 {
            Ok(Remembered::Resource(row.try_get("resource")?))
        } else {
            Ok(Remembered::Mismatch)
        }
    }

    pub async fn remember(
        &mut self,
        staff: &StaffId,
        route: &str,
        key: &str,
        body_sha256: &str,
        resource: &str,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO idempotency_keys (staff, route, key, body_sha256, resource, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(staff.0.clone())
        .bind(route.to_owned())
        .bind(key.to_owned())
        .bind(body_sha256.to_owned())
        .bind(resource.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }
}
