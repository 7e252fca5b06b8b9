//! Secrets of the server: random tokens, what is kept of them, and the key in the data folder with what it makes, checks
//! and seals.

use std::{
    io::{self, Write as _},
    path::Path,
};

use amberglass_domain::{
    checkpoint::{CheckpointError, NoteSigner},
    ports::Entropy,
    recovery::RecoverySecret,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const KEY_FILE: &str = "server-key";
const ID_FILE: &str = "server-id";
/// Long enough to be drawn at random (XChaCha20).
const NONCE_BYTES: usize = 24;

/// Hex, lower case: the form in which secrets of others are stored and looked up.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// 32 random bytes, base64url.
pub fn random_token(entropy: &dyn Entropy) -> String {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    entropy.fill(bytes.as_mut_slice());
    URL_SAFE_NO_PAD.encode(bytes.as_slice())
}

/// The server's own key for what it alone makes and checks. Each purpose has a domain of its own.
pub struct ServerKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerKey(..)")
    }
}

impl ServerKey {
    /// Loads the key from `data_dir`, or makes one there (mode 0600).
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not a key.
    pub fn load_or_create(data_dir: &Path, entropy: &dyn Entropy) -> io::Result<Self> {
        let text = Zeroizing::new(load_or_create(data_dir, KEY_FILE, || {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            entropy.fill(bytes.as_mut_slice());
            hex::encode(bytes.as_slice())
        })?);
        let bytes = Zeroizing::new(hex::decode(text.as_str()).unwrap_or_default());
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "server-key does not hold 32 bytes of hex"))?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// Signs checkpoints under this name; the same key and name give the same signer.
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn checkpoint_signer(&self, name: &str) -> Result<NoteSigner, CheckpointError> {
        NoteSigner::new(name, &Zeroizing::new(self.mac("checkpoint-signer", &[name])))
    }

    /// Whether a verifier key is the one that this key gives to the name.
    pub fn signs_as(&self, name: &str, verifier_key: &str) -> bool {
        self.checkpoint_signer(name).is_ok_and(|signer| signer.verifier_key() == verifier_key)
    }

    /// Opens the journals of consoles whose key store is lost.
    pub fn recovery_secret(&self) -> RecoverySecret {
        RecoverySecret::from_seed(&Zeroizing::new(self.mac("journal-recovery", &[])))
    }

    /// HMAC-SHA-256 (RFC 2104) over length-prefixed fields.
    pub fn mac(&self, purpose: &str, fields: &[&str]) -> [u8; 32] {
        let mut mac = self.hmac(purpose);
        for field in fields {
            feed(&mut mac, field.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// True when `tag` is the base64url of [`ServerKey::mac`]; takes the same time either way.
    pub fn verify(&self, purpose: &str, fields: &[&str], tag: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        let mut mac = self.hmac(purpose);
        for field in fields {
            feed(&mut mac, field.as_bytes());
        }
        mac.verify_slice(&tag).is_ok()
    }

    /// Seals `plain` (XChaCha20-Poly1305) so that it opens with this key, for this purpose and these fields only;
    /// base64url. `None` when it cannot be encrypted.
    pub fn seal(&self, purpose: &str, fields: &[&str], plain: &[u8], entropy: &dyn Entropy) -> Option<String> {
        let mut nonce = [0_u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let aad = associated(fields);
        let sealed = self.cipher(purpose).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat()))
    }

    /// What was sealed, unless it was changed, or sealed with another key, for another purpose or other fields.
    pub fn open(&self, purpose: &str, fields: &[&str], sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let aad = associated(fields);
        let plain = self.cipher(purpose).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).ok()?;
        Some(Zeroizing::new(plain))
    }

    /// Each purpose seals with a key of its own.
    fn cipher(&self, purpose: &str) -> XChaCha20Poly1305 {
        let key = Zeroizing::new(self.mac("seal", &[purpose]));
        XChaCha20Poly1305::new(&Key::from(*key))
    }

    fn hmac(&self, purpose: &str) -> Hmac<Sha256> {
        // HMAC fills keys shorter than a block with zeros; done here, there is no length to be wrong about.
        let mut block = Zeroizing::new([0_u8; 64]);
        for (to, from) in block.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&(*block).into());
        feed(&mut mac, purpose.as_bytes());
        mac
    }
}

fn feed(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

/// Fields with their lengths before them, so that moving a letter from one to the next gives something else.
fn associated(fields: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    bytes
}

/// This server's id, made once: it names the writer of its chain.
///
/// # Errors
/// When the file cannot be read or written.
pub fn server_id(data_dir: &Path, make: impl FnOnce() -> String) -> io::Result<String> {
    load_or_create(data_dir, ID_FILE, make)
}

fn load_or_create(data_dir: &Path, name: &str, make: impl FnOnce() -> String) -> io::Result<String> {
    let path = data_dir.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Written aside and linked into place, so that a crash leaves a whole file or none, and the first of two processes
    // that start together wins for both.
    let aside = data_dir.join(format!("{name}.{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(make().as_bytes())?;
    file.sync_all()?;
    drop(file);
    let placed = std::fs::hard_link(&aside, &path);
    std::fs::remove_file(&aside)?;
    match placed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    #[cfg(unix)]
    std::fs::File::open(data_dir)?.sync_all()?;
    Ok(std::fs::read_to_string(&path)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn the_key_and_the_id_stay_the_same_over_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let first = ServerKey::load_or_create(dir.path(), &SeededEntropy::new(1)).unwrap();
        let second = ServerKey::load_or_create(dir.path(), &SeededEntropy::new(2)).unwrap();
        assert_eq!(first.mac("a", &["b"]), second.mac("a", &["b"]));
        assert_eq!(server_id(dir.path(), || "one".into()).unwrap(), "one");
        assert_eq!(server_id(dir.path(), || "two".into()).unwrap(), "one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_tag_holds_for_its_purpose_and_fields_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = ServerKey::load_or_create(dir.path(), &SeededEntropy::new(1)).unwrap();
        let tag = URL_SAFE_NO_PAD.encode(key.mac("form", &["ab", "c"]));
        assert!(key.verify("form", &["ab", "c"], &tag));
        assert!(!key.verify("form", &["a", "bc"], &tag));
        assert!(!key.verify("other", &["ab", "c"], &tag));
        assert!(!key.verify("form", &["ab", "c"], "nonsense"));
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let dir = tempfile::tempdir().unwrap();
        let entropy = SeededEntropy::new(1);
        let key = ServerKey::load_or_create(dir.path(), &entropy).unwrap();
        let sealed = key.seal("totp", &["amy"], b"secret", &entropy).unwrap();
        assert_eq!(key.open("totp", &["amy"], &sealed).unwrap().as_slice(), b"secret");
        assert_ne!(key.seal("totp", &["amy"], b"secret", &entropy).unwrap(), sealed, "never the same twice");
        assert!(key.open("totp", &["leo"], &sealed).is_none());
        assert!(key.open("other", &["amy"], &sealed).is_none());
        let mut changed = sealed.clone().into_bytes();
        changed[40] ^= 1;
        assert!(key.open("totp", &["amy"], &String::from_utf8(changed).unwrap()).is_none());
        assert!(key.open("totp", &["amy"], "short").is_none());
        let other = tempfile::tempdir().unwrap();
        let other = ServerKey::load_or_create(other.path(), &SeededEntropy::new(2)).unwrap();
        assert!(other.open("totp", &["amy"], &sealed).is_none());
    }
}
