//! `cargo xtask bench gateway`: what the gateway costs, beside nginx that asks an authority before each request and writes a log.
//! The last line is the result as JSON.
//!
//! The same files behind both, the same load, one after the other and again, so that what else the machine does meets both. Ours
//! as it is shipped: a record for each request, durable before the portal is asked.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_server::{
    ServerConfig,
    gateway::cookie_name,
    operator::Operator,
    sessions::{Sessions, Starting},
    store::DeviceRow,
};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId,
    customer::CustomerResponse,
    session::{Mode, Reason},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    figures::{self, Series},
    load::{self, Load, Target},
    machine::{self, Quiet},
    nginx::{LARGE, Nginx, SMALL},
};
use crate::process::Process;

const CONNECTIONS: u32 = 32;
const HOST: &str = "barkside.localhost";
/// Whose resident memory is looked at.
const MANY_CONNECTIONS: usize = 500;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk.
    pub folder: PathBuf,
    pub rounds: u32,
    /// Of each measurement.
    pub seconds: u32,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start, or a request is not answered with the file.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let Setting { bin_dir, folder, rounds, seconds } = setting;
    let before = Quiet::begin();
    machine::on_a_real_disk(folder)?;
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 1000).await;
    let others_percent = before.used_percent();
    let dir = tempfile::tempdir_in(folder)?;
    let nginx = Nginx::start(dir.path())?;
    let server = Server::start(bin_dir, dir.path(), nginx.files).await?;
    let headers = server.headers();
    let ours = |path: &str| Target { address: format!("http://127.0.0.1:{}{path}", server.gateway), headers: &headers };
    let theirs = |path: &str| Target { address: format!("http://127.0.0.1:{}{path}", nginx.proxy), headers: &[] };

    writeln!(out, "{}", figures::head())?;
    let mut result = Map::new();
    for ((path, length), name, connections) in [(SMALL, "2k", CONNECTIONS), (LARGE, "1m", CONNECTIONS)] {
        check(&server, path, length).await?;
        let (mut us, mut them) = (Loads::default(), Loads::default());
        for _ in 0..*rounds {
            us.add(load::run(&ours(path), connections, *seconds, dir.path())?);
            them.add(load::run(&theirs(path), connections, *seconds, dir.path())?);
        }
        us.tell(out, &format!("gateway, {name}"))?;
        them.tell(out, &format!("nginx, {name}"))?;
        let ratio = |of: &Series, to: &Series| figures::ratio(of, to).context("nothing was measured");
        result.insert(format!("rps_{name}_vs_nginx"), json!(ratio(&us.rate, &them.rate)?));
        result.insert(format!("p99_{name}_vs_nginx"), json!(ratio(&us.p99, &them.p99)?));
        result.insert(format!("rps_{name}"), json!(us.rate.median().map(f64::round)));
        result.insert(format!("rps_{name}_nginx"), json!(them.rate.median().map(f64::round)));
        result.insert(format!("p50_{name}_ms"), json!(us.p50.median()));
        result.insert(format!("p99_{name}_ms"), json!(us.p99.median()));
    }
    let mib = server.with_many_connections().await?;
    result.insert("mib_at_500_connections".into(), json!((mib * 10.0).round() / 10.0));
    result.insert("others_percent".into(), json!(others_percent));
    result.insert("rounds".into(), json!(rounds));
    result.insert("seconds".into(), json!(seconds));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(writeln!(out, "{}", Value::Object(result))?)
}

#[derive(Default)]
struct Loads {
    rate: Series,
    p50: Series,
    p99: Series,
}

impl Loads {
    fn add(&mut self, load: Load) {
        self.rate.add(load.requests_per_second);
        self.p50.add(load.p50_millis);
        self.p99.add(load.p99_millis);
    }

    fn tell(&self, out: &mut impl Write, name: &str) -> Result<()> {
        writeln!(out, "{}", figures::row(&format!("{name}: requests"), "/s", &self.rate))?;
        writeln!(out, "{}", figures::row(&format!("{name}: half of them within"), "ms", &self.p50))?;
        Ok(writeln!(out, "{}", figures::row(&format!("{name}: 99 of 100 within"), "ms", &self.p99))?)
    }
}

/// The gateway before the files, with a running session in it.
struct Server {
    process: Process,
    gateway: u16,
    cookie: String,
}

impl Server {
    async fn start(bin_dir: &Path, dir: &Path, files: u16) -> Result<Self> {
        let config_file = dir.join("server.toml");
        let data = dir.join("server");
        // No console beats: what is measured is the gateway.
        let text = format!(
            "data_dir = '{}'\nlisten_api = '127.0.0.1:0'\nlisten_gateway = '127.0.0.1:0'\ndemo = true\n\
             [[portals]]\nid = 'barkside'\nname = 'Files'\ngateway_host = '{HOST}'\nupstream = 'http://127.0.0.1:{files}'\n\
             audience = 'barkside'\n[limits]\nsilence_seconds = 3600\nidle_seconds = 3600\n",
            data.display()
        );
        std::fs::write(&config_file, text)?;
        let mut command = std::process::Command::new(bin_dir.join("amberglass-server"));
        command.arg("--config").arg(&config_file);
        let limit = std::time::Duration::from_secs(30);
        let (process, ready) = Process::start_until_ready("server", &mut command, &dir.join("server.log"), limit)?;
        let gateway =
            ready.get("gateway").and_then(Value::as_str).and_then(|said| said.parse::<std::net::SocketAddr>().ok());
        let gateway = gateway.context("the server did not say where its gateway is")?.port();
        let cookie = session(&config_file).await?;
        Ok(Self { process, gateway, cookie })
    }

    fn headers(&self) -> [(&'static str, String); 3] {
        [
            ("Host", format!("{HOST}:{}", self.gateway)),
            ("Cookie", format!("{}={}", cookie_name(false), self.cookie)),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
        ]
    }

    /// Resident, with so many kept connections that have each asked for a page.
    async fn with_many_connections(&self) -> Result<f64> {
        let headers: String = self.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {} HTTP/1.1\r\n{headers}\r\n", SMALL.0);
        let mut open = Vec::new();
        for _ in 0..MANY_CONNECTIONS {
            let mut stream = TcpStream::connect(("127.0.0.1", self.gateway)).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = vec![0_u8; 16 * 1024];
            let read = stream.read(&mut answer).await?;
            ensure!(
                answer.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(answer.get(..read).unwrap_or_default())
            );
            open.push(stream);
        }
        machine::status_mib(Path::new(&format!("/proc/{}/status", self.process.id())), "VmRSS:")
    }
}

/// Of the sample agent, entered; as the API makes one, without the console.
async fn session(config_file: &Path) -> Result<String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let config = ServerConfig::load(config_file)?;
    let operator = Operator::open(config.clone(), clock.clone(), entropy.clone()).await?;
    let sessions =
        Sessions::new(operator.store.clone(), operator.audit.clone(), clock.clone(), entropy, Arc::new(config));
    let agent = amberglass_server::SAMPLE_STAFF.first().context("there are no samples")?;
    let staff = operator.store.staff_by_email(agent.email).await?;
    let staff = staff.context("there is no sample agent")?;
    let device = DeviceId::new("bench");
    let mut tx = operator.store.begin().await?;
    tx.insert_device(&DeviceRow {
        id: device.clone(),
        public_key: "bench".into(),
        name: "bench".into(),
        registered_by: staff.id.clone(),
        registered_at: clock.now(),
        revoked_at: None,
    })
    .await?;
    tx.commit().await?;
    let customer = CustomerResponse {
        portal: PortalId::new("barkside"),
        id: CustomerId::new("1042"),
        name: "Jane Doe".into(),
        email: "jane@example.com".into(),
        class: "standard".into(),
        plan: None,
        since: None,
        active: true,
    };
    let started = sessions
        .start(&Starting {
            staff: &staff.id,
            device: &device,
            customer: &customer,
            reason: &Reason { code: "other".into(), text: "Measures how fast pages are".into(), ticket: None },
            mode: Mode::ReadOnly,
            duration_seconds: 3600,
            approval: None,
            break_glass: None,
            policy_hash: "bench",
            idempotency_key: "bench",
            body_sha256: "bench",
        })
        .await?;
    let grant = started.grant.context("the session has no grant")?;
    let cookie = sessions.enter(&started.session.id, &grant.token).await?;
    operator.close().await;
    Ok(cookie)
}

/// That what is measured is the file.
async fn check(server: &Server, path: &str, length: usize) -> Result<()> {
    // An error says that the process already has one, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut request = client.get(format!("http://127.0.0.1:{}{path}", server.gateway));
    for (name, value) in server.headers() {
        request = request.header(name, value);
    }
    let answer = request.send().await?;
    let status = answer.status();
    let content = answer.bytes().await?;
    ensure!(
        status.is_success() && content.len() == length,
        "{path} is answered with {status}, {} bytes",
        content.len()
    );
    Ok(())
}
