//! Gateways as they are shipped before nginx's files, with sessions in them that no console holds.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use amberglass_domain::ports::{Clock, Entropy, uuid_v7};
use amberglass_server::{
    ServerConfig,
    gateway::cookie_name,
    operator::Operator,
    sessions::{Sessions, Starting},
    store::DeviceRow,
};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId,
    customer::CustomerResponse,
    session::{Mode, Reason},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::load::Target;
use crate::process::Process;

const HOST: &str = "barkside.localhost";
const READY: Duration = Duration::from_secs(30);

/// Where servers are put up.
pub struct Site<'a> {
    /// Where the built programs are.
    pub bin_dir: &'a Path,
    pub dir: &'a Path,
    /// Port of the files.
    pub files: u16,
}

/// A server whose gateway stands before the files.
pub struct Gateway {
    pub process: Process,
    /// Such as `http://127.0.0.1:40123`.
    pub api: String,
    pub port: u16,
    config_file: PathBuf,
    data: PathBuf,
}

/// A running session that was entered.
pub struct Entered {
    pub id: SessionId,
    pub cookie: String,
}

impl Site<'_> {
    /// The first server on a database; on SQLite in its own folder when `database_url` is empty.
    pub fn server(&self, name: &str, database_url: &str) -> Result<Gateway> {
        self.start(name, database_url, "")
    }

    /// Another on the same database: a folder and a chain of its own, and the keys that both share (`docs/operations.md`).
    pub fn replica(&self, of: &Gateway, name: &str, database_url: &str) -> Result<Gateway> {
        let data = self.dir.join(name);
        std::fs::create_dir(&data)?;
        for key in ["server-key", "identity-key.pem"] {
            std::fs::copy(of.data.join(key), data.join(key))?;
        }
        self.start(name, database_url, &of.api)
    }

    fn start(&self, name: &str, database_url: &str, issuer: &str) -> Result<Gateway> {
        let config_file = self.dir.join(format!("{name}.toml"));
        let data = self.dir.join(name);
        // No console beats: what is measured is the gateway.
        let text = format!(
            "data_dir = '{}'\ndatabase_url = '{database_url}'\nissuer = '{issuer}'\nlisten_api = '127.0.0.1:0'\n\
             listen_gateway = '127.0.0.1:0'\ndemo = true\n\
             [[portals]]\nid = 'barkside'\nname = 'Files'\ngateway_host = '{HOST}'\nupstream = 'http://127.0.0.1:{}'\n\
             audience = 'barkside'\n[limits]\nsilence_seconds = 3600\nidle_seconds = 3600\n",
            data.display(),
            self.files
        );
        std::fs::write(&config_file, text)?;
        let mut command = std::process::Command::new(self.bin_dir.join("amberglass-server"));
        command.arg("--config").arg(&config_file);
        let log = self.dir.join(format!("{name}.log"));
        let (process, ready) = Process::start_until_ready("server", &mut command, &log, READY)?;
        let place = |what: &str| -> Result<SocketAddr> {
            let said = ready.get(what).and_then(Value::as_str);
            Ok(said.with_context(|| format!("the server did not say where its {what} is"))?.parse()?)
        };
        let (api, port) = (format!("http://{}", place("api")?), place("gateway")?.port());
        Ok(Gateway { process, api, port, config_file, data })
    }
}

impl Gateway {
    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// As the page's engine would send them.
    pub fn headers(&self, session: &Entered) -> [(&'static str, String); 3] {
        [
            ("Host", format!("{HOST}:{}", self.port)),
            ("Cookie", format!("{}={}", cookie_name(false), session.cookie)),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
        ]
    }

    /// A session of this sample person, entered; as the API makes one, without the console.
    pub async fn session(&self, email: &str) -> Result<Entered> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let config = ServerConfig::load(&self.config_file)?;
        let operator = Operator::open(config.clone(), clock.clone(), entropy.clone()).await?;
        let (store, audit) = (operator.store.clone(), operator.audit.clone());
        let sessions = Sessions::new(store, audit, clock.clone(), entropy.clone(), Arc::new(config));
        let staff = operator.store.staff_by_email(email).await?.context("there is no such sample")?;
        let device = DeviceId::new(uuid_v7(&*clock, &*entropy));
        let mut tx = operator.store.begin().await?;
        tx.insert_device(&DeviceRow {
            id: device.clone(),
            public_key: device.0.clone(),
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
                idempotency_key: &device.0,
                body_sha256: "bench",
            })
            .await?;
        let grant = started.grant.context("the session has no grant")?;
        let cookie = sessions.enter(&started.session.id, &grant.token).await?;
        operator.close().await;
        Ok(Entered { id: started.session.id, cookie })
    }

    /// That what is measured is the file.
    pub async fn check(&self, session: &Entered, path: &str, length: usize) -> Result<()> {
        let mut request = client()?.get(self.address(path));
        for (name, value) in self.headers(session) {
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
}

/// Where a load goes to, with the headers of one who may see it.
pub fn target<'a>(gateway: &Gateway, headers: &'a [(&'static str, String)], path: &str) -> Target<'a> {
    Target { address: gateway.address(path), headers }
}

/// # Errors
/// When there can be none.
pub fn client() -> Result<reqwest::Client> {
    // An error says that the process already has one, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}
