//! A key store in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashMap, sync::Mutex};

use amberglass_domain::ports::{Keychain, KeychainEntry, KeychainError};
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

#[derive(Default)]
pub struct MemoryKeychain {
    entries: Mutex<HashMap<KeychainEntry, String>>,
}

impl MemoryKeychain {
    pub fn holds(&self, entry: KeychainEntry) -> bool {
        self.entries.lock().unwrap().contains_key(&entry)
    }
}

#[async_trait]
impl Keychain for MemoryKeychain {
    async fn read(&self, entry: KeychainEntry) -> Result<Option<SecretString>, KeychainError> {
        Ok(self.entries.lock().unwrap().get(&entry).cloned().map(SecretString::from))
    }

    async fn write(&self, entry: KeychainEntry, secret: SecretString) -> Result<(), KeychainError> {
        self.entries.lock().unwrap().insert(entry, secret.expose_secret().to_owned());
        Ok(())
    }

    async fn remove(&self, entry: KeychainEntry) -> Result<(), KeychainError> {
        self.entries.lock().unwrap().remove(&entry);
        Ok(())
    }
}
