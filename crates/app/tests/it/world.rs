//! One controller with its doubles.

use std::{path::Path, sync::Arc, time::Duration};

use amberglass_app::{
    Command, Controller, Handle, Ports,
    host::HostEvent,
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
};

pub const LIMIT: Duration = Duration::from_secs(20);

pub struct World {
    pub handle: Handle,
    pub host: Arc<RecordingHost>,
    pub server: Arc<FakeServer>,
    pub keychain: Arc<MemoryKeychain>,
    pub clock: ManualClock,
    pub log: Log,
    directory: tempfile::TempDir,
}

impl World {
    /// Nothing in the keyring yet.
    pub fn fresh(prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (log, clock) = (Log::default(), ManualClock::default());
        let host = RecordingHost::new(log.clone(), directory.path());
        let server = FakeServer::new(log.clone(), clock.clone(), directory.path());
        let keychain = Arc::new(MemoryKeychain::default());
        prepare(&keychain, &server, directory.path());
        let handle = Controller::start(Ports {
            backend: server.clone(),
            sink: server.clone(),
            keychain: keychain.clone(),
            host: host.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(7)),
            data_dir: directory.path().to_owned(),
            client: "amberglass/0.0.0-test".into(),
            device_name: "test-console".into(),
        });
        Self { handle, host, server, keychain, clock, log, directory }
    }

    /// A keyring as an earlier run left it.
    pub fn known(prepare: impl FnOnce(&MemoryKeychain, &FakeServer, &Path)) -> Self {
        Self::fresh(|keychain, server, data_dir| {
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
        world
            .until("signed in and online", |view| {
                matches!(view.sign_in, SignInView::SignedIn { .. })
                    && view.connection == ConnectionView::Online {}
                    && !view.portals.is_empty()
            })
            .await;
        world
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

    /// Another program keeps the journal locked for as long as the answer lives: nothing can be recorded.
    pub async fn lock_journal(&self) -> sqlx::SqliteConnection {
        use sqlx::{ConnectOptions as _, Executor as _, sqlite::SqliteConnectOptions};
        let file = self.data_dir().join("journal-device-1.sqlite");
        self.until_true("the journal", || file.exists()).await;
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        connection.execute("BEGIN IMMEDIATE").await.unwrap();
        connection
    }

    pub fn logged(&self, prefix: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.starts_with(prefix)).cloned().collect()
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
