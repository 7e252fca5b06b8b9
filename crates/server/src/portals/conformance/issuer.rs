//! Who signs what the kit sends: a key pair of its own, shown on loopback for as long as the kit runs, or the server's.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use amberglass_domain::ports::Entropy;
use axum::{Json, Router, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

use super::ConformanceError;
use crate::{
    config::ServerConfig,
    drivers::{DriverError, IdentitySigner},
    portals::check::issuer_of,
};

const PATH: &str = "/.well-known/jwks.json";

/// See the module.
pub struct Issuer {
    name: String,
    signer: Arc<IdentitySigner>,
    shown: Option<Shown>,
}

/// The key set that portals fetch from us.
struct Shown {
    signers: Arc<Mutex<Vec<Arc<IdentitySigner>>>>,
    fetches: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Issuer {
    /// A new key pair, shown at this port of loopback until the value is dropped; 0 lets the system choose.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn own(port: u16, entropy: &dyn Entropy) -> Result<Self, ConformanceError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen = |source| ConformanceError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let name = format!("http://{}", listener.local_addr().map_err(listen)?);
        let signer = Arc::new(IdentitySigner::throwaway(entropy));
        let signers = Arc::new(Mutex::new(vec![signer.clone()]));
        let fetches = Arc::new(AtomicU64::new(0));
        let answer = {
            let (signers, fetches) = (signers.clone(), fetches.clone());
            move || {
                fetches.fetch_add(1, Ordering::SeqCst);
                let keys = key_set(&signers.lock().unwrap_or_else(PoisonError::into_inner));
                async move { Json(keys) }
            }
        };
        let router = Router::new().route(PATH, get(answer));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the keys can't be fetched any more");
            }
        });
        Ok(Self { name, signer, shown: Some(Shown { signers, fetches, serving }) })
    }

    /// The keys of the server of this configuration, which has to run: portals fetch them there.
    ///
    /// # Errors
    /// When the signing key cannot be used.
    pub fn of_server(config: &ServerConfig, entropy: &dyn Entropy) -> Result<Self, DriverError> {
        let signer = Arc::new(IdentitySigner::load_or_create(&config.data_dir, entropy)?);
        Ok(Self { name: issuer_of(config), signer, shown: None })
    }

    /// `iss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where portals fetch the keys.
    pub fn jwks_url(&self) -> String {
        format!("{}{PATH}", self.name)
    }

    pub(super) fn signer(&self) -> &IdentitySigner {
        &self.signer
    }

    /// How often the keys were fetched; nothing where somebody else shows them.
    pub(super) fn fetches(&self) -> Option<u64> {
        self.shown.as_ref().map(|shown| shown.fetches.load(Ordering::SeqCst))
    }

    /// Shows one more key. Nothing where somebody else shows them.
    pub(super) fn add_key(&self, entropy: &dyn Entropy) -> Option<Arc<IdentitySigner>> {
        let shown = self.shown.as_ref()?;
        let signer = Arc::new(IdentitySigner::throwaway(entropy));
        shown.signers.lock().unwrap_or_else(PoisonError::into_inner).push(signer.clone());
        Some(signer)
    }
}

fn key_set(signers: &[Arc<IdentitySigner>]) -> serde_json::Value {
    let keys: Vec<serde_json::Value> = signers
        .iter()
        .filter_map(|signer| signer.jwks().get("keys").and_then(|keys| keys.as_array().cloned()))
        .flatten()
        .collect();
    serde_json::json!({ "keys": keys })
}
