//! Passwords: argon2id (RFC 9106), a few checks at a time.

use amberglass_domain::ports::Entropy;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::AccountError;
use crate::store::NO_PASSWORD;

/// Each check takes some 19 MiB and tens of milliseconds: more at once would only let a flood take the machine.
const CHECKS_AT_ONCE: usize = 4;
pub(super) const MIN_PASSWORD_CHARACTERS: usize = 12;

pub(super) struct Passwords {
    checks: Semaphore,
    /// Checked in place of a password that does not exist, so that it takes as long.
    nobodys_hash: String,
}

impl Passwords {
    pub fn new(entropy: &dyn Entropy) -> Result<Self, AccountError> {
        Ok(Self { checks: Semaphore::new(CHECKS_AT_ONCE), nobodys_hash: hash("nobody has this password", entropy)? })
    }

    /// Whether `password` is the one of this hash; takes as long when there is none.
    pub async fn check(&self, password: SecretString, hash: Option<&str>) -> Result<bool, AccountError> {
        let hash = hash.filter(|hash| *hash != NO_PASSWORD);
        let (exists, hash) = (hash.is_some(), hash.unwrap_or(&self.nobodys_hash).to_owned());
        let _permit = self.checks.acquire().await.map_err(|_| AccountError::Interrupted)?;
        let matches = tokio::task::spawn_blocking(move || {
            Argon2::default().verify_password(password.expose_secret().as_bytes(), hash.as_str()).is_ok()
        })
        .await
        .map_err(|_| AccountError::Interrupted)?;
        Ok(exists && matches)
    }
}

/// The hash to keep of a new password.
pub(super) fn accepted(password: &str, entropy: &dyn Entropy) -> Result<String, AccountError> {
    if password.chars().count() < MIN_PASSWORD_CHARACTERS {
        return Err(AccountError::PasswordTooShort);
    }
    hash(password, entropy)
}

/// Argon2id with the parameters of its RFC's second recommendation as the library has them by default.
fn hash(password: &str, entropy: &dyn Entropy) -> Result<String, AccountError> {
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let hash: argon2::PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| AccountError::Hash)?;
    Ok(hash.to_string())
}
