//! Everything around the control API, and what a console does with it.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use amberglass_demo_portal::{Portal, data};
use amberglass_domain::{device_key::DeviceKey, ports::Clock as _, signing};
use amberglass_server::{
    PortalConfig, RunningServer, ServerConfig,
    config::{DriverKind, PolicyFiles},
    operator::Operator,
    portals, sha256_hex,
};
use amberglass_testkit::{
    Engine, ManualClock, SeededEntropy, TestDatabase, address_of_its_own, until_nobody_listens_at, wait_until,
};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId, UnixMillis,
    alarm::AlarmsResponse,
    audit::TrailEvent,
    auth::{CLIENT_ID, Role, TokenResponse},
    event_stream::{ChainHead, HeartbeatRequest, HeartbeatResponse, SessionBeat},
    problem::{ErrorCode, Problem},
    session::{
        EntryGrant, ExtendSessionRequest, Mode, Reason, RedeemGrantRequest, SessionResponse, SessionState,
        StartSessionRequest, StartSessionResponse,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

// By its path, so that it is found as well where this file is itself.
#[path = "document.rs"]
pub mod document;

pub const PASSWORD: &str = amberglass_server::SAMPLE_STAFF[0].password;
pub const AMY: &str = "amy@amberglass.example";
pub const LEO: &str = "leo@amberglass.example";
pub const SANA: &str = "sana@amberglass.example";
pub const ADA: &str = "ada@amberglass.example";
pub const DEFAULT_RULES: &str = include_str!("../../../../policies/default.cedar");
pub const REDIRECT: &str = "http://127.0.0.1:49152/callback";
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";
/// Of at least ten characters that say something.
pub const REASON: &str = "The customer asked us to stop";
/// A standard customer of the sample portal.
pub const JANE: &str = "1042";

pub const LIMIT: Duration = Duration::from_secs(20);

pub struct World {
    pub clock: ManualClock,
    pub client: Client,
    pub config: ServerConfig,
    server: Option<RunningServer>,
    portal: Option<tokio::task::JoinHandle<()>>,
    close_portal: tokio_util::sync::CancellationToken,
    pub database: TestDatabase,
    _dir: tempfile::TempDir,
}

pub struct PortalKey {
    pub id: String,
    pub secret: String,
}

/// A console: a device key, and tokens once signed in.
pub struct Console {
    pub key: DeviceKey,
    pub tokens: TokenResponse,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = TestDatabase::new(&dir.path().join("data"));
        Self::in_database(dir, database, change).await
    }

    /// With the data folder in `dir`.
    pub async fn in_database(
        dir: tempfile::TempDir,
        database: TestDatabase,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = ManualClock::default();
        let listener = TcpListener::bind(address_of_its_own()).await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        let rules = dir.path().join("barkside-rules.toml");
        std::fs::write(&rules, amberglass_demo_portal::RULES).unwrap();
        let mut config = ServerConfig {
            listen_api: address_of_its_own(),
            listen_gateway: address_of_its_own(),
            listen_metrics: Some(address_of_its_own()),
            data_dir: dir.path().join("data"),
            database_url: database.url().into(),
            database_clock_may_differ: true,
            portals: vec![PortalConfig {
                id: PortalId::new("barkside"),
                name: "Barkside".into(),
                gateway_host: "barkside.localhost".into(),
                gateway_origin: None,
                upstream: upstream.parse().unwrap(),
                driver: DriverKind::SignedIdentity,
                active: true,
                audience: "barkside".into(),
                rules: Some(rules),
            }],
            demo: true,
            ..ServerConfig::default()
        };
        change(&mut config);
        let server = serve(&config, &clock).await;
        let time = clock.clone();
        let portal = Portal::new(amberglass_demo_portal::PortalConfig {
            jwks_url: format!("{}/.well-known/jwks.json", server.issuer).parse().unwrap(),
            issuer: server.issuer.clone(),
            audience: "barkside".into(),
            clock: Arc::new(move || time.now().0),
            hostile_pages: None,
        })
        .unwrap();
        let close_portal = tokio_util::sync::CancellationToken::new();
        let closed = close_portal.clone().cancelled_owned();
        let portal = tokio::spawn(async move { portal.serve(listener, closed).await.unwrap() });
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { clock, client, config, server: Some(server), portal: Some(portal), close_portal, database, _dir: dir }
    }

    pub fn server(&self) -> &RunningServer {
        self.server.as_ref().unwrap()
    }

    pub fn api(&self) -> SocketAddr {
        self.server().api
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.api())
    }

    pub async fn health(&self, path: &str) -> StatusCode {
        let url = format!("http://{}/health/{path}", self.server().metrics.unwrap());
        self.client.get(url).send().await.unwrap().status()
    }

    pub fn gateway_origin(&self) -> String {
        format!("http://barkside.localhost:{}", self.server().gateway.port())
    }

    pub async fn stop_server(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    /// It dies in mid-air, as by a signal that nobody can catch: nothing is finished, nobody is told.
    pub async fn kill_server(&mut self) {
        let api = self.api();
        drop(self.server.take().unwrap());
        until_nobody_listens_at(api).await;
    }

    pub async fn start_server(&mut self) {
        self.server = Some(serve(&self.config, &self.clock).await);
    }

    /// Its open connections end with it, so that nobody goes on talking to it.
    pub async fn close_portal(&mut self) {
        self.close_portal.cancel();
        self.portal.take().unwrap().await.unwrap();
    }

    /// Whatever stands in its place.
    pub async fn close_portal_at_once(&mut self) {
        let portal = self.portal.take().unwrap();
        portal.abort();
        let _ = portal.await;
    }

    /// Another portal takes the place of the sample one: it knows this customer, as one who is not active any more.
    pub async fn portal_says_inactive(&mut self, customer: &str) {
        self.close_portal().await;
        let entry = serde_json::json!({
            "id": customer, "name": "Gone", "email": "gone@example.com", "class": "standard", "active": false,
        });
        let address = self.config.portals[0].upstream.socket_addrs(|| None).unwrap()[0];
        until_nobody_listens_at(address).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let router = axum::Router::new().fallback(move || async move { axum::Json(entry) });
        self.portal = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    }

    pub fn new_key(&self, seed: u64) -> DeviceKey {
        DeviceKey::generate(&SeededEntropy::new(seed))
    }

    pub async fn add_staff(&self, email: &str, role: Role) {
        self.server().state().accounts.add("Kim Extra", email, role, PASSWORD).await.unwrap();
    }

    pub async fn set_active(&self, console: &Console, active: bool) {
        assert!(self.server().state().accounts.set_active(&console.tokens.staff.id, active).await.unwrap());
    }

    // ---- Sign-in --------------------------------------------------------------------------------------------------

    pub fn authorize_query(&self, redirect_uri: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".into()),
            ("client_id", CLIENT_ID.into()),
            ("redirect_uri", redirect_uri.into()),
            ("state", "the-state".into()),
            ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()))),
            ("code_challenge_method", "S256".into()),
        ]
    }

    /// The hidden fields of the form.
    pub async fn form(&self) -> HashMap<String, String> {
        let response = self
            .client
            .get(self.url("/v1/oauth/authorize"))
            .query(&self.authorize_query(REDIRECT))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        fields_of(&response.text().await.unwrap())
    }

    pub async fn submit(&self, mut form: HashMap<String, String>, email: &str, password: &str) -> Response {
        form.insert("email".into(), email.into());
        form.insert("password".into(), password.into());
        self.client.post(self.url("/v1/oauth/authorize")).form(&form).send().await.unwrap()
    }

    pub async fn try_sign_in(&self, email: &str, password: &str) -> Response {
        self.submit(self.form().await, email, password).await
    }

    pub async fn code(&self, email: &str) -> String {
        Self::code_of(&self.try_sign_in(email, PASSWORD).await)
    }

    /// The code with which the browser is sent back to the console.
    pub fn code_of(response: &Response) -> String {
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location: url::Url = response.headers()["location"].to_str().unwrap().parse().unwrap();
        assert!(location.as_str().starts_with(REDIRECT));
        let query: HashMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(query["state"], "the-state");
        query["code"].clone()
    }

    pub fn code_request(&self, code: &str, key: &DeviceKey) -> Vec<(&'static str, String)> {
        let proof = key.sign(&signing::device_enrolment(code, &key.public_key(), "Amy's laptop"));
        vec![
            ("grant_type", "authorization_code".into()),
            ("client_id", CLIENT_ID.into()),
            ("code", code.into()),
            ("redirect_uri", REDIRECT.into()),
            ("code_verifier", VERIFIER.into()),
            ("device_key", key.public_key()),
            ("device_name", "Amy's laptop".into()),
            ("device_proof", proof),
        ]
    }

    pub async fn token(&self, form: &[(&'static str, String)]) -> Response {
        self.client.post(self.url("/v1/oauth/token")).form(form).send().await.unwrap()
    }

    pub async fn sign_in(&self, email: &str, seed: u64) -> Console {
        let key = self.new_key(seed);
        let code = self.code(email).await;
        let tokens = json(self.token(&self.code_request(&code, &key)).await, StatusCode::OK).await;
        Console { key, tokens }
    }

    pub async fn amy(&self) -> Console {
        self.sign_in(AMY, 1).await
    }

    pub fn refresh_request(&self, console: &Console, refresh_token: &str) -> Vec<(&'static str, String)> {
        let signed_at = self.clock.now();
        let device = &console.tokens.device;
        let message = signing::token_refresh(device, &sha256_hex(refresh_token.as_bytes()), signed_at);
        vec![
            ("grant_type", "refresh_token".into()),
            ("client_id", CLIENT_ID.into()),
            ("refresh_token", refresh_token.into()),
            ("device", device.0.clone()),
            ("signed_at", signed_at.0.to_string()),
            ("device_proof", console.key.sign(&message)),
        ]
    }

    pub async fn refresh(&self, console: &mut Console) {
        let request = self.refresh_request(console, &console.tokens.refresh_token);
        console.tokens = json(self.token(&request).await, StatusCode::OK).await;
    }

    // ---- Signed in ------------------------------------------------------------------------------------------------

    pub fn get(&self, console: &Console, path: &str) -> RequestBuilder {
        self.client.get(self.url(path)).bearer_auth(&console.tokens.access_token)
    }

    pub fn post(&self, console: &Console, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).bearer_auth(&console.tokens.access_token)
    }

    pub async fn try_start(&self, console: &Console, key: &str, request: &StartSessionRequest) -> Response {
        self.post(console, "/v1/sessions").header("idempotency-key", key).json(request).send().await.unwrap()
    }

    pub async fn start(&self, console: &Console) -> StartSessionResponse {
        json(self.try_start(console, "key-1", &start_request(JANE)).await, StatusCode::CREATED).await
    }

    pub fn entry_request(&self, console: &Console, session: &SessionId, grant: &EntryGrant) -> RedeemGrantRequest {
        let signed_at = self.clock.now();
        let device = console.tokens.device.clone();
        let message = signing::entry(&device, session, &grant.token, &grant.gateway_origin, signed_at);
        RedeemGrantRequest {
            signature: console.key.sign(&message),
            grant: grant.token.clone(),
            gateway_origin: grant.gateway_origin.clone(),
            device,
            signed_at,
        }
    }

    pub async fn try_enter(&self, console: &Console, session: &SessionId, request: &RedeemGrantRequest) -> Response {
        self.post(console, &format!("/v1/sessions/{session}/entry")).json(request).send().await.unwrap()
    }

    pub fn heartbeat_request(&self, console: &Console, session: &SessionId, idle_millis: i64) -> HeartbeatRequest {
        let mut request = HeartbeatRequest {
            device: console.tokens.device.clone(),
            writer: console.tokens.device.0.clone(),
            signed_at: self.clock.now(),
            sessions: vec![SessionBeat { session: session.clone(), idle_millis }],
            journal: ChainHead::default(),
            signature: String::new(),
        };
        request.signature = console.key.sign(&signing::heartbeat(&request));
        request
    }

    /// A beat without a session that shows this head.
    pub fn head_beat(&self, console: &Console, writer: &str, head: &ChainHead) -> HeartbeatRequest {
        let mut request = HeartbeatRequest {
            device: console.tokens.device.clone(),
            writer: writer.into(),
            signed_at: self.clock.now(),
            sessions: Vec::new(),
            journal: head.clone(),
            signature: String::new(),
        };
        request.signature = console.key.sign(&signing::heartbeat(&request));
        request
    }

    pub async fn send_beat(&self, console: &Console, request: &HeartbeatRequest) -> Response {
        self.post(console, "/v1/heartbeats").json(request).send().await.unwrap()
    }

    /// What the snapshot shows of alarms.
    pub async fn alarms(&self, console: &Console) -> AlarmsResponse {
        let response = self.get(console, "/v1/snapshot").send().await.unwrap();
        json::<amberglass_wire::auth::SnapshotResponse>(response, StatusCode::OK).await.alarms
    }

    pub async fn beat(&self, console: &Console, session: &SessionId, idle_millis: i64) -> HeartbeatResponse {
        let request = self.heartbeat_request(console, session, idle_millis);
        json(self.post(console, "/v1/heartbeats").json(&request).send().await.unwrap(), StatusCode::OK).await
    }

    /// So much time passes, with somebody at the desk: the console beats, and keeps its sign-in.
    pub async fn live(&self, console: &mut Console, id: &SessionId, seconds: i64) {
        for second in 1..=seconds {
            self.clock.advance_seconds(1);
            if second % 4 == 0 {
                self.beat(console, id, 0).await;
            }
            if second % 200 == 0 {
                self.refresh(console).await;
            }
        }
        self.refresh(console).await;
        self.beat(console, id, 0).await;
    }

    pub async fn try_extend(
        &self,
        console: &Console,
        id: &SessionId,
        key: &str,
        request: &ExtendSessionRequest,
    ) -> Response {
        let path = format!("/v1/sessions/{id}/extensions");
        self.post(console, &path).header("idempotency-key", key).json(request).send().await.unwrap()
    }

    pub async fn session(&self, console: &Console, id: &SessionId) -> SessionResponse {
        json(self.get(console, &format!("/v1/sessions/{id}")).send().await.unwrap(), StatusCode::OK).await
    }

    pub async fn end(&self, console: &Console, id: &SessionId) -> SessionResponse {
        let request = self.post(console, &format!("/v1/sessions/{id}/end")).json(&serde_json::json!({}));
        json(request.send().await.unwrap(), StatusCode::OK).await
    }

    pub async fn try_end(&self, console: &Console, id: &SessionId, body: serde_json::Value) -> Response {
        self.post(console, &format!("/v1/sessions/{id}/end")).json(&body).send().await.unwrap()
    }

    /// Somebody else's, with a reason.
    pub async fn end_other(&self, console: &Console, id: &SessionId) -> SessionResponse {
        json(self.try_end(console, id, serde_json::json!({ "reason": REASON })).await, StatusCode::OK).await
    }

    pub async fn trail(&self, console: &Console, id: &SessionId) -> Vec<TrailEvent> {
        let response = self.get(console, &format!("/v1/sessions/{id}/trail")).send().await.unwrap();
        json::<amberglass_wire::audit::TrailResponse>(response, StatusCode::OK).await.events
    }

    pub async fn kinds(&self, console: &Console, id: &SessionId) -> Vec<String> {
        self.trail(console, id).await.into_iter().map(|event| event.record.kind).collect()
    }

    pub async fn until(&self, console: &Console, id: &SessionId, state: SessionState) -> SessionResponse {
        wait_until(state.as_str(), LIMIT, || async {
            let session = self.session(console, id).await;
            (session.state == state).then_some(session)
        })
        .await
    }

    // ---- The database ---------------------------------------------------------------------------------------------

    pub async fn database(&self) -> sqlx::AnyPool {
        sqlx::AnyPool::connect(self.database.url()).await.unwrap()
    }

    /// From now on the database refuses every audit record, as a full disk would.
    pub async fn break_the_audit_log(&self) {
        use sqlx::Executor as _;
        let statements = self.database.engine.refusing_rows_of("audit_events");
        self.database().await.execute(sqlx::AssertSqlSafe(statements)).await.unwrap();
    }

    /// And takes them again.
    pub async fn repair_the_audit_log(&self) {
        use sqlx::Executor as _;
        let statements = self.database.engine.accepting_rows_of("audit_events");
        self.database().await.execute(sqlx::AssertSqlSafe(statements)).await.unwrap();
    }

    /// What only whoever owns the database can do.
    pub async fn unguard_the_audit_log(&self) {
        use sqlx::Executor as _;
        let statement = match self.database.engine {
            Engine::Sqlite => "DROP TRIGGER audit_events_are_never_changed",
            Engine::Postgres => "ALTER TABLE audit_events DISABLE TRIGGER USER",
        };
        self.database().await.execute(statement).await.unwrap();
    }

    /// Somebody with all rights over the database does this to the record.
    pub async fn tamper(&self, statements: &[&'static str]) {
        use sqlx::Executor as _;
        let pool = self.database().await;
        let unguarded: &[&'static str] = match self.database.engine {
            Engine::Sqlite => &[
                "DROP TRIGGER audit_events_are_never_changed",
                "DROP TRIGGER audit_events_are_never_deleted",
                "DROP TRIGGER checkpoints_are_never_deleted",
                "DROP TRIGGER signers_are_never_deleted",
            ],
            Engine::Postgres => &[
                "ALTER TABLE audit_events DISABLE TRIGGER USER",
                "ALTER TABLE checkpoints DISABLE TRIGGER USER",
                "ALTER TABLE signers DISABLE TRIGGER USER",
            ],
        };
        for statement in unguarded.iter().chain(statements) {
            pool.execute(*statement).await.unwrap();
        }
    }

    /// What the operator's commands work with, beside the running server.
    pub async fn operator(&self) -> Operator {
        let entropy = Arc::new(amberglass_system::OsEntropy);
        Operator::open(self.config.clone(), Arc::new(self.clock.clone()), entropy).await.unwrap()
    }

    /// A key that the operator makes for the portal.
    pub async fn portal_key(&self, portal: &str) -> PortalKey {
        let operator = self.operator().await;
        let added = portals::add_key(&operator, &PortalId::new(portal), "production").await.unwrap();
        operator.close().await;
        PortalKey { id: added.id, secret: added.key.expose_secret().to_owned() }
    }

    /// Events that hang on no session.
    pub async fn count_events(&self, kind: &str) -> i64 {
        use sqlx::Row as _;
        let pool = self.database().await;
        let row =
            sqlx::query("SELECT COUNT(*) AS n FROM audit_events WHERE kind = $1").bind(kind).fetch_one(&pool).await;
        row.unwrap().get("n")
    }
}

/// The policy of these rules, in files; written again while the server runs they are looked at anew.
pub fn go_by(config: &mut ServerConfig, rules: &str) {
    std::fs::create_dir_all(&config.data_dir).unwrap();
    let files = ["rules", "schema"].map(|name| config.data_dir.join(name));
    std::fs::write(&files[0], rules).unwrap();
    std::fs::write(&files[1], include_str!("../../../../policies/schema.cedarschema")).unwrap();
    let [rules, schema] = files.map(Some);
    config.policy = PolicyFiles { rules, schema };
}

async fn serve(config: &ServerConfig, clock: &ManualClock) -> RunningServer {
    let entropy = Arc::new(amberglass_system::OsEntropy);
    for address in [config.listen_api, config.listen_gateway].into_iter().chain(config.listen_metrics) {
        until_nobody_listens_at(address).await;
    }
    amberglass_server::serve(config.clone(), Arc::new(clock.clone()), entropy).await.unwrap()
}

pub fn start_request(customer: &str) -> StartSessionRequest {
    StartSessionRequest {
        portal: PortalId::new("barkside"),
        customer: CustomerId::new(customer),
        reason: Reason {
            code: "billing".into(),
            text: "Invoice was charged twice".into(),
            ticket: Some("TCK-4821".into()),
        },
        mode: Mode::ReadOnly,
        duration_seconds: 1800,
        request: None,
        emergency: None,
    }
}

pub fn extend_request(seconds: u32) -> ExtendSessionRequest {
    let text = "The refund needs another look".into();
    ExtendSessionRequest { seconds, reason: Reason { code: "billing".into(), text, ticket: Some("TCK-4821".into()) } }
}

/// A sample customer that fits.
pub fn customer(clock: &ManualClock, fits: impl Fn(&data::Customer) -> bool) -> data::Customer {
    data::customers(clock.now().0).into_values().find(|customer| fits(customer)).unwrap()
}

/// Also holds the answer against what is documented.
pub async fn json<T: DeserializeOwned>(response: Response, status: StatusCode) -> T {
    let (answered, url) = (response.status(), response.url().clone());
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert_eq!(answered, status, "{text}");
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    document::check(&url, status.as_u16(), &kind.unwrap_or_default(), &value);
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Also checks the form of every problem.
pub async fn problem(response: Response, status: StatusCode, code: ErrorCode) -> Problem {
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let problem: Problem = json(response, status).await;
    assert_eq!(kind, "application/problem+json");
    assert_eq!(problem.code, code, "{problem:?}");
    assert_eq!(problem.status, status.as_u16());
    assert!(problem.reference.len() == 8 && problem.reference.bytes().all(|b| b.is_ascii_hexdigit()), "{problem:?}");
    assert!(!problem.title.is_empty());
    problem
}

/// The hidden fields of a form.
pub fn fields_of(page: &str) -> HashMap<String, String> {
    page.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            let value = rest.split_once('"').unwrap().0;
            (name.to_owned(), value.replace("&amp;", "&"))
        })
        .collect()
}

pub fn device_of(console: &Console) -> DeviceId {
    console.tokens.device.clone()
}

pub fn at(time: Option<UnixMillis>) -> UnixMillis {
    time.unwrap()
}
