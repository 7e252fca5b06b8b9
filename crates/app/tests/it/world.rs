//! One controller with its doubles.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use amberglass_app::{
    Command, Controller, Handle, Ports,
    host::HostEvent,
    preferences::{Preferences, ServerChoice},
    view::{ConnectionView, ConsoleView, CurtainView, SessionWindowView, SignInView, StartView, UiErrorCode},
};
use amberglass_domain::{device_key::DeviceKey, ports::KeychainEntry};
use amberglass_journal::JournalKey;
use amberglass_testkit::{ManualClock, SeededEntropy, wait_until};
use amberglass_wire::{
    CustomerId, PortalId, SessionId,
    session::{Mode, Reason},
};
use secrecy::ExposeSecret as _;

use crate::{
    backend::FakeServer,
    host::{Log, RecordingHost},
    keychain::MemoryKeychain,
    outside::{ADDRESS, Addresses, MemoryPreferences},
};

pub const LIMIT: Duration = Duration::from_secs(20);

pub struct World {
    pub handle: Handle,
    pub host: Arc<RecordingHost>,
    pub server: Arc<FakeServer>,
    pub keychain: Arc<MemoryKeychain>,
    pub clock: ManualClock,
    pub log: Log,
    pub preferences: Arc<MemoryPreferences>,
    pub addresses: Arc<Addresses>,
    directory: Arc<tempfile::TempDir>,
    /// The controller's own, so that it can die without a word.
    runtime: Option<tokio::runtime::Runtime>,
}

impl World {
    /// Nothing in the keyring yet.
    pub fn fresh(prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path)) -> Self {
        Self::fresh_with(MemoryPreferences::settled(), false, prepare)
    }

    /// As [`World::fresh`], with these preferences; `fixed` means that the server is set from outside.
    pub fn fresh_with(
        preferences: MemoryPreferences,
        fixed: bool,
        prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path),
    ) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let (log, clock) = (Log::default(), ManualClock::default());
        let server = FakeServer::new(log.clone(), clock.clone(), directory.path());
        let keychain = Arc::new(MemoryKeychain::default());
        prepare(&keychain, &server, directory.path());
        let addresses = Arc::new(Addresses::default());
        addresses.answer(ADDRESS, ADDRESS);
        Self::start_program(server, keychain, clock, log, Arc::new(preferences), addresses, directory, fixed, 7)
    }

    #[allow(clippy::too_many_arguments, reason = "everything outside the controller")]
    fn start_program(
        server: Arc<FakeServer>,
        keychain: Arc<MemoryKeychain>,
        clock: ManualClock,
        log: Log,
        preferences: Arc<MemoryPreferences>,
        addresses: Arc<Addresses>,
        directory: Arc<tempfile::TempDir>,
        fixed: bool,
        seed: u64,
    ) -> Self {
        let host = RecordingHost::new(log.clone(), directory.path());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = runtime.enter();
        let handle = Controller::start(Ports {
            backend: server.clone(),
            sink: server.clone(),
            keychain: keychain.clone(),
            host: host.clone(),
            preferences: preferences.clone(),
            lookup: addresses.clone(),
            server: ServerChoice { address: ADDRESS.into(), fixed },
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(seed)),
            data_dir: directory.path().to_owned(),
            log_dir: directory.path().join("logs"),
            preloads: Vec::new(),
            client: "amberglass/0.0.0-test".into(),
            device_name: "test-console".into(),
        });
        drop(entered);
        let runtime = Some(runtime);
        Self { handle, host, server, keychain, clock, log, preferences, addresses, directory, runtime }
    }

    /// The same program once more, on the same data, while this one runs or after it has died.
    pub fn start_again(&self) -> Self {
        Self::start_program(
            self.server.clone(),
            self.keychain.clone(),
            self.clock.clone(),
            self.log.clone(),
            self.preferences.clone(),
            self.addresses.clone(),
            self.directory.clone(),
            false,
            8,
        )
    }

    /// The program dies in the middle of everything.
    pub async fn crash(&mut self) {
        let runtime = self.runtime.take().expect("it runs");
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(LIMIT)).await.unwrap();
    }

    /// What was set on this desktop.
    pub fn kept(&self) -> Preferences {
        self.preferences.kept.lock().unwrap().clone()
    }

    pub fn journal_file(&self) -> PathBuf {
        self.data_dir().join("journal-device-1.sqlite")
    }

    /// A keyring as an earlier run left it.
    pub fn known(prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path)) -> Self {
        Self::known_with(MemoryPreferences::settled(), prepare)
    }

    pub fn known_with(
        preferences: MemoryPreferences,
        prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path),
    ) -> Self {
        Self::fresh_with(preferences, false, |keychain, server, data_dir| {
            let entropy = SeededEntropy::new(3);
            let key = DeviceKey::generate(&entropy);
            server.with(|state| state.device_key = Some(key.public_key()));
            keychain.put(KeychainEntry::DeviceKey, key.to_secret_text().expose_secret());
            keychain.put(KeychainEntry::DeviceId, "device-1");
            keychain.put(KeychainEntry::JournalKey, JournalKey::generate(&entropy).to_secret_text().expose_secret());
            keychain.put(KeychainEntry::RefreshToken, "refresh-0");
            prepare(keychain, server, data_dir);
        })
    }

    /// Signed in and online.
    pub async fn online() -> Self {
        Self::online_with(|_, _, _| {}).await
    }

    pub async fn online_with(prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path)) -> Self {
        let world = Self::known(prepare);
        world.until_online().await;
        world
    }

    pub async fn until_online(&self) -> ConsoleView {
        self.until("signed in and online", |view| {
            matches!(view.sign_in, SignInView::SignedIn { .. })
                && view.connection == ConnectionView::Online {}
                && !view.portals.is_empty()
        })
        .await
    }

    /// A session whose portal shows.
    pub async fn in_session() -> Self {
        let world = Self::online().await;
        world.start("c1").await;
        world.show_portal().await;
        world
    }

    pub fn data_dir(&self) -> &Path {
        self.directory.path()
    }

    pub async fn until(&self, what: &str, condition: impl Fn(&ConsoleView) -> bool) -> ConsoleView {
        wait_until(what, LIMIT, || async {
            let view = self.host.views.lock().unwrap().last().cloned()?;
            condition(&view).then_some(view)
        })
        .await
    }

    pub async fn until_window(&self, what: &str, condition: impl Fn(&SessionWindowView) -> bool) -> SessionWindowView {
        wait_until(what, LIMIT, || async { self.host.window().filter(|view| condition(view)) }).await
    }

    /// What the window shows at the present time, all inputs so far taken: one more refusal is reported and explained.
    pub async fn window_now(&self) -> SessionWindowView {
        let count = |view: &SessionWindowView| view.notice.as_ref().map_or(0, |notice| notice.number);
        let before = self.host.window().as_ref().map_or(0, count);
        let (session, attempt) = (self.session(), amberglass_wire::audit::Attempt::Print);
        self.handle.host_event(HostEvent::Refused { session, attempt, target: None });
        self.until_window("the controller's answer", |view| count(view) > before).await
    }

    pub async fn until_true(&self, what: &str, condition: impl Fn() -> bool) {
        wait_until(what, LIMIT, || async { condition().then_some(()) }).await;
    }

    /// Waits until the journal, delivered or not, holds this kind.
    pub async fn until_recorded(&self, kind: &str) {
        self.until_true(kind, || crate::host::is_on_disk(self.data_dir(), kind)).await;
    }

    /// Clicks Start on the card.
    pub async fn start(&self, customer: &str) {
        self.open_card(customer).await;
        self.handle.command(start_command(customer));
    }

    pub async fn open_card(&self, customer: &str) {
        self.handle
            .command(Command::OpenCard { portal: PortalId::new("barkside"), customer: CustomerId::new(customer) });
        self.until("the card", |view| {
            view.card.as_ref().is_some_and(|card| !card.loading && card.customer_id.as_str() == customer)
        })
        .await;
    }

    /// The window opens and the page paints.
    pub async fn show_portal(&self) {
        self.until_true("the window", || !self.host.opened.lock().unwrap().is_empty()).await;
        let session = self.session();
        self.handle.host_event(HostEvent::WindowOpened { session: session.clone() });
        self.handle.host_event(HostEvent::PortalPainted { session });
        self.until_window("the page", |view| view.curtain.is_none()).await;
    }

    pub fn session(&self) -> SessionId {
        self.host.opened.lock().unwrap().last().expect("a window was opened").view.session.clone()
    }

    pub async fn until_failed(&self) -> (UiErrorCode, Option<String>) {
        let view = self.until("the start to fail", |view| {
            matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Failed { .. }))
        });
        match view.await.card.map(|card| card.start) {
            Some(StartView::Failed { error }) => (error.code, error.about),
            other => panic!("{other:?}"),
        }
    }

    pub async fn until_curtain(&self, what: &str, condition: impl Fn(&CurtainView) -> bool) {
        self.until_window(what, |view| view.curtain.as_ref().is_some_and(&condition)).await;
    }

    /// Time goes on while both sides are awake and the line holds.
    pub async fn pass_seconds(&self, seconds: i64) {
        for _ in 0..seconds {
            let due = self.server.with(|state| state.heartbeats.len());
            self.clock.advance_millis(1_000);
            self.server.beat();
            self.clock.advance_millis(1_000);
            self.server.beat();
            self.until_true("a heartbeat", || self.server.with(|state| state.heartbeats.len()) > due).await;
        }
    }

    /// Waits for what has its time: time goes on, a little with every look, whenever the program sets that time.
    pub async fn until_in_time(&self, what: &str, condition: impl Fn() -> bool) {
        wait_until(what, LIMIT, || async {
            self.clock.advance_millis(100);
            self.server.beat();
            condition().then_some(())
        })
        .await;
    }

    /// Another program keeps the journal locked for as long as the answer lives: nothing can be recorded.
    pub async fn lock_journal(&self) -> sqlx::SqliteConnection {
        use sqlx::{ConnectOptions as _, Executor as _, sqlite::SqliteConnectOptions};
        let file = self.journal_file();
        self.until_true("the journal", || file.exists()).await;
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        connection.execute("BEGIN IMMEDIATE").await.unwrap();
        connection
    }

    pub fn logged(&self, prefix: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.starts_with(prefix)).cloned().collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A runtime must not be waited for where tests run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub fn reason() -> Reason {
    Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: Some("T-1".into()) }
}

pub fn start_command(customer: &str) -> Command {
    Command::StartSession {
        portal: PortalId::new("barkside"),
        customer: CustomerId::new(customer),
        reason: reason(),
        mode: Mode::ReadOnly,
        duration_seconds: 1800,
    }
}
