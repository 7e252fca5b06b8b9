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
    /// PHC string, argon2id; [`NO_PASSWORD`] where there is none.
    pub password_hash: String,
    pub active: bool,
    pub created_at: UnixMillis,
    /// The TOTP secret, sealed; `None` until the second factor is set up.
    pub totp_sealed: Option<String>,
    /// `iss` and `sub` at the company's OpenID Connect provider, joined by a line feed.
    pub external_subject: Option<String>,
}

/// Stands in place of a hash that every password fails.
pub const NO_PASSWORD: &str = "-";

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
        one(sqlx::query("SELECT * FROM staff WHERE email_key = $1")
            .bind(email_key(email))
            .fetch_optional(&self.readers)
            .await?)
    }

    pub async fn staff_name(&self, id: &StaffId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT name FROM staff WHERE id = $1")
            .bind(id.0.clone())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.try_get("name")).transpose()?)
    }

    /// By name.
    pub async fn all_staff(&self) -> Result<Vec<StaffRow>, StoreError> {
        sqlx::query("SELECT * FROM staff ORDER BY name, email_key")
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(staff_row)
            .collect()
    }

    pub async fn has_staff(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query("SELECT id FROM staff LIMIT 1").fetch_optional(&self.readers).await?.is_some())
    }
}

impl Tx {
    pub async fn staff_by_id(&mut self, id: &StaffId) -> Result<Option<StaffRow>, StoreError> {
        one(sqlx::query("SELECT * FROM staff WHERE id = $1")
            .bind(id.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    pub async fn staff_by_email(&mut self, email: &str) -> Result<Option<StaffRow>, StoreError> {
        one(sqlx::query("SELECT * FROM staff WHERE email_key = $1")
            .bind(email_key(email))
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    pub async fn staff_by_external_subject(&mut self, subject: &str) -> Result<Option<StaffRow>, StoreError> {
        one(sqlx::query("SELECT * FROM staff WHERE external_subject = $1")
            .bind(subject.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    /// Whether another active account than this one has the role.
    pub async fn another_has_role(&mut self, id: &StaffId, role: Role) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM staff WHERE id <> $1 AND role = $2 AND active = 1 LIMIT 1")
            .bind(id.0.clone())
            .bind(role.as_str())
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.is_some())
    }

    /// Adds an account; false when the e-mail address is taken.
    pub async fn insert_staff(&mut self, staff: &StaffRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO staff (id, email, email_key, name, role, password_hash, active, created_at, external_subject) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email_key) DO NOTHING",
        )
        .bind(staff.id.0.clone())
        .bind(staff.email.clone())
        .bind(email_key(&staff.email))
        .bind(staff.name.clone())
        .bind(staff.role.clone())
        .bind(staff.password_hash.clone())
        .bind(i64::from(staff.active))
        .bind(staff.created_at.0)
        .bind(staff.external_subject.clone())
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False when there is no such account, or it is so already.
    pub async fn set_staff_active(&mut self, id: &StaffId, active: bool) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET active = $2 WHERE id = $1 AND active <> $2")
            .bind(id.0.clone())
            .bind(i64::from(active))
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn set_staff_role(&mut self, id: &StaffId, role: Role) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET role = $2 WHERE id = $1 AND role <> $2")
            .bind(id.0.clone())
            .bind(role.as_str())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn set_staff_password(&mut self, id: &StaffId, password_hash: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET password_hash = $2 WHERE id = $1")
            .bind(id.0.clone())
            .bind(password_hash.to_owned())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps the second factor whose code of `step` was just shown; false when the account has one already.
    pub async fn set_up_second_factor(
        &mut self,
        id: &StaffId,
        sealed: &str,
        step: i64,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE staff SET totp_sealed = $2, totp_last_step = $3, totp_confirmed_at = $4 \
             WHERE id = $1 AND totp_confirmed_at IS NULL",
        )
        .bind(id.0.clone())
        .bind(sealed.to_owned())
        .bind(step)
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Uses up the code of this time step and all before it; false when that was done before (RFC 6238, 5.2).
    pub async fn use_second_factor(&mut self, id: &StaffId, step: i64) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2")
            .bind(id.0.clone())
            .bind(step)
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The account has no second factor any more and sets one up at the next sign-in.
    pub async fn reset_second_factor(&mut self, id: &StaffId) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE staff SET totp_sealed = NULL, totp_confirmed_at = NULL, totp_last_step = 0 \
             WHERE id = $1 AND totp_confirmed_at IS NOT NULL",
        )
        .bind(id.0.clone())
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ties the account to a subject of the company's provider; false when it is tied to one already.
    pub async fn link_provider(&mut self, id: &StaffId, subject: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE staff SET external_subject = $2 WHERE id = $1 AND external_subject IS NULL")
            .bind(id.0.clone())
            .bind(subject.to_owned())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn one(row: Option<AnyRow>) -> Result<Option<StaffRow>, StoreError> {
    row.as_ref().map(staff_row).transpose()
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
        totp_sealed: match row.try_get::<Option<i64>, _>("totp_confirmed_at")? {
            Some(_) => row.try_get("totp_sealed")?,
            None => None,
        },
        external_subject: row.try_get("external_subject")?,
    })
}
