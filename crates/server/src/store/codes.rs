//! Authorization codes: one use, one minute, never stored but as a hash. And the sign-ins that wait for the company's
//! provider.

use amberglass_wire::{StaffId, UnixMillis};
use sqlx::Row as _;

use super::{StoreError, Tx};

#[derive(Debug)]
pub struct CodeRow {
    pub staff: StaffId,
    pub redirect_uri: String,
    /// Base64url of SHA-256 of the verifier (RFC 7636).
    pub code_challenge: String,
    pub expires_at: UnixMillis,
    /// When the person proved who they are, and how.
    pub authenticated_at: UnixMillis,
    pub method: String,
    /// Set once the code was traded.
    pub family: Option<String>,
}

impl Tx {
    pub async fn insert_code(&mut self, code_sha256: &str, code: &CodeRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO authorization_codes (code_sha256, staff, redirect_uri, code_challenge, expires_at, \
             authenticated_at, method) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(code_sha256.to_owned())
        .bind(code.staff.0.clone())
        .bind(code.redirect_uri.clone())
        .bind(code.code_challenge.clone())
        .bind(code.expires_at.0)
        .bind(code.authenticated_at.0)
        .bind(code.method.clone())
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub async fn code(&mut self, code_sha256: &str) -> Result<Option<CodeRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM authorization_codes WHERE code_sha256 = $1")
            .bind(code_sha256.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        row.map(|row| {
            Ok(CodeRow {
                staff: StaffId(row.try_get("staff")?),
                redirect_uri: row.try_get("redirect_uri")?,
                code_challenge: row.try_get("code_challenge")?,
                expires_at: UnixMillis(row.try_get("expires_at")?),
                authenticated_at: UnixMillis(row.try_get("authenticated_at")?),
                method: row.try_get("method")?,
                family: row.try_get("family")?,
            })
        })
        .transpose()
    }

    /// Marks the code as traded; false when somebody else did so before.
    pub async fn trade_code(&mut self, code_sha256: &str, family: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE authorization_codes SET family = $2 WHERE code_sha256 = $1 AND family IS NULL")
            .bind(code_sha256.to_owned())
            .bind(family.to_owned())
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps what has to be known when the browser comes back from the provider.
    pub async fn insert_provider_sign_in(
        &mut self,
        state_sha256: &str,
        sealed: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO provider_sign_ins (state_sha256, sealed, expires_at) VALUES ($1, $2, $3)")
            .bind(state_sha256.to_owned())
            .bind(sealed.to_owned())
            .bind(expires_at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Takes it out, so that it is found once, with the time until which it holds.
    pub async fn take_provider_sign_in(
        &mut self,
        state_sha256: &str,
    ) -> Result<Option<(String, UnixMillis)>, StoreError> {
        let row = sqlx::query("DELETE FROM provider_sign_ins WHERE state_sha256 = $1 RETURNING sealed, expires_at")
            .bind(state_sha256.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        row.map(|row| Ok((row.try_get("sealed")?, UnixMillis(row.try_get("expires_at")?)))).transpose()
    }

    /// Removes codes, tokens and waiting sign-ins that expired before `before`: nothing can be done with them any more.
    pub async fn sweep_credentials(&mut self, before: UnixMillis) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM authorization_codes WHERE expires_at < $1",
            "DELETE FROM access_tokens WHERE expires_at < $1",
            "DELETE FROM refresh_tokens WHERE expires_at < $1",
            "DELETE FROM provider_sign_ins WHERE expires_at < $1",
        ] {
            sqlx::query(statement).bind(before.0).execute(&mut *self.inner).await?;
        }
        Ok(())
    }
}
