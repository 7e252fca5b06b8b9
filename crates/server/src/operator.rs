//! What the operator's commands work with while servers run: the same database, and a chain of their own in the audit log.

use std::sync::Arc;

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};

use crate::{
    ServerConfig, ServerError, accounts::Accounts, audit::AuditLog, create_private, secrets, secrets::ServerKey,
    store::Store,
};

/// Opened for one command.
pub struct Operator {
    pub config: ServerConfig,
    pub store: Store,
    /// Writes as `server:<id>:operator`: a running server goes on with its own chain undisturbed.
    pub audit: AuditLog,
    pub accounts: Accounts,
    pub key: Arc<ServerKey>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Operator {
    /// Opens the data of the server that `config` describes, and makes it where there is none yet.
    ///
    /// # Errors
    /// When the data cannot be opened.
    pub async fn open(
        config: ServerConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServerError> {
        let data_dir = |source| ServerError::DataDir { path: config.data_dir.clone(), source };
        create_private(&config.data_dir).map_err(data_dir)?;
        let key = Arc::new(ServerKey::load_or_create(&config.data_dir, &*entropy).map_err(data_dir)?);
        let id = secrets::server_id(&config.data_dir, || uuid_v7(&*clock, &*entropy)).map_err(data_dir)?;
        let store = Store::open(&config.database_url()?).await?;
        let chain = format!("{id}:operator");
        let signer = key.checkpoint_signer(&format!("server:{id}"))?;
        let audit = AuditLog::open(store.clone(), &chain, signer, clock.clone(), entropy.clone()).await?;
        let accounts =
            Accounts::new(store.clone(), audit.clone(), key.clone(), clock.clone(), entropy.clone(), &config)?;
        Ok(Self { config, store, audit, accounts, key, clock, entropy })
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }
}
