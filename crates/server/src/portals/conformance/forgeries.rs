//! Tokens that nobody should believe.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::drivers::{DriverError, IdentitySigner};

/// SubjectPublicKeyInfo around an Ed25519 key (RFC 8410, 4): everything before the key is fixed.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signed by nobody, in the spellings that libraries have let pass (RFC 8725, 2.1).
pub(super) fn unsigned(kid: &str, claims: &Value) -> Vec<String> {
    ["none", "None", "NONE"]
        .map(|alg| {
            let header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
            format!("{}.{}.", encoded(&header), encoded(claims))
        })
        .into()
}

/// Other claims under a signature that was made for `token`.
pub(super) fn altered(token: &str, claims: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(ToOwned::to_owned).collect();
    if let Some(body) = parts.get_mut(1) {
        *body = encoded(claims);
    }
    parts.join(".")
}

/// Authenticated with the public key as if it were a shared secret (RFC 8725, 2.1), in each form in which one may be held.
pub(super) fn by_the_public_key(signer: &IdentitySigner, claims: &Value) -> Result<Vec<String>, DriverError> {
    let set = signer.jwks();
    let key = set.get("keys").and_then(|keys| keys.get(0)).cloned().unwrap_or_default();
    let x = key.get("x").and_then(Value::as_str).unwrap_or_default();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap_or_default();
    let spki = [SPKI_PREFIX.as_slice(), raw.as_slice()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&spki));
    let secrets =
        [x.as_bytes().to_vec(), raw, spki, pem.clone().into_bytes(), pem.trim().into(), key.to_string().into()];
    let header = Header { kid: Some(signer.kid().to_owned()), ..Header::new(Algorithm::HS256) };
    secrets
        .iter()
        .map(|secret| {
            jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).map_err(DriverError::Signing)
        })
        .collect()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
