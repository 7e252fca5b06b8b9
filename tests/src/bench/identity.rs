//! An identity that the sample portal believes, for a window that comes without a gateway: the same claims, signed by a key
//! of the bench, which the door publishes beside the gateway's.

use amberglass_domain::ports::{Clock as _, Entropy as _, uuid_v7};
use amberglass_system::{OsEntropy, SystemClock};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

/// The header that the sample portal trusts.
pub const HEADER: &str = "amberglass-identity";
const KEY_ID: &str = "bench";
/// The portal refuses longer ones.
const LIFETIME_SECONDS: i64 = 60;

/// Who looks, at whom.
pub struct Identity {
    key: SigningKey,
    issuer: String,
    staff: String,
    customer: String,
}

impl Identity {
    pub fn new(issuer: &str, staff: &str, customer: &str) -> Self {
        let mut seed = [0_u8; 32];
        OsEntropy.fill(&mut seed);
        Self {
            key: SigningKey::from_bytes(&seed),
            issuer: issuer.to_owned(),
            staff: staff.to_owned(),
            customer: customer.to_owned(),
        }
    }

    /// The public half (RFC 8037).
    pub fn public_key(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key().to_bytes());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": x })
    }

    /// A JWT like the gateway's own for a session of this staff member and customer, read-only.
    pub fn token(&self) -> String {
        let now = SystemClock.now().0.div_euclid(1000);
        let head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": KEY_ID });
        let claims = json!({
            "iss": self.issuer, "aud": "barkside", "sub": self.customer, "iat": now, "exp": now + LIFETIME_SECONDS,
            "jti": uuid_v7(&SystemClock, &OsEntropy), "act": { "sub": self.staff }, "sid": "bench", "mode": "read_only",
        });
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
