//! `amberglass-server demo`: a configuration of its own in place of a file.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use amberglass_server::{
    PortalConfig, ServerConfig,
    config::{DriverKind, WorkingHours},
};
use amberglass_wire::PortalId;
use anyhow::Context as _;
use clap::Args;
use url::Url;

#[derive(Args)]
pub struct Demo {
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

/// Barkside's, to be looked at and changed while the demo runs.
const RULES: &str = include_str!("../../../../demo-portal/rules.toml");
const RULES_FILE: &str = "barkside-rules.toml";

impl Demo {
    /// # Errors
    /// When the portal's rules can't be put where they are looked for.
    pub fn config(self) -> anyhow::Result<ServerConfig> {
        let (data, rules) = (self.data.clone(), self.data.join(RULES_FILE));
        let barkside = PortalConfig {
            id: PortalId::new("barkside"),
            name: "Barkside".into(),
            gateway_host: "barkside.localhost".into(),
            gateway_origin: None,
            upstream: self.portal_upstream,
            driver: DriverKind::SignedIdentity,
            active: true,
            audience: "barkside".into(),
            rules: Some(rules.clone()),
        };
        let config = ServerConfig {
            listen_api: self.listen_api,
            listen_gateway: self.listen_gateway,
            data_dir: self.data,
            portals: vec![barkside],
            demo: true,
            // Who tries it does so at any hour.
            working_hours: WorkingHours::always(),
            ..ServerConfig::default()
        };
        config.check()?;
        write_rules(&data, &rules).with_context(|| format!("{} can't be written", rules.display()))?;
        Ok(config)
    }
}

/// Once: what somebody has made of them stays.
fn write_rules(data: &Path, rules: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // It will hold keys.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)?;
    if rules.exists() { Ok(()) } else { std::fs::write(rules, RULES) }
}
