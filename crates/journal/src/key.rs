//! The key of the bodies at rest; it lives in the OS keyring.

use amberglass_domain::ports::Entropy;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::JournalError;

/// Thirty-two bytes, wiped when dropped. Never logged, never serialised but into the keyring.
#[derive(Clone)]
pub struct JournalKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalKey(..)")
    }
}

impl JournalKey {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut_slice());
        Self(key)
    }

    /// Base64 (standard, padded), for the keyring only.
    pub fn to_secret_text(&self) -> SecretString {
        STANDARD.encode(self.0.as_slice()).into()
    }

    /// # Errors
    /// [`JournalError::MalformedKey`] unless the text is base64 of 32 bytes.
    pub fn from_secret_text(text: &SecretString) -> Result<Self, JournalError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret()).map_err(|_| JournalError::MalformedKey)?);
        Self::from_bytes(&bytes).ok_or(JournalError::MalformedKey)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
