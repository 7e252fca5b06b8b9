//! Staff accounts: passwords, and who may try how often.

use std::sync::Arc;

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};
use amberglass_wire::{StaffId, auth::Role};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::{
    config::Limits,
    store::{StaffRow, Store, StoreError},
};

mod attempts;
mod samples;
pub mod tokens;

use attempts::Attempts;
pub use samples::{SAMPLE_STAFF, SampleStaff};
pub use tokens::TokenError;

/// Each check takes some 19 MiB and tens of milliseconds: more at once would only let a flood take the machine.
const CHECKS_AT_ONCE: usize = 4;
const MIN_PASSWORD_CHARACTERS: usize = 12;
/// RFC 5321, 4.5.3.1.3, without the angle brackets.
const MAX_EMAIL_BYTES: usize = 254;

/// Why an account could not be made or a password not be checked.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the password could not be hashed")]
    Hash,
    #[error("a password needs at least {MIN_PASSWORD_CHARACTERS} characters")]
    PasswordTooShort,
    #[error("`{0}` is not an e-mail address")]
    Email(String),
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    #[error("the password check did not end")]
    Interrupted,
}

/// What came of a sign-in.
#[derive(Debug)]
pub enum SignIn {
    Accepted(StaffRow),
    /// Unknown address, wrong password or account not active: nobody is told which.
    Wrong,
    TooMany,
}

/// The accounts, with their passwords as argon2id hashes (RFC 9106).
pub struct Accounts {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    checks: Semaphore,
    /// Checked in place of an account that does not exist, so that it takes as long.
    nobodys_hash: String,
    by_email: Attempts,
    by_address: Attempts,
}

impl Accounts {
    /// # Errors
    /// When a password cannot be hashed.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: &Limits,
    ) -> Result<Self, AccountError> {
        let nobodys_hash = hash("nobody has this password", &*entropy)?;
        let window_millis = i64::from(limits.sign_in_window_seconds).saturating_mul(1000);
        Ok(Self {
            store,
            clock,
            entropy,
            checks: Semaphore::new(CHECKS_AT_ONCE),
            nobodys_hash,
            by_email: Attempts::new(limits.sign_in_failures_per_email, window_millis),
            by_address: Attempts::new(limits.sign_in_failures_per_address, window_millis),
        })
    }

    /// Checks e-mail address and password, and counts failures by both address kinds.
    ///
    /// # Errors
    /// When the accounts cannot be read; nobody is signed in then.
    pub async fn sign_in(&self, email: &str, password: SecretString, address: &str) -> Result<SignIn, AccountError> {
        let (now, email_key) = (self.clock.monotonic_millis(), email.trim().to_lowercase());
        // The attempt is counted before the check and given back after a good one: attempts that run at the same time
        // must not get past the limit together. By network address first: who is over that limit leaves no trace of the
        // e-mail addresses that they go on trying.
        if !self.by_address.begin(address, now) {
            return Ok(SignIn::TooMany);
        }
        if email_key.len() > MAX_EMAIL_BYTES {
            return Ok(SignIn::Wrong);
        }
        if !self.by_email.begin(&email_key, now) {
            self.by_address.give_back(address);
            return Ok(SignIn::TooMany);
        }
        let row = self.store.staff_by_email(email).await?;
        let expected = row.as_ref().map_or_else(|| self.nobodys_hash.clone(), |row| row.password_hash.clone());
        let matches = self.check(password, expected).await?;
        match row {
            Some(row) if matches && row.active => {
                self.by_email.forget(&email_key);
                self.by_address.give_back(address);
                Ok(SignIn::Accepted(row))
            }
            Some(_) | None => Ok(SignIn::Wrong),
        }
    }

    async fn check(&self, password: SecretString, expected: String) -> Result<bool, AccountError> {
        let _permit = self.checks.acquire().await.map_err(|_| AccountError::Interrupted)?;
        tokio::task::spawn_blocking(move || {
            Argon2::default().verify_password(password.expose_secret().as_bytes(), expected.as_str()).is_ok()
        })
        .await
        .map_err(|_| AccountError::Interrupted)
    }

    /// Adds an active account.
    ///
    /// # Errors
    /// When the address is taken or no address, or the password too short.
    pub async fn add(&self, name: &str, email: &str, role: Role, password: &str) -> Result<StaffId, AccountError> {
        if password.chars().count() < MIN_PASSWORD_CHARACTERS {
            return Err(AccountError::PasswordTooShort);
        }
        let email = email.trim();
        if email.len() > MAX_EMAIL_BYTES
            || !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            || email.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(AccountError::Email(email.to_owned()));
        }
        let staff = StaffRow {
            id: StaffId(uuid_v7(&*self.clock, &*self.entropy)),
            email: email.to_owned(),
            name: name.trim().to_owned(),
            role: role.as_str().to_owned(),
            password_hash: hash(password, &*self.entropy)?,
            active: true,
            created_at: self.clock.now(),
        };
        let mut tx = self.store.begin().await?;
        if !tx.insert_staff(&staff).await? {
            return Err(AccountError::EmailTaken);
        }
        tx.commit().await?;
        Ok(staff.id)
    }

    /// A staff member who is not active is signed out everywhere at once, and their sessions end.
    ///
    /// # Errors
    /// When the account cannot be written.
    pub async fn set_active(&self, id: &StaffId, active: bool) -> Result<bool, AccountError> {
        let mut tx = self.store.begin().await?;
        let found = tx.set_staff_active(id, active).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The sample staff of the demo, on an empty database only.
    pub(crate) async fn add_samples(&self) -> Result<(), AccountError> {
        if self.store.has_staff().await? {
            return Ok(());
        }
        for sample in SAMPLE_STAFF {
            self.add(sample.name, sample.email, sample.role, sample.password).await?;
        }
        tracing::warn!("demo: sample staff with known passwords were added; this server listens on loopback only");
        Ok(())
    }
}

/// Argon2id with the parameters of its RFC's second recommendation as the library has them by default.
fn hash(password: &str, entropy: &dyn Entropy) -> Result<String, AccountError> {
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let hash: argon2::PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| AccountError::Hash)?;
    Ok(hash.to_string())
}
