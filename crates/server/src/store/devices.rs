//! Devices: console installations with a key pair of their own.

use std::collections::HashMap;

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

/// A device as it is listed.
#[derive(Clone, Debug)]
pub struct ListedDeviceRow {
    pub device: DeviceRow,
    pub registered_by_name: String,
    /// Latest sign-in or renewal of one.
    pub last_seen_at: Option<UnixMillis>,
    /// Everybody who ever signed in on it, by name.
    pub staff: Vec<(StaffId, String)>,
}

impl Store {
    /// Those seen last come first. `staff` narrows to the devices that one member ever signed in on.
    pub async fn devices(&self, staff: Option<&StaffId>) -> Result<Vec<ListedDeviceRow>, StoreError> {
        let devices = sqlx::query(
            "SELECT d.*, s.name AS registered_by_name FROM devices d JOIN staff s ON s.id = d.registered_by \
             WHERE CAST($1 AS TEXT) IS NULL OR d.registered_by = $1 \
             OR EXISTS (SELECT 1 FROM token_families f WHERE f.device = d.id AND f.staff = $1) \
             ORDER BY COALESCE(d.last_seen_at, d.registered_at) DESC, d.id",
        )
        .bind(staff.map(|id| id.0.clone()))
        .fetch_all(&self.readers)
        .await?;
        let mut people: HashMap<String, Vec<(StaffId, String)>> = HashMap::new();
        for row in sqlx::query(
            "SELECT DISTINCT f.device, s.id, s.name FROM token_families f JOIN staff s ON s.id = f.staff \
             ORDER BY s.name, s.id",
        )
        .fetch_all(&self.readers)
        .await?
        {
            let person = (StaffId(row.try_get("id")?), row.try_get("name")?);
            people.entry(row.try_get("device")?).or_default().push(person);
        }
        devices
            .iter()
            .map(|row| {
                let device = device_row(row)?;
                Ok(ListedDeviceRow {
                    registered_by_name: row.try_get("registered_by_name")?,
                    last_seen_at: row.try_get::<Option<i64>, _>("last_seen_at")?.map(UnixMillis),
                    staff: people.remove(&device.id.0).unwrap_or_default(),
                    device,
                })
            })
            .collect()
    }

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

    /// Somebody signed in on it or renewed a sign-in.
    pub async fn device_seen(&mut self, id: &DeviceId, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("UPDATE devices SET last_seen_at = $2 WHERE id = $1")
            .bind(id.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// False when there is no such device or it was revoked before. `by` is nobody when the operator does it.
    pub async fn revoke_device(
        &mut self,
        id: &DeviceId,
        by: Option<&StaffId>,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE devices SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL")
                .bind(id.0.clone())
                .bind(at.0)
                .bind(by.map(|id| id.0.clone()))
                .execute(&mut *self.inner)
                .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE token_families SET revoked_at = $2 WHERE device = $1 AND revoked_at IS NULL")
            .bind(id.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(true)
    }

    pub async fn device(&mut self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        sqlx::query("SELECT * FROM devices WHERE id = $1")
            .bind(id.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?
            .as_ref()
            .map(device_row)
            .transpose()
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
