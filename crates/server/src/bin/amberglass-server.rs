//! The server's program: reads the configuration, serves, stops cleanly.

use std::{io::Read as _, net::SocketAddr, path::PathBuf, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_server::{
    PortalConfig, SAMPLE_STAFF, ServerConfig, accounts::Accounts, config::DriverKind, store::Store,
};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{PortalId, auth::Role};
use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use url::Url;

#[derive(Parser)]
#[command(name = "amberglass-server", version, about = "The backend and gateway of Amberglass")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// server.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one sample portal with sample staff, on this machine only.
    Demo(Demo),
    /// Staff accounts.
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
}

#[derive(Args)]
struct Demo {
    #[arg(long, default_value = "127.0.0.1:0")]
    listen_api: SocketAddr,
    #[arg(long, default_value = "127.0.0.1:0")]
    listen_gateway: SocketAddr,
    /// Folder for the database and keys; made if missing.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the sample portal answers, or will answer.
    #[arg(long, value_name = "URL")]
    portal_upstream: Url,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Adds an active account. The password is read from the standard input.
    Add {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// agent, lead, security or admin
        #[arg(long)]
        role: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("AMBERGLASS_LOG").unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let config = match arguments.command {
        Some(Command::Staff { command: StaffCommand::Add { config, email, name, role } }) => {
            return add_staff(&ServerConfig::load(&config)?, clock, entropy, &email, &name, &role).await;
        }
        Some(Command::Demo(demo)) => demo_config(demo),
        None => match arguments.config {
            Some(path) => ServerConfig::load(&path)?,
            None => bail!("say which configuration: --config FILE, or demo for a trial on this machine"),
        },
    };
    serve(config, clock, entropy).await
}

async fn serve(config: ServerConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> anyhow::Result<()> {
    // Asked for before anything listens, so that an early signal is not lost.
    let mut stop = StopSignal::new()?;
    if config.demo {
        tracing::warn!(staff = SAMPLE_STAFF.len(), "demo: sample staff with known passwords, on loopback only");
    }
    let running = amberglass_server::serve(config, clock, entropy).await?;
    announce(&running)?;
    stop.received().await;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// One line for whoever started us.
#[allow(clippy::print_stdout, reason = "the line is this program's answer")]
fn announce(running: &amberglass_server::RunningServer) -> anyhow::Result<()> {
    use std::io::Write as _;
    let line = serde_json::json!({
        "ready": true, "api": running.api, "gateway": running.gateway, "issuer": running.issuer,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("the ready line could not be written")
}

fn demo_config(demo: Demo) -> ServerConfig {
    let barkside = PortalConfig {
        id: PortalId::new("barkside"),
        name: "Barkside".into(),
        gateway_host: "barkside.localhost".into(),
        gateway_origin: None,
        upstream: demo.portal_upstream,
        driver: DriverKind::SignedIdentity,
        active: true,
        audience: "barkside".into(),
    };
    ServerConfig {
        listen_api: demo.listen_api,
        listen_gateway: demo.listen_gateway,
        data_dir: demo.data,
        portals: vec![barkside],
        demo: true,
        ..ServerConfig::default()
    }
}

async fn add_staff(
    config: &ServerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    email: &str,
    name: &str,
    role: &str,
) -> anyhow::Result<()> {
    let role = Role::parse(role).with_context(|| format!("`{role}` is none of agent, lead, security, admin"))?;
    let mut password = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut password).context("the password could not be read")?;
    let store = Store::open(&config.database_url()).await?;
    let accounts = Accounts::new(store.clone(), clock, entropy, &config.limits)?;
    let id = accounts.add(name, email, role, password.trim_end_matches(['\r', '\n'])).await?;
    store.close().await;
    tracing::info!(staff = %id, "account added");
    Ok(())
}

/// SIGTERM or SIGINT; on Windows Ctrl-C.
struct StopSignal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignal {
    #[cfg(unix)]
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn received(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "no signal can be received");
        }
    }
}
