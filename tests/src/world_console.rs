//! The console of a story: the real controller with its journal and its HTTP client, on a runtime of its own, so that it
//! can die without a word. Doubles are the windows, the key store and the network to the server. Its clock is whichever
//! the story goes by.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
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
use amberglass_backend_client::{HttpBackend, HttpBackendOptions, HttpServerLookup, Patience, RequestIds};
use amberglass_domain::ports::Clock;
use amberglass_server::gateway::GATEWAY_HEADER;
use amberglass_system::OsEntropy;
use amberglass_testkit::wait_until;
use amberglass_wire::{
    CustomerId, PortalId, RequestId, SessionId,
    approval::RequestState,
    audit::Attempt,
    session::{Mode, Reason},
};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::runtime::Runtime;

use crate::{
    world_host::RecordingHost, world_keychain::MemoryKeychain, world_line::Line, world_preferences::MemoryPreferences,
};

/// Real time that anything may take.
pub const LIMIT: Duration = Duration::from_secs(20);
/// Of every sample staff member.
pub const PASSWORD: &str = "amber-glass-demo";
/// A standard customer of the sample portal.
pub const JANE: &str = "1042";
/// The policy wants an approval for them.
pub const SENSITIVE: &str = "1090";

pub const PORTAL: &str = "barkside";
pub const GATEWAY_HOST: &str = "barkside.localhost";

pub struct WorldConsole {
    /// To the server's API. The gateway is reached beside it.
    pub line: Line,
    pub host: Arc<RecordingHost>,
    pub keychain: Arc<MemoryKeychain>,
    pub preferences: Arc<MemoryPreferences>,
    pub handle: Handle,
    clock: Arc<dyn Clock>,
    runtime: Option<Runtime>,
    engine: reqwest::Client,
    gateway: Option<SocketAddr>,
    dir: PathBuf,
}

/// Where a console is pointed at.
pub struct Pointing {
    pub api: SocketAddr,
    /// Where the page's engine reaches the gateway, if not where its address says.
    pub gateway: Option<SocketAddr>,
}

/// An answer of the gateway, as the page's engine gets it.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    /// Why the gateway answered itself.
    pub reason: Option<String>,
    pub text: String,
}

impl WorldConsole {
    /// Nobody is signed in; `email` is who will be. Its data goes to a folder in `dir`.
    pub async fn open(
        email: &'static str,
        pointing: Pointing,
        preferences: MemoryPreferences,
        clock: Arc<dyn Clock>,
        dir: &Path,
    ) -> Self {
        // Fails when another console of this process has done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let line = Line::to(pointing.api).await;
        let (keychain, preferences) = (Arc::new(MemoryKeychain::default()), Arc::new(preferences));
        let dir = dir.join("console");
        let (runtime, host, handle) = start_console(email, &line, &keychain, &preferences, &clock, &dir);
        let engine = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LIMIT)
            // Port 0 stands for the one in the address.
            .resolve(GATEWAY_HOST, SocketAddr::from(([127, 0, 0, 1], 0)))
            .build()
            .unwrap();
        Self {
            line,
            host,
            keychain,
            preferences,
            handle,
            clock,
            runtime: Some(runtime),
            engine,
            gateway: pointing.gateway,
            dir,
        }
    }

    /// The console's process dies in the middle of everything, and its windows with it.
    pub async fn crash_console(&mut self) {
        let runtime = self.runtime.take().expect("the console runs");
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(LIMIT)).await.unwrap();
    }

    /// On the same desktop, after it has died or ended.
    pub async fn start_console(&mut self) {
        if self.runtime.is_some() {
            self.crash_console().await;
        }
        let (runtime, host, handle) = self.second_console();
        (self.runtime, self.host, self.handle) = (Some(runtime), host, handle);
    }

    /// The same program once more, on the same desktop.
    pub fn second_console(&self) -> (Runtime, Arc<RecordingHost>, Handle) {
        let Self { line, keychain, preferences, clock, dir, .. } = self;
        start_console(self.host.email, line, keychain, preferences, clock, dir)
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

    // ---- A start --------------------------------------------------------------------------------------------------

    /// Jane's card, as nobody has started from it yet.
    pub async fn open_card(&self) {
        // An earlier start's card would still show how that one went.
        self.handle.command(Command::CloseCard {});
        self.until("no card", |view| view.card.is_none()).await;
        let (portal, customer) = (PortalId::new(PORTAL), CustomerId::new(JANE));
        self.handle.command(Command::OpenCard { portal, customer });
        self.until("the card", |view| view.card.as_ref().is_some_and(|card| !card.loading && card.error.is_none()))
            .await;
    }

    /// Clicks Start on Jane's card.
    pub fn click_start(&self, duration_seconds: u32) {
        self.click_start_in(Mode::ReadOnly, duration_seconds);
    }

    pub fn click_start_in(&self, mode: Mode, duration_seconds: u32) {
        self.handle.command(Command::StartSession {
            portal: PortalId::new(PORTAL),
            customer: CustomerId::new(JANE),
            reason: Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None },
            mode,
            duration_seconds,
        });
    }

    /// How far the start on the card is.
    pub fn start_progress(&self) -> StartProgress {
        match self.host.view().and_then(|view| view.card).map(|card| card.start) {
            Some(StartView::Failed { error }) if error.code == UiErrorCode::Console(ConsoleErrorCode::Offline) => {
                StartProgress::RefusedOffline
            }
            // While it records, the console may still find that it is offline.
            Some(StartView::Idle {} | StartView::Starting { step: StartStep::Recording }) => StartProgress::NotBegun,
            Some(StartView::Starting { .. } | StartView::Failed { .. } | StartView::Conflict { .. }) | None => {
                StartProgress::Begun
            }
        }
    }

    /// Asks for an approval to look at a customer who is marked sensitive, and waits until it is asked for.
    pub async fn ask_approval(&self) -> RequestId {
        let known = |view: &ConsoleView| {
            view.inbox.own.iter().find(|own| own.state == RequestState::Pending).map(|own| own.id.clone())
        };
        self.handle.command(Command::CloseCard {});
        self.until("no card", |view| view.card.is_none()).await;
        let (portal, customer) = (PortalId::new(PORTAL), CustomerId::new(SENSITIVE));
        self.handle.command(Command::OpenCard { portal: portal.clone(), customer: customer.clone() });
        self.until("the card", |view| view.card.as_ref().is_some_and(|card| !card.loading && card.error.is_none()))
            .await;
        self.handle.command(Command::AskApproval {
            portal,
            customer,
            reason: Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None },
            mode: Mode::ReadOnly,
            duration_seconds: 1_800,
        });
        let view = self.until("the request", |view| known(view).is_some()).await;
        known(&view).expect("it was there")
    }

    /// Starts what was approved, as soon as the console knows of it, and shows its first page.
    pub async fn start_approved(&self, id: &RequestId) {
        let windows = self.host.opened().len();
        self.until("the approval", |view| {
            view.inbox.own.iter().any(|own| own.id == *id && own.state == RequestState::Approved)
        })
        .await;
        self.handle.command(Command::StartApproved { request: id.clone() });
        self.until_true("the window", || self.host.opened().len() > windows).await;
        self.show_first_page().await;
    }

    /// Clicks Start on Jane's card, again for as long as the console is not connected.
    pub async fn ask_for_session(&self, duration_seconds: u32) {
        self.open_card().await;
        self.click_start(duration_seconds);
        wait_until("the start to begin", LIMIT, || async {
            match self.start_progress() {
                StartProgress::NotBegun => None,
                StartProgress::RefusedOffline => {
                    self.click_start(duration_seconds);
                    None
                }
                StartProgress::Begun => Some(()),
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

    /// Where the console keeps its journal.
    pub fn console_folder(&self) -> &Path {
        &self.dir
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
        self.try_ask(method, path, document).await.unwrap()
    }

    /// As [`WorldConsole::ask`], where there may be no answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn try_ask(&self, method: Method, path: &str, document: bool) -> reqwest::Result<Page> {
        let window = self.opened();
        let cookie = format!("{}={}", window.cookie_name, window.cookie_value.expose_secret());
        let (mode, destination) = if document { ("navigate", "document") } else { ("cors", "empty") };
        let mut address = self.address(path);
        let host = format!("{GATEWAY_HOST}:{}", address.port().unwrap_or_default());
        if let Some(gateway) = self.gateway {
            address.set_port(Some(gateway.port())).unwrap();
        }
        let answer = self
            .engine
            .request(method, address)
            .header("host", host)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", destination)
            .send()
            .await?;
        let reason = answer.headers().get(GATEWAY_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Page { status: answer.status(), reason, text: answer.text().await? })
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
}

/// How far a start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartProgress {
    NotBegun,
    /// The console has no line to the server; nothing was recorded or asked.
    RefusedOffline,
    /// The server was asked, whatever came of it.
    Begun,
}

impl Drop for WorldConsole {
    fn drop(&mut self) {
        // A runtime must not be waited for where tests run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The controller on a runtime of its own, with its windows.
fn start_console(
    email: &'static str,
    line: &Line,
    keychain: &Arc<MemoryKeychain>,
    preferences: &Arc<MemoryPreferences>,
    clock: &Arc<dyn Clock>,
    dir: &Path,
) -> (Runtime, Arc<RecordingHost>, Handle) {
    let client = "amberglass-tests/0";
    let address = format!("http://{}", line.address);
    let backend = HttpBackend::new(&HttpBackendOptions {
        server: address.clone(),
        proxy: None,
        client: client.into(),
        patience: Patience::default(),
        request_ids: RequestIds::new(Arc::new(OsEntropy)),
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
        lookup: Arc::new(HttpServerLookup {
            proxy: None,
            client: client.into(),
            patience: Patience::default(),
            request_ids: RequestIds::new(Arc::new(OsEntropy)),
        }),
        server: ServerChoice { address, fixed: preferences.server_is_fixed() },
        clock: clock.clone(),
        entropy: Arc::new(OsEntropy),
        data_dir: dir.to_owned(),
        log_dir: dir.join("logs"),
        preloads: Vec::new(),
        client: client.into(),
        device_name: "story desk".into(),
    });
    drop(entered);
    host.connect(handle.clone());
    (console, host, handle)
}
