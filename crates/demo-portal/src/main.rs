//! Starts Barkside, prints one line of readiness JSON to stdout, and serves until Ctrl-C or SIGTERM.

use std::{io::Write, net::SocketAddr, sync::Arc};

use amberglass_demo_portal::{Clock, Portal, PortalConfig, PortalError};
use anyhow::Context;
use clap::Parser;
use url::Url;

/// Barkside, the sample portal of a pet-grooming salon. Reached through a support gateway only.
#[derive(Debug, Parser)]
#[command(name = "amberglass-demo-portal", version)]
struct Arguments {
    /// Loopback address to listen on; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the gateway publishes the keys of its signed identity.
    #[arg(long)]
    jwks_url: Url,
    /// The `iss` that a signed identity must carry.
    #[arg(long)]
    issuer: String,
    /// The `aud` that a signed identity must carry: this portal's id at the gateway.
    #[arg(long, default_value = "barkside")]
    audience: String,
    /// Also serve pages that try to escape from the window they are shown in, and to reach this other origin. For tests.
    #[arg(long, value_name = "ORIGIN")]
    with_hostile_pages: Option<Url>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    if !arguments.listen.ip().is_loopback() {
        return Err(PortalError::NotLoopback(arguments.listen).into());
    }
    let portal = Portal::new(PortalConfig {
        jwks_url: arguments.jwks_url,
        issuer: arguments.issuer,
        audience: arguments.audience,
        clock: system_clock(),
        hostile_pages: arguments.with_hostile_pages,
    })?;
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("could not listen on {}", arguments.listen))?;
    let stop = stop_signal()?;
    let ready = serde_json::json!({ "ready": true, "listen": listener.local_addr()?.to_string() });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;
    portal.serve(listener, stop).await?;
    Ok(())
}

/// The one place of this program that reads a clock.
fn system_clock() -> Clock {
    #[allow(clippy::disallowed_methods)]
    Arc::new(|| chrono::Utc::now().timestamp_millis())
}

/// Registered before readiness is told, so that a signal sent right after it is not lost.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
