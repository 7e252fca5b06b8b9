//! A key store in memory that can be missing, locked or broken.

use std::{collections::HashMap, sync::Mutex};

use amberglass_domain::ports::{Keychain, KeychainEntry, KeychainError};
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

#[derive(Default)]
pub struct MemoryKeychain {
    entries: Mutex<HashMap<KeychainEntry, String>>,
    trouble: Mutex<Option<KeychainError>>,
}

impl MemoryKeychain {
    pub fn put(&self, entry: KeychainEntry, secret: &str) {
        self.entries.lock().unwrap().insert(entry, secret.to_owned());
    }

    pub fn get(&self, entry: KeychainEntry) -> Option<String> {
        self.entries.lock().unwrap().get(&entry).cloned()
    }

    pub fn fail(&self, trouble: Option<KeychainError>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    fn check(&self) -> Result<(), KeychainError> {
        self.trouble.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Keychain for MemoryKeychain {
    async fn read(&self, entry: KeychainEntry) -> Result<Option<SecretString>, KeychainError> {
        self.check()?;
        Ok(self.get(entry).map(SecretString::from))
    }

    async fn write(&self, entry: KeychainEntry, secret: SecretString) -> Result<(), KeychainError> {
        self.check()?;
        self.put(entry, secret.expose_secret());
        Ok(())
    }

    async fn remove(&self, entry: KeychainEntry) -> Result<(), KeychainError> {
        self.check()?;
        self.entries.lock().unwrap().remove(&entry);
        Ok(())
    }
}
