//! Token families, access and refresh tokens, all by SHA-256.

use amberglass_wire::{DeviceId, StaffId, UnixMillis};
use sqlx::Row as _;

use super::{Store, StoreError, Tx};

/// Whom an access token speaks for, and whether it still may.
#[derive(Clone, Debug)]
pub struct AccessRow {
    pub staff: StaffId,
    pub email: String,
    pub name: String,
    pub role: String,
    pub device: DeviceId,
    pub device_key: String,
    pub family: String,
    pub expires_at: UnixMillis,
    /// When the person last proved who they are.
    pub authenticated_at: UnixMillis,
    /// Account active, device and family not revoked.
    pub holds: bool,
    /// The sign-in ended, but account and device hold.
    pub signed_out: bool,
}

/// A sign-in about to begin.
pub struct NewFamily<'a> {
    pub id: &'a str,
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub started_at: UnixMillis,
    pub authenticated_at: UnixMillis,
    pub method: &'a str,
}

#[derive(Clone, Debug)]
pub struct RefreshRow {
    pub family: String,
    pub staff: StaffId,
    pub device: DeviceId,
    pub device_key: String,
    pub authenticated_at: UnixMillis,
    pub expires_at: UnixMillis,
    pub replaced_at: Option<UnixMillis>,
    pub device_revoked: bool,
    pub family_revoked: bool,
    pub staff_active: bool,
}

impl Store {
    pub async fn access_token(&self, token_sha256: &str) -> Result<Option<AccessRow>, StoreError> {
        let row = sqlx::query(
            "SELECT s.id AS staff, s.email, s.name, s.role, s.active, d.id AS device, d.public_key, d.revoked_at, \
             f.id AS family, f.revoked_at AS family_revoked_at, f.authenticated_at, a.expires_at \
             FROM access_tokens a JOIN token_families f ON f.id = a.family JOIN staff s ON s.id = f.staff \
             JOIN devices d ON d.id = f.device WHERE a.token_sha256 = $1",
        )
        .bind(token_sha256.to_owned())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let device_revoked = row.try_get::<Option<i64>, _>("revoked_at")?.is_some();
            let family_revoked = row.try_get::<Option<i64>, _>("family_revoked_at")?.is_some();
            let active = row.try_get::<i64, _>("active")? == 1;
            Ok(AccessRow {
                staff: StaffId(row.try_get("staff")?),
                email: row.try_get("email")?,
                name: row.try_get("name")?,
                role: row.try_get("role")?,
                device: DeviceId(row.try_get("device")?),
                device_key: row.try_get("public_key")?,
                family: row.try_get("family")?,
                expires_at: UnixMillis(row.try_get("expires_at")?),
                authenticated_at: UnixMillis(row.try_get("authenticated_at")?),
                holds: active && !device_revoked && !family_revoked,
                signed_out: active && !device_revoked && family_revoked,
            })
        })
        .transpose()
    }

    /// Whether the staff member is signed in on the device, with whatever token.
    pub async fn is_signed_in(&self, staff: &StaffId, device: &DeviceId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM token_families WHERE staff = $1 AND device = $2 AND revoked_at IS NULL LIMIT 1",
        )
        .bind(staff.0.clone())
        .bind(device.0.clone())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }
}

impl Tx {
    pub async fn insert_family(&mut self, family: &NewFamily<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO token_families (id, staff, device, started_at, authenticated_at, method) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(family.id.to_owned())
        .bind(family.staff.0.clone())
        .bind(family.device.0.clone())
        .bind(family.started_at.0)
        .bind(family.authenticated_at.0)
        .bind(family.method.to_owned())
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Ends the sign-ins of this staff member on this device: a new one takes their place.
    pub async fn revoke_families_on(
        &mut self,
        staff: &StaffId,
        device: &DeviceId,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE token_families SET revoked_at = $3 WHERE staff = $1 AND device = $2 AND revoked_at IS NULL",
        )
        .bind(staff.0.clone())
        .bind(device.0.clone())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Ends all sign-ins of this staff member.
    pub async fn revoke_families_of(&mut self, staff: &StaffId, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("UPDATE token_families SET revoked_at = $2 WHERE staff = $1 AND revoked_at IS NULL")
            .bind(staff.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Whether this staff member ever signed in on this device.
    pub async fn has_signed_in(&mut self, staff: &StaffId, device: &DeviceId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM token_families WHERE staff = $1 AND device = $2 LIMIT 1")
            .bind(staff.0.clone())
            .bind(device.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.is_some())
    }

    /// All tokens of the family are worth nothing from now on.
    pub async fn revoke_family(&mut self, id: &str, at: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE token_families SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id.to_owned())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn insert_access_token(
        &mut self,
        token_sha256: &str,
        family: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO access_tokens (token_sha256, family, expires_at) VALUES ($1, $2, $3)")
            .bind(token_sha256.to_owned())
            .bind(family.to_owned())
            .bind(expires_at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Idempotent: the successor of a token is always the same.
    pub async fn insert_refresh_token(
        &mut self,
        token_sha256: &str,
        family: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO refresh_tokens (token_sha256, family, expires_at) VALUES ($1, $2, $3) \
             ON CONFLICT (token_sha256) DO NOTHING",
        )
        .bind(token_sha256.to_owned())
        .bind(family.to_owned())
        .bind(expires_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub async fn refresh_token(&mut self, token_sha256: &str) -> Result<Option<RefreshRow>, StoreError> {
        let row = sqlx::query(
            "SELECT f.id AS family, f.revoked_at AS family_revoked_at, f.staff, f.device, f.authenticated_at, \
             d.public_key, d.revoked_at, s.active, r.expires_at, r.replaced_at \
             FROM refresh_tokens r JOIN token_families f ON f.id = r.family JOIN devices d ON d.id = f.device \
             JOIN staff s ON s.id = f.staff WHERE r.token_sha256 = $1",
        )
        .bind(token_sha256.to_owned())
        .fetch_optional(&mut *self.inner)
        .await?;
        row.map(|row| {
            Ok(RefreshRow {
                family: row.try_get("family")?,
                staff: StaffId(row.try_get("staff")?),
                device: DeviceId(row.try_get("device")?),
                device_key: row.try_get("public_key")?,
                authenticated_at: UnixMillis(row.try_get("authenticated_at")?),
                expires_at: UnixMillis(row.try_get("expires_at")?),
                replaced_at: row.try_get::<Option<i64>, _>("replaced_at")?.map(UnixMillis),
                device_revoked: row.try_get::<Option<i64>, _>("revoked_at")?.is_some(),
                family_revoked: row.try_get::<Option<i64>, _>("family_revoked_at")?.is_some(),
                staff_active: row.try_get::<i64, _>("active")? == 1,
            })
        })
        .transpose()
    }

    /// False when it had been replaced before.
    pub async fn replace_refresh_token(&mut self, token_sha256: &str, at: UnixMillis) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE refresh_tokens SET replaced_at = $2 WHERE token_sha256 = $1 AND replaced_at IS NULL")
                .bind(token_sha256.to_owned())
                .bind(at.0)
                .execute(&mut *self.inner)
                .await?;
        Ok(done.rows_affected() == 1)
    }
}
