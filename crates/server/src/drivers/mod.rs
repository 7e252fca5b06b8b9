//! How the gateway obtains a customer's identity at a portal, and how customers are looked up there.
//!
//! A driver never shows what it holds for a customer to anyone but the portal itself: not to the console, not in a URL,
//! not in a log.

mod directory;
mod identity_signer;
mod signed_identity;

use std::{collections::HashMap, sync::Arc, time::Duration};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_wire::{
    CustomerId, PortalId,
    customer::{CustomerListResponse, CustomerResponse},
};
use async_trait::async_trait;
use http::HeaderMap;

pub(crate) use directory::Directory;
pub use identity_signer::IdentitySigner;
pub(crate) use identity_signer::LIFETIME_SECONDS;
pub(crate) use signed_identity::{DIRECTORY_SCOPE, OURSELVES};
pub use signed_identity::{IDENTITY_HEADER, SignedIdentity};

use crate::{
    config::{DriverKind, ServerConfig},
    sessions::GatewaySession,
};

/// One portal's driver.
#[async_trait]
pub trait Driver: Send + Sync + 'static {
    /// At most `limit` customers, best first.
    async fn find_customers(&self, query: &str, limit: u32) -> Result<CustomerListResponse, DriverError>;

    /// `None` when the portal has no such customer.
    async fn customer(&self, id: &CustomerId) -> Result<Option<CustomerResponse>, DriverError>;

    /// Puts the customer's identity into the headers of a request that is about to be forwarded. The gateway has
    /// dropped whatever of it came from the page.
    async fn decorate(&self, session: &GatewaySession, headers: &mut HeaderMap) -> Result<(), DriverError>;

    /// What this kind of system can and cannot do.
    fn capabilities(&self) -> Capabilities;
}

/// Asks portals and waits this long for the whole answer: by no proxy of the environment, and led nowhere.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, DriverError> {
    // An error says that the process already has one, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(DriverError::Client)
}

/// What a driver's kind of system can and cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Customers can be searched at the portal.
    pub finds_customers: bool,
    /// The portal is told which staff member looks.
    pub names_staff: bool,
    /// The portal is told the mode, and can hold to it by itself.
    pub names_mode: bool,
    /// The identity ends by itself within seconds once the gateway stops renewing it.
    pub ends_by_itself: bool,
}

/// Why a driver could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// No answer in time, or no connection.
    #[error("the portal could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The portal answered with an error of its own, or refused our signature.
    #[error("the portal's customer directory answered with status {status}")]
    Refused { status: u16 },
    /// The answer was not what the directory's contract says.
    #[error("the answer of the portal's customer directory was not understood: {0}")]
    NotUnderstood(&'static str),
    #[error("the HTTP client for the portal could not be made")]
    Client(#[source] reqwest::Error),
    #[error("the portal's address cannot carry the customer directory")]
    Address,
    #[error("the identity could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    #[error("the signing key {path} cannot be read or written")]
    KeyFile {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A key that others can read is no key. Nothing is signed with it.
    #[error("the signing key {path} can be read by others: set its mode to 0600, or remove it to make a new one")]
    KeyFileOpen { path: std::path::PathBuf },
    #[error("the signing key {path} is damaged: restore it, or remove it to make a new one")]
    KeyFileDamaged { path: std::path::PathBuf },
}

/// The drivers of all configured portals.
pub struct Drivers {
    by_portal: HashMap<PortalId, Arc<dyn Driver>>,
    signer: Arc<IdentitySigner>,
}

impl Drivers {
    /// Makes a driver for each portal of `config`, with `issuer` as the `iss` of what they sign (the configured one may
    /// be empty until the listener is bound). Connects to nothing.
    ///
    /// # Errors
    /// When a client cannot be made or an upstream address cannot be used.
    pub fn new(
        config: &ServerConfig,
        issuer: &str,
        signer: Arc<IdentitySigner>,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, DriverError> {
        let mut by_portal: HashMap<PortalId, Arc<dyn Driver>> = HashMap::new();
        for portal in &config.portals {
            let driver: Arc<dyn Driver> = match portal.driver {
                DriverKind::SignedIdentity => {
                    Arc::new(SignedIdentity::new(portal, issuer, signer.clone(), clock.clone(), entropy.clone())?)
                }
            };
            by_portal.insert(portal.id.clone(), driver);
        }
        Ok(Self { by_portal, signer })
    }

    pub fn get(&self, portal: &PortalId) -> Option<&Arc<dyn Driver>> {
        self.by_portal.get(portal)
    }

    /// The key set at `{issuer}/.well-known/jwks.json` (RFC 7517).
    pub fn jwks(&self) -> serde_json::Value {
        self.signer.jwks()
    }
}
