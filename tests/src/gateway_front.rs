//! Somebody between a session window and its gateway: without a valid certificate, asking for a name and a password, or silent.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

const HOST: &str = "barkside.localhost";
/// For this host and for a hundred years, by nobody whom any machine trusts: `openssl req -x509 -newkey ec -pkeyopt
/// ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=barkside.localhost -addext subjectAltName=DNS:barkside.localhost`.
/// Nothing is wrong with it but that.
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/untrusted-gateway/certificate.der");
/// Worth as much as the certificate.
const KEY: &[u8] = include_bytes!("../fixtures/untrusted-gateway/key.der");
/// No head of a page's request is longer.
const MAX_HEAD: usize = 64 * 1024;

#[derive(Debug, Clone, Copy)]
pub enum Front {
    /// Speaks TLS with a certificate that it has made itself, and leads to the gateway whoever accepts it.
    Uncertified,
    /// Asks for a name and a password where the page asks for this path, and leads to the gateway otherwise.
    AsksAt(&'static str),
    /// Never answers where the page asks for this path, and leads to the gateway otherwise.
    SilentAt(&'static str),
}

#[derive(Default)]
struct Shared {
    gateway: OnceLock<SocketAddr>,
    connections: AtomicUsize,
    requests: AtomicUsize,
    credentials: AtomicUsize,
}

pub struct GatewayFront {
    /// What the gateway has to call its own origin.
    pub origin: String,
    shared: Arc<Shared>,
}

impl GatewayFront {
    /// # Errors
    /// When no port is free or no certificate can be made.
    pub async fn start(front: Front) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (scheme, tls) = match front {
            Front::Uncertified => ("https", Some(acceptor()?)),
            Front::AsksAt(_) | Front::SilentAt(_) => ("http", None),
        };
        let shared: Arc<Shared> = Arc::default();
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((window, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::Relaxed);
                let (serving, tls) = (Arc::clone(&serving), tls.clone());
                tokio::spawn(async move {
                    // A connection that breaks is what some of this is about.
                    let _ = match tls {
                        Some(tls) => match tls.accept(window).await {
                            Ok(window) => serving.serve(window, front).await,
                            Err(error) => Err(error.into()),
                        },
                        None => serving.serve(window, front).await,
                    };
                });
            }
        });
        Ok(Self { origin: format!("{scheme}://{HOST}:{port}"), shared })
    }

    /// From now on it leads there.
    pub fn lead_to(&self, gateway: SocketAddr) {
        let _ = self.shared.gateway.set(gateway);
    }

    /// How often somebody came.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How often somebody said what they wanted.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// How often somebody said who they were.
    pub fn credentials(&self) -> usize {
        self.shared.credentials.load(Ordering::Relaxed)
    }
}

fn acceptor() -> Result<TlsAcceptor> {
    let key = PrivateKeyDer::try_from(KEY).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Shared {
    async fn serve(&self, mut window: impl AsyncRead + AsyncWrite + Unpin, front: Front) -> Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
            head.push(window.read_u8().await?);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(&head).to_lowercase();
        if text.contains("\r\nauthorization:") {
            self.credentials.fetch_add(1, Ordering::Relaxed);
        }
        let wanted = text.split(' ').nth(1);
        if let Front::SilentAt(path) = front
            && wanted == Some(path)
        {
            std::future::pending::<()>().await;
        }
        if let Front::AsksAt(path) = front
            && wanted == Some(path)
        {
            let body = "Who are you?";
            let answer = format!(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"Your company password\"\r\n\
                 Content-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            return Ok(window.write_all(answer.as_bytes()).await?);
        }
        let mut gateway = TcpStream::connect(self.gateway.get().context("nobody has said where to")?).await?;
        gateway.write_all(&head).await?;
        copy_bidirectional(&mut window, &mut gateway).await?;
        Ok(())
    }
}
