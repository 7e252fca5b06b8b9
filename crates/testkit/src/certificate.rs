//! A certificate that nobody vouches for.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// For `barkside.localhost` and for a hundred years (`tests/src/gateway_front.rs` says how it was made).
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/untrusted-gateway/certificate.der");
/// Worth as much.
const KEY: &[u8] = include_bytes!("../../../tests/fixtures/untrusted-gateway/key.der");

/// Writes certificate and key as PEM into the folder, and says where.
///
/// # Panics
/// If the folder can't be written.
#[allow(clippy::panic, reason = "a test that can't write cannot go on")]
pub fn untrusted_certificate(dir: &Path) -> (PathBuf, PathBuf) {
    let written = |name: &str, what: &str, der: &[u8]| {
        let text = STANDARD.encode(der).into_bytes();
        let lines: Vec<_> = text.chunks(64).map(String::from_utf8_lossy).collect();
        let path = dir.join(name);
        let pem = format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"));
        std::fs::write(&path, pem).unwrap_or_else(|error| panic!("writing {}: {error}", path.display()));
        path
    };
    (written("untrusted.pem", "CERTIFICATE", CERTIFICATE), written("untrusted-key.pem", "PRIVATE KEY", KEY))
}
