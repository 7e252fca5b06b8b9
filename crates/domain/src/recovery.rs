//! A journal key sealed so that the server's operator can open it when the key store that held it is lost: HPKE
//! (RFC 9180) in base mode with X25519, HKDF-SHA-256 and ChaCha20-Poly1305.

use std::convert::Infallible;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hpke::{
    Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _,
    aead::ChaCha20Poly1305,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    single_shot_open, single_shot_seal_with_rng,
};
use zeroize::Zeroizing;

use crate::ports::Entropy;

/// Separates this use of the key from every other one.
const INFO: &[u8] = b"amberglass/journal/recovery/v1";
/// Of the encapsulated key (RFC 9180, section 7.1).
const ENCAPSULATED_BYTES: usize = 32;

type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    #[error("the text is not a recovery key")]
    MalformedKey,
    #[error("the key could not be sealed")]
    NotSealed,
    #[error("it was not sealed to this server, or it was changed")]
    NotOurs,
}

/// What consoles seal to.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(Public);

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryKey({})", self.to_text())
    }
}

impl RecoveryKey {
    /// Base64 (standard, padded) of the public key.
    pub fn to_text(&self) -> String {
        STANDARD.encode(self.0.to_bytes())
    }

    /// # Errors
    /// [`RecoveryError::MalformedKey`]
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        let bytes = STANDARD.decode(text).map_err(|_| RecoveryError::MalformedKey)?;
        Public::from_bytes(&bytes).map(Self).map_err(|_| RecoveryError::MalformedKey)
    }

    /// Opens only with the secret, and only where `place` is the same.
    ///
    /// # Errors
    /// [`RecoveryError::NotSealed`]
    pub fn seal(&self, place: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, RecoveryError> {
        let (encapsulated, text) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &self.0,
            INFO,
            plain,
            place,
            &mut Random(entropy),
        )
        .map_err(|_| RecoveryError::NotSealed)?;
        Ok([encapsulated.to_bytes().as_slice(), &text].concat())
    }
}

/// What the server keeps.
pub struct RecoverySecret {
    secret: Secret,
    public: Public,
}

impl std::fmt::Debug for RecoverySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoverySecret(..)")
    }
}

impl RecoverySecret {
    /// The same seed gives the same key (RFC 9180, section 7.1.3).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
        Self { secret, public }
    }

    pub fn recovery_key(&self) -> RecoveryKey {
        RecoveryKey(self.public.clone())
    }

    /// # Errors
    /// [`RecoveryError::NotOurs`]
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecoveryError> {
        let (encapsulated, text) = sealed.split_at_checked(ENCAPSULATED_BYTES).ok_or(RecoveryError::NotOurs)?;
        let encapsulated =
            <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| RecoveryError::NotOurs)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.secret,
            &encapsulated,
            INFO,
            text,
            place,
        )
        .map(Zeroizing::new)
        .map_err(|_| RecoveryError::NotOurs)
    }
}

/// Randomness as HPKE asks for it.
struct Random<'a>(&'a dyn Entropy);

impl TryRng for Random<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn only_the_secret_opens_and_only_in_its_place() {
        let secret = RecoverySecret::from_seed(&[7; 32]);
        let key = RecoveryKey::parse(&secret.recovery_key().to_text()).unwrap();
        let sealed = key.seal(b"device-1", b"journal key", &Counting(3.into())).unwrap();
        assert_eq!(secret.open(b"device-1", &sealed).unwrap().as_slice(), b"journal key");
        assert_eq!(secret.open(b"device-2", &sealed), Err(RecoveryError::NotOurs));
        assert_eq!(RecoverySecret::from_seed(&[8; 32]).open(b"device-1", &sealed), Err(RecoveryError::NotOurs));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(secret.open(b"device-1", &changed).is_err(), "byte {place}");
        }
        assert!(secret.open(b"device-1", &sealed[..20]).is_err());
        assert_eq!(RecoverySecret::from_seed(&[7; 32]).recovery_key(), key, "the same seed gives the same key");
    }

    #[test]
    fn a_text_that_is_no_key_is_none() {
        for text in ["", "AAAA", "not base64!", &STANDARD.encode([1; 33])] {
            assert_eq!(RecoveryKey::parse(text), Err(RecoveryError::MalformedKey), "{text}");
        }
    }
}
