//! The backend of Amberglass: staff accounts, sessions, the audit log, and the gateway between the locked webview and the
//! portal.
//!
//! It must never let a session exist without its record, never show a customer's identity at the portal to anyone but
//! the portal, and never trust a console: what a console asks for is checked here against policy and rows, on every
//! request.
//!
//! Start reading at [`serve`], then [`sessions`], [`gateway`] and [`audit`]. SQL stands in [`store`] alone.

pub mod accounts;
pub mod audit;
pub mod config;
pub mod drivers;
pub mod gateway;
pub mod operator;
pub mod policy;
mod policy_watch;
pub mod portals;
pub mod sessions;
pub mod state;
pub mod store;

mod api;
mod listener;
mod metrics;
mod rates;
mod readiness;
mod request_id;
mod rules_watch;
mod secrets;
mod steady_clock;
mod watch;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use accounts::{SAMPLE_STAFF, SampleStaff};
pub use api::document as openapi;
pub use config::{Limits, PortalConfig, ServerConfig};
pub use secrets::sha256_hex;
pub use state::ServerState;

use accounts::{Accounts, provider::Provider};
use audit::AuditLog;
use drivers::{Drivers, IdentitySigner};
use policy::PolicyInForce;
use portals::RulesInForce;
use secrets::ServerKey;
use sessions::{Change, ChangedSession, Sessions};
use steady_clock::SteadyClock;
use store::{Hint, Store};

/// How long open answers may take to end once the server stops.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// How long a connection may stay without a complete request on it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error("listening on {address} failed")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the data folder {path} cannot be used")]
    DataDir {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Policy(#[from] policy::PolicyError),
    #[error(transparent)]
    Rules(#[from] portals::RulesFileError),
    #[error(transparent)]
    Driver(#[from] drivers::DriverError),
    #[error(transparent)]
    Account(#[from] accounts::AccountError),
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    #[error(transparent)]
    Checkpoint(#[from] amberglass_domain::checkpoint::CheckpointError),
    #[error(transparent)]
    Provider(#[from] accounts::provider::ProviderError),
    #[error("running sessions could not be decided again by the policy in force")]
    DecideAgain(#[from] sessions::DecideAgainError),
}

/// A server that listens.
pub struct RunningServer {
    pub api: SocketAddr,
    pub gateway: SocketAddr,
    /// Where it was configured.
    pub metrics: Option<SocketAddr>,
    /// What consoles are pointed at.
    pub issuer: String,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    state: Arc<ServerState>,
}

/// Opens the database, binds the listeners and serves until [`RunningServer::stop`]. Portals need not answer yet.
///
/// # Errors
/// When the configuration is unsafe, the data cannot be opened, or an address is taken.
pub async fn serve(
    config: ServerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<RunningServer, ServerError> {
    config.check()?;
    let tls = config.acceptor()?;
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::new(clock));
    let data_dir = |source| ServerError::DataDir { path: config.data_dir.clone(), source };
    create_private(&config.data_dir).map_err(data_dir)?;
    let key = Arc::new(ServerKey::load_or_create(&config.data_dir, &*entropy).map_err(data_dir)?);
    let id = secrets::server_id(&config.data_dir, || uuid_v7(&*clock, &*entropy)).map_err(data_dir)?;
    let policy = PolicyInForce::load(&config.policy)?;
    let rules = RulesInForce::load(&config.portals)?;
    let store = Store::open(&config.database_url()?).await?;
    store.warn_of_risks().await?;
    if !config.database_clock_may_differ {
        store.check_clock(&*clock).await?;
    }
    let signer = key.checkpoint_signer(&format!("server:{id}"))?;
    let audit = AuditLog::open(store.clone(), &id, signer, clock.clone(), entropy.clone()).await?;
    audit.enrol().await?;

    let api_listener = listen(config.listen_api).await?;
    let gateway_listener = listen(config.listen_gateway).await?;
    let metrics_listener = match config.listen_metrics {
        Some(address) => Some((listen(address).await?, address)),
        None => None,
    };
    let (api, gateway) =
        (address_of(&api_listener, config.listen_api)?, address_of(&gateway_listener, config.listen_gateway)?);
    let metrics_at = match &metrics_listener {
        Some((listener, asked)) => Some(address_of(listener, *asked)?),
        None => None,
    };
    let issuer =
        if config.issuer.is_empty() { format!("http://{api}") } else { config.issuer.trim_end_matches('/').to_owned() };

    let signer = Arc::new(IdentitySigner::load_or_create(&config.data_dir, &*entropy)?);
    let drivers = Arc::new(Drivers::new(&config, &issuer, signer, &clock, &entropy)?);
    let provider = match &config.openid_connect {
        Some(provider) => Some(Provider::new(provider, &issuer, clock.clone(), entropy.clone())?),
        None => None,
    };
    let config = Arc::new(config);
    let sessions =
        Arc::new(Sessions::new(store.clone(), audit.clone(), clock.clone(), entropy.clone(), config.clone()));
    let accounts = Accounts::new(store.clone(), audit.clone(), key.clone(), clock.clone(), entropy.clone(), &config)?;
    if config.demo {
        accounts.add_samples().await?;
    }
    if !accounts.can_read_second_factors().await? {
        // Others may have none yet, and the operator can reset those that do: no reason to keep everybody out.
        tracing::error!(error = &accounts::AccountError::OtherKey as &dyn std::error::Error, "second factors");
    }
    let rates = rates::Rates::new(&config.limits);
    let metrics = metrics::Metrics::new(store.metrics(), audit.metrics(), &config.portals, &*clock);
    let stop = CancellationToken::new();
    let state = Arc::new(ServerState {
        store,
        audit,
        accounts,
        provider,
        sessions: sessions.clone(),
        policy,
        rules,
        config,
        clock,
        entropy,
        drivers,
        key,
        issuer: issuer.clone(),
        gateway,
        stop: stop.clone(),
        rates,
        metrics,
    });

    policy_watch::note(&state, state.policy.now().hash()).await?;
    rules_watch::note_all(&state).await?;
    sessions.decide_again(&state.policy.now()).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(sessions::run_timer(sessions.clone(), stop.clone()));
    let (others, alarms) = (sessions.clone(), state.audit.clone());
    let hear = move |hint| match hint {
        Hint::Session(id) => others.hear(Change::Session(ChangedSession::new(id))),
        Hint::Alarms => alarms.hear_of_alarms(),
        Hint::Request(staff) => others.hear(Change::Request(staff)),
        Hint::SignIns => others.hear(Change::SignIns),
        Hint::Everything => others.hear(Change::Everything),
    };
    tasks.spawn(store::listen(state.store.clone(), state.clock.clone(), stop.clone(), hear));
    if !state.config.database_clock_may_differ {
        tasks.spawn(store::watch_clock(state.store.clone(), state.clock.clone(), stop.clone()));
    }
    let checkpoint_file = state.config.checkpoint_file.clone();
    let checkpoints = audit::Checkpoints::new(state.audit.clone(), state.clock.clone(), checkpoint_file);
    tasks.spawn(checkpoints.run(stop.clone()));
    tasks.spawn(policy_watch::run(state.clone(), stop.clone()));
    tasks.spawn(rules_watch::run(state.clone(), stop.clone()));
    tasks.spawn(audit::Reconciliation::new(state.audit.clone(), state.clock.clone()).run(stop.clone()));
    tasks.spawn(sessions::run_customer_check(sessions, state.drivers.clone(), stop.clone()));
    let passage = Arc::new(gateway::Gateway::new(state.clone()));
    let watched = passage.clone();
    tasks.spawn(async move { watched.watch_rules().await });
    let door = listener::Door { tls, stop: stop.clone(), head_timeout: HEAD_TIMEOUT };
    tasks.spawn(listener::serve(api_listener, api::router(state.clone(), passage.clone()), door.clone()));
    tasks.spawn(listener::serve(gateway_listener, gateway::router(passage), door.clone()));
    if let Some((listener, address)) = metrics_listener {
        // Who watches the server from this machine has no name for it.
        let door = if address.ip().is_loopback() { listener::Door { tls: None, ..door } } else { door };
        tasks.spawn(listener::serve(listener, metrics::router(state.clone()), door));
    }
    Ok(RunningServer { api, gateway, metrics: metrics_at, issuer, stop, tasks, state })
}

impl RunningServer {
    /// What the server works with; for tests and tools within this process.
    pub fn state(&self) -> &Arc<ServerState> {
        &self.state
    }

    /// Ends open answers, finishes what was begun, closes the database.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(STOP_GRACE, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("open answers were cut: they did not end in time");
            self.tasks.shutdown().await;
        }
        self.state.store.close().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address).await.map_err(|source| ServerError::Listen { address, source })
}

fn address_of(listener: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ServerError> {
    listener.local_addr().map_err(|source| ServerError::Listen { address: asked, source })
}

/// The folder holds keys: nobody else may look into it.
fn create_private(dir: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
