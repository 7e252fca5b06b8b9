//! A server with one portal and one running session, and clients for it.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use amberglass_domain::{checkpoint::WriterHead, ports::Clock};
use amberglass_server::{
    PortalConfig, RunningServer, SAMPLE_STAFF, ServerConfig,
    config::{DriverKind, Tls},
    gateway::cookie_name,
    serve,
    sessions::{Breaking, Ending, Starting},
    store::DeviceRow,
};
use amberglass_testkit::{Engine, ManualClock, SeededEntropy, TestDatabase, untrusted_certificate};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId, StaffId,
    audit::{EventBody, EventDetail},
    customer::CustomerResponse,
    event_stream::{ChainHead, SessionBeat},
    session::{EndedBy, Mode, Reason},
};
use reqwest::{Method, RequestBuilder, header};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use crate::{metrics::Metrics, upstream::Upstream};

pub const HOST: &str = "barkside.localhost";
pub const AUDIENCE: &str = "barkside";
pub const CUSTOMER: &str = "1042";
/// The product's promise for a page whose session is over.
pub const SOON: Duration = Duration::from_secs(1);
/// For what is waited for without a promise, on a machine that does other things too.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Stage {
    pub server: RunningServer,
    pub clock: ManualClock,
    pub upstream: Upstream,
    pub client: reqwest::Client,
    config: ServerConfig,
    database: TestDatabase,
    dir: tempfile::TempDir,
}

/// A running session with its cookie.
pub struct Session {
    pub id: SessionId,
    pub staff: StaffId,
    pub device: DeviceId,
    pub code: String,
    pub cookie: String,
}

impl Stage {
    pub async fn new() -> Self {
        let upstream = Upstream::start().await;
        let url = upstream.url();
        Self::before(upstream, url).await
    }

    /// With rules for the portal, which stand in [`Self::rules_file`].
    pub async fn with_rules(rules: &str) -> Self {
        let upstream = Upstream::start().await;
        let url = upstream.url();
        Self::put_up(upstream, url, Some(rules)).await
    }

    /// With another address for the portal than that of the recording one.
    pub async fn before(upstream: Upstream, portal: Url) -> Self {
        Self::put_up(upstream, portal, None).await
    }

    pub async fn put_up(upstream: Upstream, portal: Url, rules: Option<&str>) -> Self {
        Self::configured(upstream, portal, rules, |_, _| {}).await
    }

    /// Speaks TLS itself, with a certificate that nobody vouches for.
    pub async fn over_tls() -> Self {
        let upstream = Upstream::start().await;
        let url = upstream.url();
        let speak_tls = |config: &mut ServerConfig, dir: &Path| {
            let (certificate, key) = untrusted_certificate(dir);
            config.tls = Some(Tls { certificate, key });
            config.issuer = format!("https://{HOST}:{}", config.listen_api.port());
            config.portals.truncate(1);
            let origin = format!("https://{HOST}:{}", config.listen_gateway.port());
            config.portals[0].gateway_origin = Some(origin.parse().unwrap());
        };
        Self::configured(upstream, url, None, speak_tls).await
    }

    /// `change` may say more, and put files into the folder that it is given.
    async fn configured(
        upstream: Upstream,
        portal: Url,
        rules: Option<&str>,
        change: impl FnOnce(&mut ServerConfig, &Path),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rules_file = dir.path().join("rules.toml");
        if let Some(rules) = rules {
            std::fs::write(&rules_file, rules).unwrap();
        }
        let with_rules =
            PortalConfig { rules: rules.map(|_| rules_file), ..portal_config("barkside", HOST, portal.clone(), true) };
        let clock = ManualClock::default();
        let data_dir = dir.path().join("data");
        let database = TestDatabase::new(&data_dir);
        let mut config = ServerConfig {
            listen_api: amberglass_testkit::address_of_its_own(),
            listen_gateway: amberglass_testkit::address_of_its_own(),
            listen_metrics: Some(amberglass_testkit::address_of_its_own()),
            data_dir,
            database_url: database.url().into(),
            database_clock_may_differ: true,
            portals: vec![
                with_rules,
                portal_config("other", "other.localhost", portal.clone(), true),
                portal_config("closed", "closed.localhost", portal, false),
            ],
            demo: true,
            ..ServerConfig::default()
        };
        change(&mut config, dir.path());
        let server = started(&config, &clock, 7).await;
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { server, clock, upstream, client, config, database, dir }
    }

    /// The same server anew.
    pub async fn restarted(self) -> Self {
        let Self { server, clock, upstream, client, config, database, dir } = self;
        server.stop().await;
        let server = started(&config, &clock, 8).await;
        Self { server, clock, upstream, client, config, database, dir }
    }

    pub async fn database(&self) -> sqlx::AnyConnection {
        use sqlx::Connection as _;
        sqlx::AnyConnection::connect(self.database.url()).await.unwrap()
    }

    /// Another server on the same database, with the keys that both must share.
    pub async fn second_server(&self) -> RunningServer {
        let data_dir = self.config.data_dir.with_file_name("second");
        std::fs::create_dir_all(&data_dir).unwrap();
        for key in ["server-key", "identity-key.pem"] {
            std::fs::copy(self.config.data_dir.join(key), data_dir.join(key)).unwrap();
        }
        let config = ServerConfig {
            data_dir,
            listen_api: amberglass_testkit::address_of_its_own(),
            listen_gateway: amberglass_testkit::address_of_its_own(),
            listen_metrics: None,
            issuer: self.server.issuer.clone(),
            ..self.config.clone()
        };
        started(&config, &self.clock, 9).await
    }

    pub fn engine(&self) -> Engine {
        self.database.engine
    }

    pub fn rules_file(&self) -> std::path::PathBuf {
        self.dir.path().join("rules.toml")
    }

    /// A read-only session of the sample agent.
    pub async fn session(&self) -> Session {
        self.session_in(Mode::ReadOnly).await
    }

    /// A read-only session of somebody else, at the same time.
    pub async fn session_of_another(&self) -> Session {
        self.session_of(SAMPLE_STAFF[1].email, Mode::ReadOnly, None).await
    }

    pub async fn session_in(&self, mode: Mode) -> Session {
        self.session_of(SAMPLE_STAFF[0].email, mode, None).await
    }

    pub async fn session_with(&self, mode: Mode, break_glass: Option<Breaking<'_>>) -> Session {
        self.session_of(SAMPLE_STAFF[0].email, mode, break_glass).await
    }

    async fn session_of(&self, email: &str, mode: Mode, break_glass: Option<Breaking<'_>>) -> Session {
        let state = self.server.state();
        let staff = state.store.staff_by_email(email).await.unwrap().unwrap();
        let device = DeviceId::new(state.new_id());
        let mut tx = state.store.begin().await.unwrap();
        tx.insert_device(&DeviceRow {
            id: device.clone(),
            public_key: device.0.clone(),
            name: "test".into(),
            registered_by: staff.id.clone(),
            registered_at: self.clock.now(),
            revoked_at: None,
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let customer = CustomerResponse {
            portal: PortalId::new("barkside"),
            id: CustomerId::new(CUSTOMER),
            name: "Jane Doe".into(),
            email: "jane@example.com".into(),
            class: "standard".into(),
            plan: None,
            since: None,
            active: true,
        };
        let started = state
            .sessions
            .start(&Starting {
                staff: &staff.id,
                device: &device,
                customer: &customer,
                reason: &Reason { code: "other".into(), text: "Cannot find the invoice".into(), ticket: None },
                mode,
                duration_seconds: 1800,
                approval: None,
                break_glass,
                policy_hash: "policy",
                idempotency_key: &device.0,
                body_sha256: "body",
            })
            .await
            .unwrap();
        let cookie = state.sessions.enter(&started.session.id, &started.grant.unwrap().token).await.unwrap();
        Session { id: started.session.id, staff: staff.id, device, code: started.session.code, cookie }
    }

    pub async fn end(&self, session: &Session) {
        self.server.state().sessions.end(&session.id, &Ending::by(EndedBy::Staff)).await.unwrap();
    }

    pub fn authority(&self) -> String {
        format!("{HOST}:{}", self.server.gateway.port())
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// As the page's engine would ask: right host, own site.
    pub fn ask(&self, method: Method, session: &Session, path: &str) -> RequestBuilder {
        self.stranger(method, path)
            .header(header::COOKIE, format!("{}={}", cookie_name(false), session.cookie))
            .header("sec-fetch-site", "same-origin")
    }

    pub fn get(&self, session: &Session, path: &str) -> RequestBuilder {
        self.ask(Method::GET, session, path)
    }

    /// Without a cookie.
    pub fn stranger(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.server.gateway))
            .header(header::HOST, self.authority())
    }

    /// What a scraper reads.
    pub async fn metrics(&self) -> Metrics {
        Metrics::read(&self.client, self.server.metrics.unwrap()).await
    }

    /// Head lines of a request as the page's engine would send them, ready to be spoilt.
    pub fn head(&self, session: &Session, request_line: &str) -> String {
        let cookie = cookie_name(self.config.tls.is_some());
        format!(
            "{request_line}\r\nHost: {}\r\nCookie: {cookie}={}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n",
            self.authority(),
            session.cookie
        )
    }

    /// Details of what the server has on record about a session, in order.
    pub async fn trail(&self, session: &SessionId) -> Vec<EventDetail> {
        self.bodies(session).await.into_iter().map(|body| body.detail).collect()
    }

    pub async fn bodies(&self, session: &SessionId) -> Vec<EventBody> {
        let trail = self.server.state().store.trail(session).await.unwrap();
        trail.iter().map(|event| serde_json::from_str(&event.record.body).unwrap()).collect()
    }

    /// Rules of the blocked requests on record.
    pub async fn blocked(&self, session: &Session) -> Vec<String> {
        self.trail(&session.id)
            .await
            .into_iter()
            .filter_map(|detail| {
                let EventDetail::RequestBlocked { rule, .. } = detail else { return None };
                Some(rule)
            })
            .collect()
    }

    /// Everything on record, oldest first.
    pub async fn record(&self) -> Vec<EventDetail> {
        use sqlx::{Connection as _, Row as _};
        let mut connection = self.database().await;
        let rows = sqlx::query("SELECT body FROM audit_events ORDER BY position").fetch_all(&mut connection).await;
        connection.close().await.unwrap();
        let detail = |body: &str| serde_json::from_str::<EventBody>(body).unwrap().detail;
        rows.unwrap().iter().map(|row| detail(row.get("body"))).collect()
    }

    /// The console is heard of.
    pub async fn beat(&self, session: &Session) {
        let beat = SessionBeat { session: session.id.clone(), idle_millis: 0 };
        let chain = WriterHead { writer: session.device.0.clone(), head: ChainHead::default() };
        let sessions = &self.server.state().sessions;
        sessions.beat(&session.staff, &session.device, self.clock.now(), &chain, &[beat]).await.unwrap();
    }

    /// From now on the database refuses every audit record, as a full disk would.
    pub async fn break_the_audit_log(&self) {
        self.execute(self.database.engine.refusing_rows_of("audit_events")).await;
    }

    /// The same of records of one kind.
    pub async fn refuse_records_of_kind(&self, kind: &str) {
        self.execute(self.database.engine.refusing_records_of_kind(kind)).await;
    }

    async fn execute(&self, statements: String) {
        use sqlx::{Connection as _, Executor as _};
        let mut connection = self.database().await;
        connection.execute(sqlx::AssertSqlSafe(statements)).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn started(config: &ServerConfig, clock: &ManualClock, seed: u64) -> RunningServer {
    serve(config.clone(), Arc::new(clock.clone()), Arc::new(SeededEntropy::new(seed))).await.unwrap()
}

fn portal_config(id: &str, host: &str, upstream: Url, active: bool) -> PortalConfig {
    PortalConfig {
        id: PortalId::new(id),
        name: id.into(),
        gateway_host: host.into(),
        gateway_origin: None,
        upstream,
        driver: DriverKind::SignedIdentity,
        active,
        audience: id.into(),
        rules: None,
    }
}

/// Sends bytes as they are and gives everything that comes back until the connection closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close before it has taken everything; what it said is what counts.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end to the answer: {}", String::from_utf8_lossy(&answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Status of a raw answer; 0 when the connection was closed without one.
pub fn status_of(answer: &str) -> u16 {
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
