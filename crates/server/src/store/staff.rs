//! Staff accounts.

use amberglass_wire::{StaffId, UnixMillis, auth::Role};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

/// One account. The role is text here, because a newer version may have written one that this version does not know.
#[derive(Clone)]
pub struct StaffRow {
    pub id: StaffId,
    pub email: String,
    pub name: String,
    pub role: String,
    /// PHC string, argon2id.
    pub password_hash: String,
    pub active: bool,
    pub created_at: UnixMillis,
}

impl std::fmt::Debug for StaffRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffRow").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// E-mail addresses compare without case.
fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The role, or `None` for one that this version does not know.
pub fn parse_role(text: &str) -> Option<Role> {
    Role::parse(text)
}

impl Store {
    pub async fn staff_by_email(&self, email: &str) -> Result<Option<StaffRow>, StoreError> {
        sqlx::query("SELECT * FROM staff WHERE email_key = $1")
            .bind(email_key(email))
            .fetch_optional(&self.readers)
            .await?
            .as_ref()
            .map(staff_row)
            .transpose()
    }

    pub async fn has_staff(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query("SELECT id FROM staff LIMIT 1").fetch_optional(&self.readers).await?.is_some())
    }
}

impl Tx {
    pub async fn staff_by_id(&mut self, id: &StaffId) -> Result<Option<StaffRow>, StoreError> {
        sqlx::query("SELECT * FROM staff WHERE id = $1")
            .bind(id.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?
            .as_ref()
            .map(staff_row)
            .transpose()
    }

    /// Adds an account; false when the e-mail address is taken.
    pub async fn insert_staff(&mut self, staff: &StaffRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO staff (id, email, email_key, name, role, password_hash, active, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email_key) DO NOTHING",
        )
        .bind(staff.id.0.clone())
        .bind(staff.email.clone())
        .bind(email_key(&staff.email))
        .bind(staff.name.clone())
        .bind(staff.role.clone())
        .bind(staff.password_hash.clone())
        .bind(i64::from(staff.active))
        .bind(staff.created_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False when there is no such account.
    pub async fn set_staff_active(&mut self, id: &StaffId, active: bool) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET active = $2 WHERE id = $1")
            .bind(id.0.clone())
            .bind(i64::from(active))
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn staff_row(row: &AnyRow) -> Result<StaffRow, StoreError> {
    Ok(StaffRow {
        id: StaffId(row.try_get("id")?),
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        password_hash: row.try_get("password_hash")?,
        active: row.try_get::<i64, _>("active")? == 1,
        created_at: UnixMillis(row.try_get("created_at")?),
    })
}
