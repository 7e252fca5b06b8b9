//! What the keyring holds of this installation, and the start of the program from it.

use std::sync::Arc;

use amberglass_domain::{
    device_key::DeviceKey,
    ports::{Keychain, KeychainEntry, KeychainError},
};
use amberglass_wire::DeviceId;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{controller::Actor, errors, input::Reply, sign_in::SignIn};

/// Everything that was found.
pub(crate) struct Keyring {
    pub key: Option<Arc<DeviceKey>>,
    pub id: Option<DeviceId>,
    pub journal_key: Option<SecretString>,
    pub refresh_token: Option<SecretString>,
}

impl Keyring {
    /// # Errors
    /// The key store's own, and [`KeychainError::Failed`] when what it holds is damaged.
    pub async fn read(keychain: &dyn Keychain) -> Result<Self, KeychainError> {
        let key = match keychain.read(KeychainEntry::DeviceKey).await? {
            Some(text) => Some(Arc::new(
                DeviceKey::from_secret_text(text.expose_secret())
                    .map_err(|error| KeychainError::Failed { detail: error.to_string() })?,
            )),
            None => None,
        };
        let id = keychain.read(KeychainEntry::DeviceId).await?.map(|text| DeviceId::new(text.expose_secret()));
        let journal_key = keychain.read(KeychainEntry::JournalKey).await?;
        let refresh_token = keychain.read(KeychainEntry::RefreshToken).await?;
        Ok(Self { key, id, journal_key, refresh_token })
    }
}

/// What the actor knows of its device. The id comes from the server at the first sign-in.
#[derive(Default)]
pub(crate) struct DeviceState {
    pub key: Option<Arc<DeviceKey>>,
    pub id: Option<DeviceId>,
    pub journal_key: Option<SecretString>,
}

/// A device that the server knows.
#[derive(Clone)]
pub(crate) struct Device {
    pub id: DeviceId,
    pub key: Arc<DeviceKey>,
}

impl DeviceState {
    pub fn known(&self) -> Option<Device> {
        Some(Device { id: self.id.clone()?, key: self.key.clone()? })
    }
}

impl Actor {
    /// At the start, and again when somebody tries after a blocked keyring.
    pub fn read_keyring(&mut self) {
        self.sign_in = SignIn::Starting;
        let ports = self.ports.clone();
        self.spawn(async move { Reply::KeyringRead(Keyring::read(ports.keychain.as_ref()).await) });
    }

    pub fn on_keyring(&mut self, result: Result<Keyring, KeychainError>) {
        let keyring = match result {
            Ok(keyring) => keyring,
            Err(error) => {
                tracing::warn!(%error, "the keyring could not be read");
                self.sign_in = SignIn::Blocked(errors::of_keychain(&error));
                return;
            }
        };
        self.device = DeviceState { key: keyring.key, id: keyring.id, journal_key: keyring.journal_key };
        // What an earlier run left in the journal goes to the server also while nobody is signed in.
        self.open_journal();
        match keyring.refresh_token {
            Some(token) if self.device.known().is_some() => self.resume_with(token),
            Some(_) | None => self.sign_in = SignIn::SignedOut(None),
        }
    }
}
