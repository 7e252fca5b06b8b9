//! The key that signs identities for portals: Ed25519 (RFC 8032), made on first use, kept in a file that only the
//! server's own account can read.

use std::{
    io::{self, Write as _},
    path::Path,
};

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::DriverError;

const FILE_NAME: &str = "identity-key.pem";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// PKCS #8 (RFC 8410, 7) around a 32-byte Ed25519 seed: everything before the seed is fixed.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Signs JWTs and publishes the public half.
pub struct IdentitySigner {
    key: EncodingKey,
    /// `x` of the JWK: base64url of the public key.
    public: String,
    /// RFC 7638 thumbprint, so that it changes with the key and with nothing else.
    kid: String,
}

impl std::fmt::Debug for IdentitySigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentitySigner({})", self.kid)
    }
}

impl IdentitySigner {
    /// Loads the key from `data_dir`, or makes one there (mode 0600, durable before it signs anything).
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or can be read by others.
    pub fn load_or_create(data_dir: &Path, entropy: &dyn Entropy) -> Result<Self, DriverError> {
        let path = data_dir.join(FILE_NAME);
        let key_file = |source| DriverError::KeyFile { path: path.clone(), source };
        if !path.try_exists().map_err(key_file)? {
            let mut seed = Zeroizing::new([0_u8; 32]);
            entropy.fill(seed.as_mut_slice());
            write_new(data_dir, &path, &pem(&seed), entropy).map_err(key_file)?;
        }
        // Read back also after writing: two processes that start together end up with one key.
        if is_open_to_others(&path).map_err(key_file)? {
            return Err(DriverError::KeyFileOpen { path });
        }
        let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(key_file)?);
        let seed = seed_of(&text).ok_or(DriverError::KeyFileDamaged { path })?;
        Ok(Self::from_seed(&seed))
    }

    /// With a key that lives no longer than this value.
    pub(crate) fn throwaway(entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0_u8; 32]);
        entropy.fill(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        let public = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(seed).verifying_key().to_bytes());
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()));
        Self { key: EncodingKey::from_ed_der(&pkcs8(seed)), public, kid }
    }

    /// Id of the key, as in the header of each token and in the key set.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({
            "keys": [{
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": self.public,
            }]
        })
    }

    /// A signed JWT with `claims`.
    ///
    /// # Errors
    /// When the claims cannot be serialised.
    pub fn sign<C: Serialize>(&self, claims: &C) -> Result<String, DriverError> {
        self.sign_as(&self.kid, claims)
    }

    /// The same under another key's id.
    pub(crate) fn sign_as<C: Serialize>(&self, kid: &str, claims: &C) -> Result<String, DriverError> {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(DriverError::Signing)
    }
}

/// What every token of ours says, whoever it is for.
#[derive(Serialize)]
pub(super) struct Registered<'a> {
    pub iss: &'a str,
    pub aud: &'a str,
    pub sub: &'a str,
    pub jti: String,
    /// Seconds since 1970 (RFC 7519, 2: NumericDate).
    pub iat: i64,
    pub exp: i64,
}

/// Longest life of a token: portals may refuse longer ones.
pub(crate) const LIFETIME_SECONDS: i64 = 60;

impl<'a> Registered<'a> {
    pub fn new(iss: &'a str, aud: &'a str, sub: &'a str, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        let iat = clock.now().0.div_euclid(1000);
        Self { iss, aud, sub, jti: uuid_v7(clock, entropy), iat, exp: iat.saturating_add(LIFETIME_SECONDS) }
    }
}

fn pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([PKCS8_PREFIX.as_slice(), seed.as_slice()].concat())
}

fn pem(seed: &[u8; 32]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(pkcs8(seed).as_slice()));
    Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", body.as_str()))
}

fn seed_of(pem: &str) -> Option<Zeroizing<[u8; 32]>> {
    let body = pem.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(body.as_str()).ok()?);
    let seed: [u8; 32] = der.strip_prefix(&PKCS8_PREFIX)?.try_into().ok()?;
    Some(Zeroizing::new(seed))
}

/// Writes beside and links into place, so that `path` is either absent or whole; one that is there already stays.
fn write_new(dir: &Path, path: &Path, text: &str, entropy: &dyn Entropy) -> io::Result<()> {
    let mut suffix = [0_u8; 8];
    entropy.fill(&mut suffix);
    let beside = dir.join(format!(".{FILE_NAME}.{}", hex::encode(suffix)));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let placed =
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            match std::fs::hard_link(&beside, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                outcome => outcome,
            }
        });
    std::fs::remove_file(&beside)?;
    placed?;
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere the folder's access list decides.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::{ManualClock, SeededEntropy};
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[test]
    fn a_key_is_made_once_and_then_stays() {
        let dir = tempfile::tempdir().unwrap();
        let first = IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(1)).unwrap();
        let second = IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(2)).unwrap();
        assert_eq!(first.kid(), second.kid());
        let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [FILE_NAME]);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_for_the_servers_eyes_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(1)).unwrap();
        let path = dir.path().join(FILE_NAME);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(1));
        assert!(matches!(refused, Err(DriverError::KeyFileOpen { .. })), "{refused:?}");
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(1)).unwrap();
        let path = dir.path().join(FILE_NAME);
        let whole = std::fs::read_to_string(&path).unwrap();
        for damaged in
            [String::new(), whole[..40].to_owned(), whole.replace("MC4C", "MC5C"), whole.replace("END", "EMD")]
        {
            std::fs::write(&path, &damaged).unwrap();
            let refused = IdentitySigner::load_or_create(dir.path(), &SeededEntropy::new(1));
            assert!(matches!(refused, Err(DriverError::KeyFileDamaged { .. })), "{refused:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn what_is_signed_verifies_against_the_published_key_set() {
        let signer = IdentitySigner::from_seed(&[7; 32]);
        let clock = ManualClock::default();
        let token = signer.sign(&Registered::new("i", "a", "s", &clock, &SeededEntropy::new(1))).unwrap();
        let set = signer.jwks();
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().kid.as_deref(), set["keys"][0]["kid"].as_str());
        let key = DecodingKey::from_ed_components(set["keys"][0]["x"].as_str().unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["a"]);
        validation.validate_exp = false;
        let claims: serde_json::Value = jsonwebtoken::decode(&token, &key, &validation).unwrap().claims;
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), LIFETIME_SECONDS);
        let other = IdentitySigner::from_seed(&[8; 32]).jwks();
        let key = DecodingKey::from_ed_components(other["keys"][0]["x"].as_str().unwrap()).unwrap();
        assert!(jsonwebtoken::decode::<serde_json::Value>(&token, &key, &validation).is_err());
        assert!(!format!("{signer:?}").contains("BwcH"), "the seed shows");
    }

    /// The thumbprint example of RFC 8037, appendix A.3, with the key of A.1.
    #[test]
    fn the_key_id_is_the_rfc_7638_thumbprint() {
        let seed: [u8; 32] =
            URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap().try_into().unwrap();
        let signer = IdentitySigner::from_seed(&seed);
        assert_eq!(signer.public, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(signer.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
