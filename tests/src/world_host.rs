//! Windows that note what they are told and answer as real ones do; the system browser completes sign-in by itself.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use amberglass_app::{
    Handle,
    host::{Host, HostError, HostEvent, Notice, OpenWindow, StartWithDesktopError, WantedFile},
    view::{ConsoleView, PreferencesView, SessionWindowView},
};
use amberglass_wire::{SessionId, UnixMillis};
use tokio::sync::watch;

use crate::browser;

const BROWSER_LIMIT: Duration = Duration::from_secs(20);

/// Keeps every view in order.
pub struct RecordingHost {
    pub email: &'static str,
    password: &'static str,
    /// The next password is typed wrong.
    mistypes: AtomicBool,
    /// Set once the controller runs; what the windows report goes there.
    controller: OnceLock<Handle>,
    views: Mutex<Vec<ConsoleView>>,
    windows: Mutex<Vec<SessionWindowView>>,
    /// Told after each of them.
    presented: watch::Sender<()>,
    opened: Mutex<Vec<OpenWindow>>,
    closed: Mutex<Vec<SessionId>>,
    pages: Arc<Mutex<Vec<String>>>,
    raised: Mutex<u32>,
    restarts: Mutex<u32>,
    /// The console's window is there.
    console: AtomicBool,
    starts_with_desktop: AtomicBool,
    /// What the person chooses where a file is asked for.
    chosen: Mutex<Option<PathBuf>>,
    told: Mutex<Vec<Notice>>,
    /// Paths that the controller had the window load.
    shown_pages: Mutex<Vec<String>>,
}

impl RecordingHost {
    /// `email` and `password` are what the person types into the browser.
    pub fn new(email: &'static str, password: &'static str) -> Arc<Self> {
        Arc::new(Self {
            email,
            password,
            mistypes: AtomicBool::default(),
            controller: OnceLock::new(),
            views: Mutex::default(),
            windows: Mutex::default(),
            presented: watch::Sender::new(()),
            opened: Mutex::default(),
            closed: Mutex::default(),
            pages: Arc::default(),
            raised: Mutex::default(),
            restarts: Mutex::default(),
            console: AtomicBool::new(true),
            starts_with_desktop: AtomicBool::default(),
            chosen: Mutex::default(),
            told: Mutex::default(),
            shown_pages: Mutex::default(),
        })
    }

    pub fn connect(&self, controller: Handle) {
        assert!(self.controller.set(controller).is_ok(), "one host serves one controller");
    }

    /// The person types a wrong password at the next sign-in.
    pub fn mistype_next(&self) {
        self.mistypes.store(true, Ordering::SeqCst);
    }

    /// What the console shows.
    pub fn view(&self) -> Option<ConsoleView> {
        self.views.lock().unwrap().last().cloned()
    }

    /// Everything that the console was shown so far.
    pub fn views(&self) -> Vec<ConsoleView> {
        self.views.lock().unwrap().clone()
    }

    /// What bar, overlay and curtain of the session window show.
    pub fn window(&self) -> Option<SessionWindowView> {
        self.windows.lock().unwrap().last().cloned()
    }

    /// Returns in the moment in which the window has been told to cover the page.
    pub async fn until_covered(&self) {
        let mut presented = self.presented.subscribe();
        let covered = |(): &()| self.window().is_some_and(|view| view.curtain.is_some());
        // The sender lives in `self`, so this cannot fail.
        let _ = presented.wait_for(covered).await;
    }

    /// All that was shown over the portal so far.
    pub fn windows(&self) -> Vec<SessionWindowView> {
        self.windows.lock().unwrap().clone()
    }

    pub fn opened(&self) -> Vec<OpenWindow> {
        self.opened.lock().unwrap().clone()
    }

    pub fn closed(&self) -> Vec<SessionId> {
        self.closed.lock().unwrap().clone()
    }

    /// How many views the console was shown.
    pub fn shown(&self) -> usize {
        self.views.lock().unwrap().len()
    }

    /// How often the session window was brought to the front.
    pub fn raised(&self) -> u32 {
        *self.raised.lock().unwrap()
    }

    /// How often the program was asked to start again.
    pub fn shown_pages(&self) -> Vec<String> {
        self.shown_pages.lock().unwrap().clone()
    }

    pub fn restarts(&self) -> u32 {
        *self.restarts.lock().unwrap()
    }

    /// Whether the console's window is there.
    pub fn has_console(&self) -> bool {
        self.console.load(Ordering::SeqCst)
    }

    pub fn starts_with_desktop(&self) -> bool {
        self.starts_with_desktop.load(Ordering::SeqCst)
    }

    /// The person chooses this file from now on.
    pub fn choose(&self, file: &Path) {
        *self.chosen.lock().unwrap() = Some(file.to_owned());
    }

    /// Words that came to the desktop.
    pub fn told(&self) -> Vec<Notice> {
        self.told.lock().unwrap().clone()
    }

    /// The last page of each sign-in in the browser.
    pub fn pages(&self) -> Vec<String> {
        self.pages.lock().unwrap().clone()
    }

    fn report(&self, event: HostEvent) {
        if let Some(controller) = self.controller.get() {
            controller.host_event(event);
        }
    }
}

impl Host for RecordingHost {
    fn show_view(&self, view: &ConsoleView) {
        self.views.lock().unwrap().push(view.clone());
    }

    fn open_browser(&self, url: &str) -> Result<(), HostError> {
        let password = if self.mistypes.swap(false, Ordering::SeqCst) { "not the password" } else { self.password };
        let (url, email) = (url.to_owned(), self.email);
        let pages = self.pages.clone();
        tokio::spawn(async move {
            let page = browser::fill_in(&url, email, password, BROWSER_LIMIT).await.unwrap();
            pages.lock().unwrap().push(page);
        });
        Ok(())
    }

    fn open_session_window(&self, window: OpenWindow) {
        let session = window.view.session.clone();
        self.windows.lock().unwrap().push(window.view.clone());
        self.opened.lock().unwrap().push(window);
        self.report(HostEvent::WindowOpened { session });
    }

    fn present(&self, view: &SessionWindowView) {
        self.windows.lock().unwrap().push(view.clone());
        self.presented.send_replace(());
    }

    fn raise_session_window(&self, _session: &SessionId) {
        *self.raised.lock().unwrap() += 1;
    }

    fn close_session_window(&self, session: &SessionId) {
        self.closed.lock().unwrap().push(session.clone());
        self.report(HostEvent::WindowClosed { session: session.clone() });
    }

    fn utc_offset_seconds(&self, _at: UnixMillis) -> i32 {
        0
    }

    fn raise_console(&self) {
        self.console.store(true, Ordering::SeqCst);
    }

    fn rest(&self) {
        self.console.store(false, Ordering::SeqCst);
    }

    fn apply_preferences(&self, _preferences: &PreferencesView) {}

    fn set_starts_with_desktop(&self, starts: bool) -> Result<(), StartWithDesktopError> {
        self.starts_with_desktop.store(starts, Ordering::SeqCst);
        Ok(())
    }

    fn surroundings(&self) -> Vec<(&'static str, String)> {
        vec![("system", std::env::consts::OS.to_owned())]
    }

    fn restart(&self) {
        *self.restarts.lock().unwrap() += 1;
    }

    fn reload_portal(&self, _session: &SessionId) {}

    /// No page is drawn here; what is asked of the gateway is asked by the stories themselves.
    fn show_page(&self, _session: &SessionId, path: &str) {
        self.shown_pages.lock().unwrap().push(path.to_owned());
    }

    fn show_again(&self, _session: &SessionId) {}

    fn notify(&self, notice: &Notice) {
        self.told.lock().unwrap().push(notice.clone());
    }

    fn choose_file(&self, wanted: &WantedFile) {
        let file = self.chosen.lock().unwrap().clone();
        self.report(HostEvent::FileChosen { number: wanted.number, file });
    }
}
