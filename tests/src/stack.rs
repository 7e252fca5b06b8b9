//! Server and portal as processes on free ports, with the samples in them.

use std::{
    ffi::OsStr,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use amberglass_testkit::address_of_its_own;
use anyhow::{Context as _, Result};

use crate::process::{self, Process};

const DEFAULT_POLICY: &str = include_str!("../../policies/default.cedar");
const POLICY_SCHEMA: &str = include_str!("../../policies/schema.cedarschema");
const AGENTS_KEEP_FILES: &str = r#"
@id("agents-keep-files")
permit (principal, action == Action::"download", resource)
when { principal.role == "agent" };
"#;

const READY: Duration = Duration::from_secs(30);

/// The folder of the built programs, given the path of one of them. `cargo xtask test build` fills it.
///
/// # Panics
/// When one that [`Stack`] or a console needs is not there.
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub fn programs_beside(program: &str) -> PathBuf {
    let folder = Path::new(program).parent().unwrap_or(Path::new("")).to_owned();
    for program in ["amberglass", "amberglass-server", "amberglass-demo-portal"] {
        if !folder.join(program).exists() {
            panic!("{program} is not built: run `cargo xtask test build` first");
        }
    }
    folder
}

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
    setting: StackSetting,
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
    /// Agents may keep files, which the built-in policy lets nobody: those that the portal's rules list, and these lines beside them.
    pub files: Option<String>,
    /// Where the server keeps its data; empty for SQLite in its folder.
    pub database_url: String,
    /// Under which the gateway is reached; empty for its own listener.
    pub gateway_origin: String,
}

impl StackSetting {
    /// The command `demo` knows no other.
    fn is_demo(&self) -> bool {
        self.limits.is_empty() && self.files.is_none() && self.database_url.is_empty() && self.gateway_origin.is_empty()
    }
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
        std::fs::create_dir_all(dir)?;
        // The server names the portal and the portal the server: one of the ports has to be chosen first.
        let portal_port = address_of_its_own().port();
        let portal_url = format!("http://127.0.0.1:{portal_port}");
        let upstream = front.as_ref().map_or(&portal_url, |front| &front.upstream);
        if !setting.is_demo() {
            let more = setting.files.as_deref().unwrap_or_default();
            std::fs::write(rules_file(dir), format!("{}\n{more}", amberglass_demo_portal::RULES))?;
            if setting.files.is_some() {
                let [rules, schema] = policy_files(dir);
                std::fs::write(rules, format!("{DEFAULT_POLICY}\n{AGENTS_KEEP_FILES}"))?;
                std::fs::write(schema, POLICY_SCHEMA)?;
            }
            std::fs::write(config_file(dir), demo_with(dir, upstream, &setting))?;
        }
        // The same addresses again after a restart.
        let [api, gateway] = [address_of_its_own().to_string(), address_of_its_own().to_string()];
        let (server, listening) = start_server(bin_dir, dir, &setting, upstream, [&api, &gateway])?;
        let mut stack = Self {
            server,
            portal: None,
            api: format!("http://{}", listening.api),
            portal_url,
            gateway_port: listening.gateway.port(),
            portal_port,
            bin_dir: bin_dir.to_owned(),
            dir: dir.to_owned(),
            setting,
            front,
        };
        stack.start_portal()?;
        Ok(stack)
    }

    /// On the same data and the same ports, after it has died.
    pub fn start_server_again(&mut self) -> Result<()> {
        let upstream = self.front.as_ref().map_or(&self.portal_url, |front| &front.upstream);
        let api = self.api.trim_start_matches("http://");
        let gateway = format!("127.0.0.1:{}", self.gateway_port);
        (self.server, _) = start_server(&self.bin_dir, &self.dir, &self.setting, upstream, [api, &gateway])?;
        Ok(())
    }

    /// What the server's program says to the operator; fails when it fails. Not for what [`StackSetting`] leaves to the demo.
    pub fn operate(&self, arguments: &[&str]) -> Result<String> {
        let program = self.bin_dir.join("amberglass-server");
        let file = config_file(&self.dir);
        let mut all: Vec<&OsStr> = vec!["--config".as_ref(), file.as_ref()];
        all.extend(arguments.iter().map(|argument| OsStr::new(*argument)));
        process::run(&program.to_string_lossy(), &all, &[])
    }

    pub fn start_portal(&mut self) -> Result<()> {
        let mut command = Command::new(self.bin_dir.join("amberglass-demo-portal"));
        command.args(["--listen", &format!("127.0.0.1:{}", self.portal_port)]);
        let keys = format!("{}/.well-known/jwks.json", self.api);
        command.args(["--jwks-url", self.front.as_ref().map_or(&keys, |front| &front.keys)]);
        command.args(["--issuer", &self.api]);
        if let Some(other) = &self.setting.hostile {
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

    /// Has the page on the stage perform this attack next; the number of the order is in its reports.
    pub async fn order_attack(&self, id: &str) -> Result<u64> {
        let client = reqwest::Client::builder().no_proxy().timeout(READY).build()?;
        let answer = client.post(format!("{}/hostile/order/{id}", self.portal_url)).send().await?.error_for_status()?;
        let answer: serde_json::Value = answer.json().await?;
        answer.get("run").and_then(serde_json::Value::as_u64).context("no number")
    }

    pub fn stop_portal(&mut self) {
        self.portal = None;
    }
}

struct Listening {
    api: SocketAddr,
    gateway: SocketAddr,
}

fn start_server(
    bin_dir: &Path,
    dir: &Path,
    setting: &StackSetting,
    upstream: &str,
    [api, gateway]: [&str; 2],
) -> Result<(Process, Listening)> {
    let mut command = Command::new(bin_dir.join("amberglass-server"));
    if setting.is_demo() {
        command.args(["demo", "--listen-api", api, "--listen-gateway", gateway, "--portal-upstream", upstream]);
        command.arg("--data").arg(dir.join("server"));
    } else {
        command.env("AMBERGLASS_LISTEN_API", api).env("AMBERGLASS_LISTEN_GATEWAY", gateway);
        command.arg("--config").arg(config_file(dir));
    }
    let (server, ready) = Process::start_until_ready("the server", &mut command, &dir.join("server.log"), READY)?;
    let field = |name: &str| -> Result<SocketAddr> {
        Ok(ready.get(name).and_then(|value| value.as_str()).context("the server's first line")?.parse()?)
    };
    Ok((server, Listening { api: field("api")?, gateway: field("gateway")? }))
}

fn config_file(dir: &Path) -> PathBuf {
    dir.join("server.toml")
}

/// What `amberglass-server demo` serves, with other limits or another database.
fn demo_with(dir: &Path, upstream: &str, setting: &StackSetting) -> String {
    let StackSetting { hostile: _, limits, database_url, files, gateway_origin } = setting;
    let reached_at =
        if gateway_origin.is_empty() { String::new() } else { format!("gateway_origin = \"{gateway_origin}\"") };
    let [policy, schema] = policy_files(dir);
    let policy = format!("[policy]\nrules = '{}'\nschema = '{}'\n", policy.display(), schema.display());
    let policy = files.as_ref().map_or("", |_| policy.as_str());
    format!(
        r#"data_dir = '{}'
database_url = '{database_url}'
demo = true

[[portals]]
id = "barkside"
name = "Barkside"
gateway_host = "barkside.localhost"
{reached_at}
upstream = "{upstream}"
audience = "barkside"
rules = '{}'

# Tests run at any hour.
[working_hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
to = "00:00"

{policy}
[limits]
{limits}
"#,
        dir.join("server").display(),
        rules_file(dir).display()
    )
}

/// Rules and schema.
fn policy_files(dir: &Path) -> [PathBuf; 2] {
    ["policy.cedar", "policy.cedarschema"].map(|name| dir.join(name))
}

fn rules_file(dir: &Path) -> PathBuf {
    dir.join("barkside-rules.toml")
}
