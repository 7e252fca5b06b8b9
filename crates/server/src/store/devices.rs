//! Devices: console installations with a key pair of their own.

use amberglass_wire::{DeviceId, StaffId, UnixMillis};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

#[derive(Clone, Debug)]
pub struct DeviceRow {
    pub id: DeviceId,
    /// Ed25519, base64 of 32 bytes.
    pub public_key: String,
    pub name: String,
    pub registered_by: StaffId,
    pub registered_at: UnixMillis,
    pub revoked_at: Option<UnixMillis>,
}

impl Store {
    pub async fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        sqlx::query("SELECT * FROM devices WHERE id = $1")
            .bind(id.0.clone())
            .fetch_optional(&self.readers)
            .await?
            .as_ref()
            .map(device_row)
            .transpose()
    }
}

impl Tx {
    pub async fn device_by_key(&mut self, public_key: &str) -> Result<Option<DeviceRow>, StoreError> {
        sqlx::query("SELECT * FROM devices WHERE public_key = $1")
            .bind(public_key.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?
            .as_ref()
            .map(device_row)
            .transpose()
    }

    pub async fn insert_device(&mut self, device: &DeviceRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO devices (id, public_key, name, registered_by, registered_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(device.id.0.clone())
        .bind(device.public_key.clone())
        .bind(device.name.clone())
        .bind(device.registered_by.0.clone())
        .bind(device.registered_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// False when there is no such device or it was revoked before.
    pub async fn revoke_device(&mut self, id: &DeviceId, at: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE devices SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn device_row(row: &AnyRow) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        id: DeviceId(row.try_get("id")?),
        public_key: row.try_get("public_key")?,
        name: row.try_get("name")?,
        registered_by: StaffId(row.try_get("registered_by")?),
        registered_at: UnixMillis(row.try_get("registered_at")?),
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(UnixMillis),
    })
}
