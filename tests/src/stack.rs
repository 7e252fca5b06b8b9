//! Server and portal as processes on free ports, with the samples in them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::process::Process;

const READY: Duration = Duration::from_secs(30);

/// The running backend and the portal behind it. Ends both when dropped; the data stays in its folder.
pub struct Stack {
    pub server: Process,
    pub portal: Option<Process>,
    /// Such as `http://127.0.0.1:40123`.
    pub api: String,
    /// Where the portal itself listens, for what tests ask of it directly.
    pub portal_url: String,
    pub gateway_port: u16,
    portal_port: u16,
    bin_dir: PathBuf,
    dir: PathBuf,
    hostile: Option<String>,
    front: Option<Front>,
}

/// Something between the gateway and the portal.
pub struct Front {
    /// What the gateway takes for the portal.
    pub upstream: String,
    /// Where the portal gets the keys whose signatures it believes.
    pub keys: String,
}

/// What differs from the demo.
#[derive(Debug, Clone, Default)]
pub struct StackSetting {
    /// Adds the pages that attack the session window, and names the other origin that they try to reach.
    pub hostile: Option<String>,
    /// Lines of the section `[limits]` of a `server.toml`; empty for the product's defaults.
    pub limits: String,
}

impl Stack {
    /// `hostile` adds the pages that attack the session window, and names the other origin that they try to reach.
    pub fn start(bin_dir: &Path, dir: &Path, hostile: Option<String>) -> Result<Self> {
        Self::start_as(bin_dir, dir, StackSetting { hostile, ..StackSetting::default() })
    }

    pub fn start_as(bin_dir: &Path, dir: &Path, setting: StackSetting) -> Result<Self> {
        Self::start_with(bin_dir, dir, setting, None)
    }

    /// The gateway reaches the portal through `front` only.
    pub fn start_behind(bin_dir: &Path, dir: &Path, front: Front) -> Result<Self> {
        Self::start_with(bin_dir, dir, StackSetting::default(), Some(front))
    }

    fn start_with(bin_dir: &Path, dir: &Path, setting: StackSetting, front: Option<Front>) -> Result<Self> {
        let StackSetting { hostile, limits } = setting;
        std::fs::create_dir_all(dir)?;
        // The server names the portal and the portal the server: one of the ports has to be chosen first.
        let portal_port = free_port()?;
        let mut command = Command::new(bin_dir.join("amberglass-server"));
        let portal_url = format!("http://127.0.0.1:{portal_port}");
        let upstream = front.as_ref().map_or(&portal_url, |front| &front.upstream);
        if limits.is_empty() {
            command.args(["demo", "--listen-api", "127.0.0.1:0", "--listen-gateway", "127.0.0.1:0"]);
            command.arg("--data").arg(dir.join("server"));
            command.args(["--portal-upstream", upstream]);
        } else {
            let file = dir.join("server.toml");
            std::fs::write(&file, demo_with_limits(&dir.join("server"), upstream, &limits))?;
            command.arg("--config").arg(file);
        }
        let (server, ready) = Process::start_until_ready("the server", &mut command, &dir.join("server.log"), READY)?;
        let field = |name: &str| {
            ready.get(name).and_then(|value| value.as_str()).map(str::to_owned).context("the server's first line")
        };
        let gateway_port = field("gateway")?.rsplit(':').next().context("no port")?.parse()?;
        let mut stack = Self {
            server,
            portal: None,
            api: format!("http://{}", field("api")?),
            portal_url,
            gateway_port,
            portal_port,
            bin_dir: bin_dir.to_owned(),
            dir: dir.to_owned(),
            hostile,
            front,
        };
        stack.start_portal()?;
        Ok(stack)
    }

    pub fn start_portal(&mut self) -> Result<()> {
        let mut command = Command::new(self.bin_dir.join("amberglass-demo-portal"));
        command.args(["--listen", &format!("127.0.0.1:{}", self.portal_port)]);
        let keys = format!("{}/.well-known/jwks.json", self.api);
        command.args(["--jwks-url", self.front.as_ref().map_or(&keys, |front| &front.keys)]);
        command.args(["--issuer", &self.api]);
        if let Some(other) = &self.hostile {
            command.args(["--with-hostile-pages", other]);
        }
        let (portal, _) = Process::start_until_ready("the portal", &mut command, &self.dir.join("portal.log"), READY)?;
        self.portal = Some(portal);
        Ok(())
    }

    /// What the hostile pages have found out so far.
    pub async fn hostile_reports(&self) -> Result<Vec<serde_json::Value>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(READY).build()?;
        let answer = client.get(format!("{}/hostile/reports", self.portal_url)).send().await?;
        let mut answer: serde_json::Value = answer.json().await?;
        let reports = answer.get_mut("reports").and_then(|reports| reports.as_array_mut()).context("no reports")?;
        Ok(std::mem::take(reports))
    }

    pub fn stop_portal(&mut self) {
        self.portal = None;
    }
}

/// What `amberglass-server demo` serves, with other limits.
fn demo_with_limits(data: &Path, upstream: &str, limits: &str) -> String {
    format!(
        r#"listen_api = "127.0.0.1:0"
listen_gateway = "127.0.0.1:0"
data_dir = '{}'
demo = true

[[portals]]
id = "barkside"
name = "Barkside"
gateway_host = "barkside.localhost"
upstream = "{upstream}"
audience = "barkside"

[limits]
{limits}
"#,
        data.display()
    )
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
