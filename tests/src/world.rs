//! Everything at once in one process: the real server with its database, the real sample portal, and the real controller
//! with its journal and its HTTP client, under one clock that only a test moves. Doubles are the windows, the key store
//! and the network in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use amberglass_app::view::{NextDeliveryView, QueueView};
use amberglass_demo_portal::{Portal, PortalState};
use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_server::{
    PortalConfig, RunningServer, SAMPLE_STAFF, ServerConfig,
    config::{DriverKind, PolicyFiles, WorkingHours},
    policy::Texts,
    store::SessionRow,
};
use amberglass_system::OsEntropy;
use amberglass_testkit::{ManualClock, TestDatabase, address_of_its_own, until_nobody_listens_at, wait_until};
use amberglass_wire::{
    PortalId, UnixMillis,
    session::{Mode, SessionState},
};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use crate::{
    world_console::{GATEWAY_HOST, PORTAL, Pointing, StartProgress, WorldConsole},
    world_preferences::MemoryPreferences,
    world_record::AuditLog,
};

pub use crate::world_console::{JANE, LIMIT, PASSWORD, Page};

/// The staff member at the console, an agent.
pub const AMY: &str = "amy@amberglass.example";
/// A team lead.
pub const LEO: &str = "leo@amberglass.example";
pub const SANA: &str = "sana@amberglass.example";

/// Its console's own doings stand in [`WorldConsole`].
pub struct World {
    pub clock: ManualClock,
    pub console: WorldConsole,
    /// What reached the portal.
    pub portal: Arc<PortalState>,
    config: ServerConfig,
    server: Option<RunningServer>,
    _database: TestDatabase,
    _dir: tempfile::TempDir,
}

impl Deref for World {
    type Target = WorldConsole;

    fn deref(&self) -> &WorldConsole {
        &self.console
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut WorldConsole {
        &mut self.console
    }
}

/// A computer whose wall clock is wrong, and was so when it was switched on.
struct ShiftedClock {
    clock: Arc<dyn Clock>,
    ahead_seconds: i64,
}

impl Clock for ShiftedClock {
    fn now(&self) -> UnixMillis {
        self.clock.now().plus_seconds(self.ahead_seconds)
    }

    fn monotonic_millis(&self) -> i64 {
        self.clock.monotonic_millis()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        self.clock.sleep_until(at)
    }
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

    /// The console's computer shows a time that is so many seconds ahead of everybody else's.
    pub async fn on_a_computer_ahead_by(seconds: i64) -> Self {
        Self::open_on(AMY, MemoryPreferences::default(), seconds, |_| {}).await
    }

    async fn open_with(
        email: &'static str,
        preferences: MemoryPreferences,
        configure: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        Self::open_on(email, preferences, 0, configure).await
    }

    async fn open_on(
        email: &'static str,
        preferences: MemoryPreferences,
        ahead_seconds: i64,
        configure: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let (clock, dir) = (ManualClock::default(), tempfile::tempdir().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let portal_listener = TcpListener::bind(address_of_its_own()).await.unwrap();
        let data_dir = dir.path().join("server");
        let database = TestDatabase::new(&data_dir);
        let mut config = server_config(data_dir, database.url(), portal_listener.local_addr().unwrap());
        config.database_clock_may_differ = true;
        configure(&mut config);
        let server = serve(&config, &shared).await;
        let portal = serve_portal(portal_listener, &server, &shared);
        let pointing = Pointing { api: server.api, gateway: None };
        let of_console: Arc<dyn Clock> =
            if ahead_seconds == 0 { shared } else { Arc::new(ShiftedClock { clock: shared, ahead_seconds }) };
        let console = WorldConsole::open(email, pointing, preferences, of_console, dir.path()).await;
        Self { clock, console, portal, config, server: Some(server), _database: database, _dir: dir }
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

    /// Clicks Start on Jane's card. The console refuses to begin before its event stream is up; then the person clicks again
    /// a second later.
    pub async fn ask_for_session(&self, duration_seconds: u32) {
        self.ask_for_session_in(Mode::ReadOnly, duration_seconds).await;
    }

    pub async fn ask_for_session_in(&self, mode: Mode, duration_seconds: u32) {
        self.open_card().await;
        self.click_start_in(mode, duration_seconds);
        let asked_at = AtomicI64::new(self.now().0);
        self.pass_until("the start to begin", 20, async || match self.start_progress() {
            StartProgress::NotBegun => None,
            StartProgress::RefusedOffline => {
                if asked_at.swap(self.now().0, Ordering::SeqCst) != self.now().0 {
                    self.click_start_in(mode, duration_seconds);
                }
                None
            }
            StartProgress::Begun => Some(()),
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

    /// The journal is open and has delivered everything.
    pub async fn until_delivered(&self) {
        let is_done =
            |queue: &QueueView| queue.next != NextDeliveryView::Closed {} && queue.waiting == 0 && queue.held == 0;
        self.pass_until("the journal's delivery", 120, async || {
            self.host.view().filter(|view| is_done(&view.queue)).map(|_| ())
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
        self.server = Some(serve(&self.config, &(Arc::new(self.clock.clone()) as Arc<dyn Clock>)).await);
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

/// Of a server with sample staff and the sample portal, on free ports.
/// The default policy without its limit of sessions an hour: benchmarks begin more than a person would.
pub(crate) fn busy_policy(dir: &Path) -> PolicyFiles {
    let texts = Texts::read(&PolicyFiles::default()).unwrap();
    let (rules, schema) = (dir.join("busy.cedar"), dir.join("busy.cedarschema"));
    let busy = texts.rules.replace("context.sessions_last_hour < 12", "true");
    assert_ne!(busy, texts.rules, "the limit stands elsewhere by now");
    std::fs::write(&rules, busy).unwrap();
    std::fs::write(&schema, texts.schema).unwrap();
    PolicyFiles { rules: Some(rules), schema: Some(schema) }
}

pub(crate) fn server_config(data_dir: PathBuf, database_url: &str, portal: SocketAddr) -> ServerConfig {
    let rules = rules_beside(&data_dir);
    ServerConfig {
        listen_api: address_of_its_own(),
        listen_gateway: address_of_its_own(),
        data_dir,
        database_url: database_url.into(),
        portals: vec![PortalConfig {
            id: PortalId::new(PORTAL),
            name: "Barkside".into(),
            gateway_host: GATEWAY_HOST.into(),
            gateway_origin: None,
            upstream: format!("http://{portal}").parse().unwrap(),
            driver: DriverKind::SignedIdentity,
            active: true,
            audience: PORTAL.into(),
            rules: Some(rules),
        }],
        demo: true,
        // Whenever a story begins.
        working_hours: WorkingHours::always(),
        ..ServerConfig::default()
    }
}

/// Barkside's own, as a file.
pub(crate) fn rules_beside(data_dir: &Path) -> PathBuf {
    let rules = data_dir.with_extension("rules.toml");
    std::fs::write(&rules, amberglass_demo_portal::RULES).unwrap();
    rules
}

pub(crate) async fn serve(config: &ServerConfig, clock: &Arc<dyn Clock>) -> RunningServer {
    assert!(SAMPLE_STAFF.iter().any(|staff| staff.email == AMY && staff.password == PASSWORD));
    for address in [config.listen_api, config.listen_gateway].into_iter().chain(config.listen_metrics) {
        until_nobody_listens_at(address).await;
    }
    amberglass_server::serve(config.clone(), clock.clone(), Arc::new(OsEntropy)).await.unwrap()
}

/// Serves the sample portal, for as long as the runtime lasts, to whoever shows an identity that `server` has signed.
pub(crate) fn serve_portal(listener: TcpListener, server: &RunningServer, clock: &Arc<dyn Clock>) -> Arc<PortalState> {
    let clock = clock.clone();
    let portal = Portal::new(amberglass_demo_portal::PortalConfig {
        jwks_url: format!("{}/.well-known/jwks.json", server.issuer).parse().unwrap(),
        issuer: server.issuer.clone(),
        audience: PORTAL.into(),
        clock: Arc::new(move || clock.now().0),
        hostile_pages: None,
    })
    .unwrap();
    let state = portal.state();
    tokio::spawn(async move { portal.serve(listener, std::future::pending()).await });
    state
}
