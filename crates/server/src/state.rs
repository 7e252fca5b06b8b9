//! What all requests share.

use std::{net::SocketAddr, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::{Accounts, provider::Provider},
    audit::AuditLog,
    config::{PortalConfig, ServerConfig},
    drivers::Drivers,
    metrics::Metrics,
    policy::PolicyInForce,
    portals::RulesInForce,
    rates::Rates,
    secrets::ServerKey,
    sessions::Sessions,
    store::{Store, StoreError},
};

/// Made once by [`crate::serve`], then shared.
pub struct ServerState {
    pub store: Store,
    pub audit: AuditLog,
    pub accounts: Accounts,
    /// The company's, where it signs people in.
    pub provider: Option<Provider>,
    pub sessions: Arc<Sessions>,
    pub policy: PolicyInForce,
    pub rules: RulesInForce,
    pub config: Arc<ServerConfig>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub drivers: Arc<Drivers>,
    pub key: Arc<ServerKey>,
    /// The configured one, or the API listener's own address.
    pub issuer: String,
    /// Where the gateway really listens.
    pub gateway: SocketAddr,
    /// Cancelled when the server stops: endless answers end then.
    pub stop: CancellationToken,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
}

impl ServerState {
    /// Scheme, host and port under which consoles reach the portal, without a slash at the end.
    pub fn gateway_origin(&self, portal: &PortalConfig) -> String {
        match &portal.gateway_origin {
            Some(origin) => origin.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}:{}", portal.gateway_host, self.gateway.port()),
        }
    }

    /// By the configuration, and by the operator's switch while the server runs.
    ///
    /// # Errors
    /// When the switch cannot be read; the portal counts as inactive then.
    pub async fn portal_active(&self, portal: &PortalConfig) -> Result<bool, StoreError> {
        Ok(portal.active && !self.store.portal_disabled(&portal.id).await?)
    }

    /// Verifier keys of all servers on this database. It is not believed about whom to believe: only keys that come from
    /// `server-key` are given away.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn signers(&self) -> Result<Vec<String>, StoreError> {
        let listed = self.store.signers().await?;
        Ok(listed.into_iter().filter(|(name, key)| self.key.signs_as(name, key)).map(|(_, key)| key).collect())
    }

    /// A new UUID v7.
    pub fn new_id(&self) -> String {
        uuid_v7(&*self.clock, &*self.entropy)
    }
}
