//! Everything at once in one process: the real server with its database, the real sample portal, and the real controller
//! with its journal and its HTTP client, under one clock that only a test moves. Doubles are the windows, the key store
//! and the network in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use amberglass_app::{
    Command, Controller, Handle, Ports,
    host::{HostEvent, OpenWindow, WindowRecorder},
    preferences::ServerChoice,
    view::{
        ConnectionView, ConsoleErrorCode, ConsoleView, CurtainView, SessionWindowView, SignInView, StartStep,
        StartView, UiErrorCode,
    },
};
use amberglass_backend_client::{HttpBackend, HttpBackendOptions, HttpServerLookup, Patience};
use amberglass_demo_portal::{Portal, PortalState};
use amberglass_domain::ports::Clock as _;
use amberglass_server::{
    PortalConfig, RunningServer, SAMPLE_STAFF, ServerConfig, config::DriverKind, gateway::GATEWAY_HEADER,
    store::SessionRow,
};
use amberglass_system::OsEntropy;
use amberglass_testkit::{ManualClock, TestDatabase, wait_until};
use amberglass_wire::{
    CustomerId, PortalId, SessionId, UnixMillis,
    audit::Attempt,
    session::{Mode, Reason, SessionState},
};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    world_host::RecordingHost, world_keychain::MemoryKeychain, world_line::Line, world_preferences::MemoryPreferences,
    world_record::AuditLog,
};

/// Real time that anything may take while the clock stands still.
pub const LIMIT: Duration = Duration::from_secs(20);
/// The staff member at the console, an agent.
pub const AMY: &str = "amy@amberglass.example";
/// A team lead.
pub const LEO: &str = "leo@amberglass.example";
pub const SANA: &str = "sana@amberglass.example";
pub const PASSWORD: &str = "amber-glass-demo";
/// A standard customer of the sample portal.
pub const JANE: &str = "1042";

const PORTAL: &str = "barkside";
const GATEWAY_HOST: &str = "barkside.localhost";

pub struct World {
    pub clock: ManualClock,
    /// Between the console and the server's API. The gateway is reached beside it.
    pub line: Line,
    pub host: Arc<RecordingHost>,
    pub keychain: Arc<MemoryKeychain>,
    pub handle: Handle,
    /// What reached the portal.
    pub portal: Arc<PortalState>,
    pub preferences: Arc<MemoryPreferences>,
    config: ServerConfig,
    server: Option<RunningServer>,
    /// The console's own, so that it can die without a word.
    console: Option<Runtime>,
    engine: reqwest::Client,
    _database: TestDatabase,
    _dir: tempfile::TempDir,
}

/// An answer of the gateway, as the page's engine gets it.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    /// Why the gateway answered itself.
    pub reason: Option<String>,
    pub text: String,
}

impl World {
    /// Nobody is signed in.
    pub async fn open() -> Self {
        Self::open_as(AMY).await
    }

    /// The console belongs to this staff member of the demo.
    pub async fn open_as(email: &'static str) -> Self {
        Self::open_with(email, MemoryPreferences::default(), |_| {}).await
    }

    /// The console after its first run, with a server that `configure` has had its say in.
    pub async fn configured(configure: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::open_with(AMY, MemoryPreferences::default(), configure).await
    }

    /// The first run of a console that knows no server.
    pub async fn first_run() -> Self {
        Self::open_with(AMY, MemoryPreferences::of_first_run(), |_| {}).await
    }

    async fn open_with(
        email: &'static str,
        preferences: MemoryPreferences,
        configure: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        // Fails when another world of this process has done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (clock, dir) = (ManualClock::default(), tempfile::tempdir().unwrap());
        let portal_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let data_dir = dir.path().join("server");
        let database = TestDatabase::new(&data_dir);
        let mut config = ServerConfig {
            listen_api: SocketAddr::from(([127, 0, 0, 1], 0)),
            listen_gateway: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir,
            database_url: database.url().into(),
            database_clock_may_differ: true,
            portals: vec![PortalConfig {
                id: PortalId::new(PORTAL),
                name: "Barkside".into(),
                gateway_host: GATEWAY_HOST.into(),
                gateway_origin: None,
                upstream: format!("http://{}", portal_listener.local_addr().unwrap()).parse().unwrap(),
                driver: DriverKind::SignedIdentity,
                active: true,
                audience: PORTAL.into(),
            }],
            demo: true,
            ..ServerConfig::default()
        };
        configure(&mut config);
        let server = serve(&config, &clock).await;
        // The same addresses again after a restart.
        (config.listen_api, config.listen_gateway) = (server.api, server.gateway);
        let portal = portal(&server, &clock);
        let portal_state = portal.state();
        tokio::spawn(async move { portal.serve(portal_listener, std::future::pending()).await });

        let line = Line::to(server.api).await;
        let keychain = Arc::new(MemoryKeychain::default());
        let preferences = Arc::new(preferences);
        let (console, host, handle) = start_console(email, &line, &keychain, &preferences, &clock, dir.path());
        let engine = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LIMIT)
            // Port 0 stands for the one in the address.
            .resolve(GATEWAY_HOST, SocketAddr::from(([127, 0, 0, 1], 0)))
            .build()
            .unwrap();
        Self {
            clock,
            line,
            host,
            keychain,
            handle,
            portal: portal_state,
            preferences,
            config,
            server: Some(server),
            console: Some(console),
            engine,
            _database: database,
            _dir: dir,
        }
    }

    /// Amy is signed in through the browser, and the line holds.
    pub async fn signed_in() -> Self {
        let world = Self::open().await;
        world.sign_in().await;
        world
    }

    /// Amy looks at Jane's first page.
    pub async fn in_session(duration_seconds: u32) -> Self {
        let world = Self::signed_in().await;
        world.start(duration_seconds).await;
        world
    }

    /// The console's process dies in the middle of everything, and its windows with it.
    pub async fn crash_console(&mut self) {
        let console = self.console.take().expect("the console runs");
        tokio::task::spawn_blocking(move || console.shutdown_timeout(LIMIT)).await.unwrap();
    }

    /// On the same desktop, after it has died or ended.
    pub async fn start_console(&mut self) {
        if self.console.is_some() {
            self.crash_console().await;
        }
        let (console, host, handle) = self.second_console();
        (self.console, self.host, self.handle) = (Some(console), host, handle);
    }

    /// The same program once more, on the same desktop.
    pub fn second_console(&self) -> (Runtime, Arc<RecordingHost>, Handle) {
        let Self { line, keychain, preferences, clock, _dir: dir, .. } = self;
        start_console(self.host.email, line, keychain, preferences, clock, dir.path())
    }

    pub async fn until_signed_in(&self) -> ConsoleView {
        self.until("signed in and online", |view| {
            matches!(view.sign_in, SignInView::SignedIn { .. })
                && view.connection == ConnectionView::Online {}
                && !view.portals.is_empty()
        })
        .await
    }

    pub async fn sign_in(&self) {
        self.until("the sign-in screen", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
        self.handle.command(Command::SignIn {});
        self.until_signed_in().await;
    }

    /// Clicks Start on Jane's card.
    pub async fn ask_for_session(&self, duration_seconds: u32) {
        self.ask_for_session_in(Mode::ReadOnly, duration_seconds).await;
    }

    pub async fn ask_for_session_in(&self, mode: Mode, duration_seconds: u32) {
        let (portal, customer) = (PortalId::new(PORTAL), CustomerId::new(JANE));
        // An earlier start's card would still show how that one went.
        self.handle.command(Command::CloseCard {});
        self.until("no card", |view| view.card.is_none()).await;
        self.handle.command(Command::OpenCard { portal: portal.clone(), customer: customer.clone() });
        self.until("the card", |view| view.card.as_ref().is_some_and(|card| !card.loading && card.error.is_none()))
            .await;
        let ask = || {
            self.handle.command(Command::StartSession {
                portal: portal.clone(),
                customer: customer.clone(),
                reason: Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None },
                mode,
                duration_seconds,
            });
        };
        ask();
        let asked_at = AtomicI64::new(self.now().0);
        // The console refuses to begin before its event stream is up; then the person clicks again a second later.
        self.pass_until("the start to begin", 20, async || {
            let start = self.host.view()?.card.map(|card| card.start);
            match start {
                Some(StartView::Failed { error }) if error.code == UiErrorCode::Console(ConsoleErrorCode::Offline) => {
                    if asked_at.swap(self.now().0, Ordering::SeqCst) != self.now().0 {
                        ask();
                    }
                    None
                }
                // While it records, the console may still find that it is offline.
                Some(StartView::Idle {} | StartView::Starting { step: StartStep::Recording }) => None,
                Some(StartView::Starting { .. } | StartView::Failed { .. } | StartView::Conflict { .. }) | None => {
                    Some(())
                }
            }
        })
        .await;
    }

    /// Starts a session and shows its first page.
    pub async fn start(&self, duration_seconds: u32) {
        let windows = self.host.opened().len();
        self.ask_for_session(duration_seconds).await;
        self.until_true("the window", || self.host.opened().len() > windows).await;
        self.show_first_page().await;
    }

    /// The window that was opened last loads the entry page and shows it.
    pub async fn show_first_page(&self) {
        let page = self.visit("/").await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        self.handle.host_event(HostEvent::PortalPainted { session: self.session() });
        self.until_window("the page", |view| view.curtain.is_none()).await;
    }

    // ---- The session window ---------------------------------------------------------------------------------------

    pub fn opened(&self) -> OpenWindow {
        self.host.opened().pop().expect("a window was opened")
    }

    pub fn session(&self) -> SessionId {
        self.opened().view.session
    }

    /// A navigation: on record here first, then asked of the gateway.
    pub async fn visit(&self, path: &str) -> Page {
        assert!(self.note_visit(path).await, "the navigation could not be recorded");
        self.ask(Method::GET, path, true).await
    }

    /// The part of a navigation before anything leaves the machine.
    pub async fn note_visit(&self, path: &str) -> bool {
        let address = self.address(path).to_string();
        self.with_recorder(move |recorder| recorder.navigation(&address)).await
    }

    /// The host refuses something that the page tried.
    pub async fn note_refused(&self, attempt: Attempt) {
        self.with_recorder(move |recorder| recorder.refused(attempt, None)).await;
    }

    /// As on the window's own thread.
    async fn with_recorder<T: Send + 'static>(&self, act: impl FnOnce(&dyn WindowRecorder) -> T + Send + 'static) -> T {
        let recorder = self.opened().recorder;
        tokio::task::spawn_blocking(move || act(recorder.as_ref())).await.unwrap()
    }

    /// Asks the gateway as the page's engine does, with the cookie that the console was given.
    pub async fn ask(&self, method: Method, path: &str, document: bool) -> Page {
        let window = self.opened();
        let cookie = format!("{}={}", window.cookie_name, window.cookie_value.expose_secret());
        let (mode, destination) = if document { ("navigate", "document") } else { ("cors", "empty") };
        let answer = self
            .engine
            .request(method, self.address(path))
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", destination)
            .send()
            .await
            .unwrap();
        let reason = answer.headers().get(GATEWAY_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Page { status: answer.status(), reason, text: answer.text().await.unwrap() }
    }

    fn address(&self, path: &str) -> url::Url {
        url::Url::parse(&self.opened().entry_url).unwrap().join(path).unwrap()
    }

    /// Waits until the gateway refuses this page, and gives its reason.
    pub async fn until_refused(&self, path: &str) -> String {
        wait_until("the gateway to refuse the cookie", LIMIT, || async {
            let page = self.ask(Method::GET, path, false).await;
            if page.status == StatusCode::OK { None } else { page.reason }
        })
        .await
    }

    // ---- What is shown --------------------------------------------------------------------------------------------

    pub async fn until(&self, what: &str, condition: impl Fn(&ConsoleView) -> bool) -> ConsoleView {
        wait_until(what, LIMIT, || async { self.host.view().filter(|view| condition(view)) }).await
    }

    pub async fn until_window(&self, what: &str, condition: impl Fn(&SessionWindowView) -> bool) -> SessionWindowView {
        wait_until(what, LIMIT, || async { self.host.window().filter(|view| condition(view)) }).await
    }

    pub async fn until_true(&self, what: &str, condition: impl Fn() -> bool) {
        wait_until(what, LIMIT, || async { condition().then_some(()) }).await;
    }

    pub async fn until_curtain(&self, what: &str, condition: impl Fn(&CurtainView) -> bool) {
        self.until_window(what, |view| view.curtain.as_ref().is_some_and(&condition)).await;
    }

    /// What the window shows once the controller has dealt with all it was told before, at the present time. The bar's
    /// count of refusals tells when: one more is reported.
    pub async fn window_now(&self) -> SessionWindowView {
        let count = |view: &SessionWindowView| view.notice.as_ref().map_or(0, |notice| notice.number);
        let before = self.host.window().as_ref().map_or(0, count);
        let event = HostEvent::Refused { session: self.session(), attempt: Attempt::Print, target: None };
        self.handle.host_event(event);
        self.until_window("the controller's answer", |view| count(view) > before).await
    }

    /// Waits until the controller has looked at the clock once more.
    pub async fn console_now(&self) {
        let before = self.host.shown();
        self.handle.command(Command::RefreshView {});
        self.until_true("the controller's answer", || self.host.shown() > before).await;
    }

    // ---- Time -----------------------------------------------------------------------------------------------------

    /// Time goes on while the line holds: every heartbeat that is due arrives before the next second.
    pub async fn pass_seconds(&self, seconds: u32) {
        for _ in 0..seconds {
            self.clock.advance_seconds(1);
            wait_until("a heartbeat", LIMIT, || async { self.is_beating().await.then_some(()) }).await;
        }
    }

    /// The latest heartbeat is younger than the time between two; also true when nothing runs.
    async fn is_beating(&self) -> bool {
        let row = self.row().await;
        // By the server's time, which goes on when the wall clock is set back.
        !row.state.is_running() || self.server().state().clock.now().since(row.last_heartbeat_at) < 2_000
    }

    /// Time goes on while the line does not: nobody is waited for but the controller.
    pub async fn pass_seconds_in_silence(&self, seconds: u32) {
        for _ in 0..seconds {
            self.clock.advance_seconds(1);
            self.window_now().await;
        }
    }

    /// Time goes on, slowly enough for everybody to keep up, until `condition` gives a value.
    ///
    /// # Panics
    /// When that takes more than so many seconds of the clock.
    pub async fn pass_until<T>(&self, what: &str, seconds: u32, condition: impl AsyncFn() -> Option<T>) -> T {
        const LOOKS_PER_SECOND: u32 = 40;
        for _ in 0..=seconds {
            let looks = AtomicU32::new(0);
            let found = wait_until(what, LIMIT, || async {
                let look = looks.fetch_add(1, Ordering::Relaxed);
                match condition().await {
                    Some(value) => Some(Some(value)),
                    None => (look >= LOOKS_PER_SECOND).then_some(None),
                }
            })
            .await;
            if let Some(value) = found {
                return value;
            }
            self.clock.advance_seconds(1);
        }
        panic!("{seconds} seconds of the clock passed in vain for: {what}");
    }

    /// The journal has delivered everything.
    pub async fn until_delivered(&self) {
        self.pass_until("the journal's delivery", 120, async || {
            self.host.view().filter(|view| view.queue.waiting == 0 && view.queue.held == 0).map(|_| ())
        })
        .await;
    }

    // ---- The server -----------------------------------------------------------------------------------------------

    pub fn server(&self) -> &RunningServer {
        self.server.as_ref().expect("the server runs")
    }

    /// The API without the line.
    pub fn api(&self) -> String {
        format!("http://{}", self.server().api)
    }

    pub async fn stop_server(&mut self) {
        self.server.take().expect("the server runs").stop().await;
    }

    /// On the same data and the same addresses.
    pub async fn start_server(&mut self) {
        self.server = Some(serve(&self.config, &self.clock).await);
    }

    pub async fn sessions(&self) -> Vec<SessionRow> {
        self.server().state().sessions.list(None, false).await.unwrap()
    }

    /// The session of the window, as the server has it.
    pub async fn row(&self) -> SessionRow {
        self.server().state().sessions.get(&self.session()).await.unwrap().expect("the server knows the session")
    }

    pub async fn until_state(&self, state: SessionState) -> SessionRow {
        wait_until(state.as_str(), LIMIT, || async {
            let row = self.row().await;
            (row.state == state).then_some(row)
        })
        .await
    }

    /// Everything on record at the server; panics if a chain is not whole.
    pub async fn audit_log(&self) -> AuditLog {
        AuditLog::checked(self.config.database_url().unwrap().expose_secret()).await
    }

    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A runtime must not be waited for where tests run.
        if let Some(console) = self.console.take() {
            console.shutdown_background();
        }
    }
}

/// The controller on a runtime of its own, with its windows.
fn start_console(
    email: &'static str,
    line: &Line,
    keychain: &Arc<MemoryKeychain>,
    preferences: &Arc<MemoryPreferences>,
    clock: &ManualClock,
    dir: &Path,
) -> (Runtime, Arc<RecordingHost>, Handle) {
    let client = "amberglass-tests/0";
    let address = format!("http://{}", line.address);
    let backend = HttpBackend::new(&HttpBackendOptions {
        server: address.clone(),
        proxy: None,
        client: client.into(),
        patience: Patience::default(),
    });
    let backend = Arc::new(backend.unwrap());
    let host = RecordingHost::new(email, PASSWORD);
    let console = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let entered = console.enter();
    let handle = Controller::start(Ports {
        backend: backend.clone(),
        sink: backend,
        keychain: keychain.clone(),
        host: host.clone(),
        preferences: preferences.clone(),
        lookup: Arc::new(HttpServerLookup { proxy: None, client: client.into(), patience: Patience::default() }),
        server: ServerChoice { address, fixed: preferences.server_is_fixed() },
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(OsEntropy),
        data_dir: dir.join("console"),
        client: client.into(),
        device_name: "story desk".into(),
    });
    drop(entered);
    host.connect(handle.clone());
    (console, host, handle)
}

async fn serve(config: &ServerConfig, clock: &ManualClock) -> RunningServer {
    assert!(SAMPLE_STAFF.iter().any(|staff| staff.email == AMY && staff.password == PASSWORD));
    amberglass_server::serve(config.clone(), Arc::new(clock.clone()), Arc::new(OsEntropy)).await.unwrap()
}

fn portal(server: &RunningServer, clock: &ManualClock) -> Portal {
    let clock = clock.clone();
    Portal::new(amberglass_demo_portal::PortalConfig {
        jwks_url: format!("{}/.well-known/jwks.json", server.issuer).parse().unwrap(),
        issuer: server.issuer.clone(),
        audience: PORTAL.into(),
        clock: Arc::new(move || clock.now().0),
        hostile_pages: None,
    })
    .unwrap()
}
