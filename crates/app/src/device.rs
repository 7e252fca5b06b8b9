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
    /// Refresh token of an earlier run that has not been used yet.
    pub resume: Option<SecretString>,
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
        self.on_keyring_checked(result.as_ref().map(|_| ()));
        let keyring = match result {
            Ok(keyring) => keyring,
            Err(error) => {
                tracing::warn!(%error, "the keyring could not be read");
                self.sign_in = SignIn::Blocked(errors::of_keychain(&error));
                return;
            }
        };
        self.device = DeviceState { key: keyring.key, id: keyring.id, journal_key: keyring.journal_key, resume: None };
        self.device.resume = keyring.refresh_token.filter(|_| self.device.known().is_some());
        // What an earlier run left in the journal goes to the server also while nobody is signed in. Who else works on it
        // has to be known before a token is used: two programs that renew the same one would lose the sign-in.
        self.open_journal();
        if !self.journal.is_opening() {
            self.go_on_from_keyring();
        }
    }

    /// Keyring and journal are known: silently signed in, or the sign-in screen.
    pub fn go_on_from_keyring(&mut self) {
        if !matches!(self.sign_in, SignIn::Starting) {
            return;
        }
        if let Some(error) = self.journal.in_use() {
            self.sign_in = SignIn::Blocked(error);
        } else if self.first_run_needed() {
            self.sign_in = SignIn::SignedOut(None);
        } else {
            match self.device.resume.take() {
                Some(token) => self.resume_with(token),
                None => self.sign_in = SignIn::SignedOut(None),
            }
        }
    }

    /// The first run is over: whoever was signed in before is so again.
    pub fn resume_when_settled(&mut self) {
        if self.first_run_needed() || self.device.resume.is_none() {
            return;
        }
        if matches!(self.sign_in, SignIn::SignedOut(_)) {
            self.sign_in = SignIn::Starting;
            self.go_on_from_keyring();
        }
    }
}
