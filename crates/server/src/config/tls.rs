//! TLS that the server speaks itself, where no proxy of the operator's stands before it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    client::verify_server_name,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject as _},
    },
    server::ParsedCertificate,
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
    /// When one of the files holds no such thing, they are not of one another, or the certificate is not for one of `hosts`.
    pub(crate) fn acceptor<'a>(&self, hosts: impl IntoIterator<Item = &'a str>) -> Result<TlsAcceptor, ConfigError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source: pem::Error| ConfigError::TlsFile { path, source }
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(unreadable(&self.certificate))?;
        let Some(own) = chain.first() else {
            return Err(unreadable(&self.certificate)(pem::Error::NoItemsFound));
        };
        let parsed = ParsedCertificate::try_from(own).map_err(ConfigError::TlsPair)?;
        for host in hosts {
            // Brackets are the address's, not the name's.
            let name = ServerName::try_from(host.trim_matches(['[', ']']))
                .map_err(|_| rustls::Error::General("this is no name of a host".into()));
            name.and_then(|name| verify_server_name(&parsed, &name))
                .map_err(|source| ConfigError::TlsHost { host: host.to_owned(), source })?;
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
    use amberglass_testkit::untrusted_certificate;

    use super::*;

    #[test]
    fn a_certificate_that_is_none_is_said_with_its_file_before_anything_listens() {
        let dir = tempfile::tempdir().unwrap();
        let tls = Tls { certificate: dir.path().join("chain.pem"), key: dir.path().join("key.pem") };
        let said = || tls.acceptor([]).err().unwrap().to_string();
        assert!(said().contains("chain.pem"), "{}", said());
        std::fs::write(&tls.certificate, "not a certificate").unwrap();
        assert!(said().contains("chain.pem"), "{}", said());
        let (certificate, key) = untrusted_certificate(dir.path());
        std::fs::copy(certificate, &tls.certificate).unwrap();
        assert!(said().contains("key.pem"), "{}", said());
        std::fs::write(&tls.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(matches!(tls.acceptor([]), Err(ConfigError::TlsPair(_))));
        std::fs::copy(key, &tls.key).unwrap();
        assert!(tls.acceptor([]).is_ok());
    }

    #[test]
    fn a_certificate_for_another_host_is_said_before_a_console_finds_out() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = untrusted_certificate(dir.path());
        let tls = Tls { certificate, key };
        assert!(tls.acceptor(["barkside.localhost"]).is_ok());
        for other in ["other.localhost", "127.0.0.1", "[::1]"] {
            let said = tls.acceptor(["barkside.localhost", other]).err().unwrap().to_string();
            assert!(said.contains(other), "{said}");
        }
    }
}
