//! TLS that the server speaks itself, where no proxy of the operator's stands before it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;

use super::ConfigError;

/// Read when the server starts: a certificate that was renewed is served after a restart, which sessions outlive.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM: the server's own certificate, then those between it and a root. It names the issuer's host and those of all portals.
    pub certificate: PathBuf,
    /// PEM: the key of the first one.
    pub key: PathBuf,
}

/// HTTP/2 for whoever speaks it (RFC 7301, RFC 9113 section 3.2).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

impl Tls {
    /// # Errors
    /// When one of the files holds no such thing, or they are not of one another.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, ConfigError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source: pem::Error| ConfigError::TlsFile { path, source }
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(unreadable(&self.certificate))?;
        if chain.is_empty() {
            return Err(unreadable(&self.certificate)(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unreadable(&self.key))?;
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(ConfigError::TlsPair)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_none_is_said_with_its_file_before_anything_listens() {
        let dir = tempfile::tempdir().unwrap();
        let tls = Tls { certificate: dir.path().join("chain.pem"), key: dir.path().join("key.pem") };
        let said = || tls.acceptor().err().unwrap().to_string();
        assert!(said().contains("chain.pem"), "{}", said());
        std::fs::write(&tls.certificate, "not a certificate").unwrap();
        assert!(said().contains("chain.pem"), "{}", said());
        std::fs::write(&tls.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(said().contains("key.pem"), "{}", said());
    }
}
