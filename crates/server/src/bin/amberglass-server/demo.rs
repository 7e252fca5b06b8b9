//! `amberglass-server demo`: a configuration of its own in place of a file.

use std::{net::SocketAddr, path::PathBuf};

use amberglass_server::{
    PortalConfig, ServerConfig,
    config::{DriverKind, WorkingHours},
};
use amberglass_wire::PortalId;
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

impl Demo {
    pub fn config(self) -> ServerConfig {
        let barkside = PortalConfig {
            id: PortalId::new("barkside"),
            name: "Barkside".into(),
            gateway_host: "barkside.localhost".into(),
            gateway_origin: None,
            upstream: self.portal_upstream,
            driver: DriverKind::SignedIdentity,
            active: true,
            audience: "barkside".into(),
        };
        ServerConfig {
            listen_api: self.listen_api,
            listen_gateway: self.listen_gateway,
            data_dir: self.data,
            portals: vec![barkside],
            demo: true,
            // Who tries it does so at any hour.
            working_hours: WorkingHours::always(),
            ..ServerConfig::default()
        }
    }
}
