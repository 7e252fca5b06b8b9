//! The operating system's key store: Secret Service, Keychain Services or Credential Manager.

use amberglass_domain::ports::{Keychain, KeychainEntry, KeychainError};
use async_trait::async_trait;
use keyring::{Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};

/// Entries stand under one name per installation and server, so that neither two homes on one desktop nor two servers share
/// a device.
pub struct OsKeychain {
    service: String,
}

impl OsKeychain {
    /// `service` is the name that the person sees in the key store.
    pub fn new(service: String) -> Self {
        Self { service }
    }

    async fn with_entry<T: Send + 'static>(
        &self,
        entry: KeychainEntry,
        action: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KeychainError> {
        let service = self.service.clone();
        // The key store may ask the person to unlock it: that must not hold up the runtime.
        tokio::task::spawn_blocking(move || {
            let entry = Entry::new(&service, entry.name()).map_err(classify)?;
            action(&entry).map_err(classify)
        })
        .await
        .map_err(|error| KeychainError::Failed { detail: error.to_string() })?
    }
}

#[async_trait]
impl Keychain for OsKeychain {
    async fn read(&self, entry: KeychainEntry) -> Result<Option<SecretString>, KeychainError> {
        self.with_entry(entry, |entry| match entry.get_password() {
            Ok(secret) => Ok(Some(SecretString::from(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn write(&self, entry: KeychainEntry, secret: SecretString) -> Result<(), KeychainError> {
        self.with_entry(entry, move |entry| entry.set_password(secret.expose_secret())).await
    }

    async fn remove(&self, entry: KeychainEntry) -> Result<(), KeychainError> {
        self.with_entry(entry, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }
}

/// Never carries the secret: `BadEncoding` and `BadDataFormat` hold its bytes and are reduced to a word.
#[allow(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow")]
fn classify(error: Error) -> KeychainError {
    match error {
        Error::NoDefaultStore => {
            let detail = match Entry::store_status() {
                Ok(()) => "no store was set up".to_owned(),
                Err(reason) => reason.to_string(),
            };
            KeychainError::Missing { detail }
        }
        Error::NoStorageAccess(_) => KeychainError::Locked,
        Error::PlatformFailure(reason) => KeychainError::Failed { detail: reason.to_string() },
        Error::BadEncoding(_) | Error::BadDataFormat(_, _) => {
            KeychainError::Failed { detail: "the stored entry is damaged".to_owned() }
        }
        other => KeychainError::Failed { detail: other.to_string() },
    }
}
