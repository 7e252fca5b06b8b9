//! The device's Ed25519 key pair (RFC 8032): made at the first sign-in, kept in the OS keyring.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use amberglass_wire::DeviceId;
use zeroize::Zeroizing;

use crate::{
    checkpoint::{self, CheckpointError, NoteSigner},
    ports::Entropy,
};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    #[error("the stored device key is damaged")]
    Damaged,
    #[error("the public key of a device is not 32 bytes of base64 on the curve")]
    InvalidPublicKey,
    #[error("the signature does not fit the device's key")]
    WrongSignature,
}

/// Private half. Never logged, never serialised but into the keyring.
pub struct DeviceKey(SigningKey);

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.public_key())
    }
}

impl DeviceKey {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(seed.as_mut_slice());
        Self(SigningKey::from_bytes(&seed))
    }

    /// Base64 of the 32-byte seed, for the keyring only.
    pub fn to_secret_text(&self) -> secrecy::SecretString {
        STANDARD.encode(self.0.to_bytes()).into()
    }

    /// # Errors
    /// [`DeviceKeyError::Damaged`] unless the text is base64 of 32 bytes.
    pub fn from_secret_text(text: &str) -> Result<Self, DeviceKeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| DeviceKeyError::Damaged)?;
        let seed: [u8; 32] = bytes.try_into().map_err(|_| DeviceKeyError::Damaged)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Base64 (standard, padded) of the 32-byte public key.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.verifying_key().to_bytes())
    }

    /// Signs checkpoints of this device's journal.
    ///
    /// # Errors
    /// When the id cannot stand in a note.
    pub fn note_signer(&self, device: &DeviceId) -> Result<NoteSigner, CheckpointError> {
        NoteSigner::new(device.as_str(), &Zeroizing::new(self.0.to_bytes()))
    }

    /// Base64 of the 64-byte signature.
    pub fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message).to_bytes())
    }
}

/// What checkpoints of this device are verified with.
///
/// # Errors
/// [`DeviceKeyError::InvalidPublicKey`]
pub fn verifier_key(device: &DeviceId, public_key: &str) -> Result<String, DeviceKeyError> {
    let key = STANDARD.decode(public_key).map_err(|_| DeviceKeyError::InvalidPublicKey)?;
    let key: [u8; 32] = key.try_into().map_err(|_| DeviceKeyError::InvalidPublicKey)?;
    Ok(checkpoint::verifier_key(device.as_str(), &key))
}

/// Verifies strictly: no weak keys, no malleable signatures.
///
/// # Errors
/// When the key is not a key or the signature does not fit.
pub fn verify(public_key: &str, message: &[u8], signature: &str) -> Result<(), DeviceKeyError> {
    let key = STANDARD.decode(public_key).map_err(|_| DeviceKeyError::InvalidPublicKey)?;
    let key: [u8; 32] = key.try_into().map_err(|_| DeviceKeyError::InvalidPublicKey)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| DeviceKeyError::InvalidPublicKey)?;
    let signature = STANDARD.decode(signature).map_err(|_| DeviceKeyError::WrongSignature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| DeviceKeyError::WrongSignature)?;
    key.verify_strict(message, &signature).map_err(|_| DeviceKeyError::WrongSignature)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let key = DeviceKey::generate(&Fixed(7));
        let other = DeviceKey::generate(&Fixed(8));
        let signature = key.sign(b"message");
        assert_eq!(verify(&key.public_key(), b"message", &signature), Ok(()));
        assert_eq!(verify(&key.public_key(), b"massage", &signature), Err(DeviceKeyError::WrongSignature));
        assert_eq!(verify(&other.public_key(), b"message", &signature), Err(DeviceKeyError::WrongSignature));
        assert_eq!(verify("no key", b"message", &signature), Err(DeviceKeyError::InvalidPublicKey));
    }

    #[test]
    fn a_key_survives_the_keyring_and_shows_only_its_public_half() {
        use secrecy::ExposeSecret as _;
        let key = DeviceKey::generate(&Fixed(7));
        let text = key.to_secret_text();
        let back = DeviceKey::from_secret_text(text.expose_secret()).unwrap();
        assert_eq!(back.public_key(), key.public_key());
        assert!(!format!("{key:?}").contains(text.expose_secret()));
        assert_eq!(DeviceKey::from_secret_text("xx").unwrap_err(), DeviceKeyError::Damaged);
    }
}
