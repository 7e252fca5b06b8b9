//! Serves until it is told to stop.

use std::{io::Write as _, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_server::{RunningServer, SAMPLE_STAFF, ServerConfig};
use anyhow::Context as _;

pub async fn run(config: ServerConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> anyhow::Result<()> {
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
fn announce(running: &RunningServer) -> anyhow::Result<()> {
    let mut line = serde_json::json!({
        "ready": true, "api": running.api, "gateway": running.gateway, "issuer": running.issuer,
    });
    if let (Some(metrics), Some(said)) = (running.metrics, line.as_object_mut()) {
        said.insert("metrics".into(), metrics.to_string().into());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("the ready line could not be written")
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
