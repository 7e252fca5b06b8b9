//! Windows that only note what they are told.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use amberglass_app::{
    host::{Host, HostError, Notice, OpenWindow, StartWithDesktopError, WantedFile, WindowRecorder},
    view::{ConsoleView, PreferencesView, SessionWindowView},
};
use amberglass_wire::{SessionId, UnixMillis};

/// What happened in host and backend, in one order.
pub type Log = Arc<Mutex<Vec<String>>>;

pub struct RecordingHost {
    pub log: Log,
    pub data_dir: PathBuf,
    pub views: Mutex<Vec<ConsoleView>>,
    pub windows: Mutex<Vec<SessionWindowView>>,
    pub opened: Mutex<Vec<OpenWindow>>,
    /// Words on the desktop.
    pub notices: Mutex<Vec<Notice>>,
    /// Of this computer's local time, ahead of UTC.
    pub utc_offset_seconds: Mutex<i32>,
    pub browsed: Mutex<Vec<String>>,
    pub no_browser: Mutex<bool>,
    /// The desktop does not let a program start with it.
    pub no_start_with_desktop: Mutex<bool>,
    /// What it was asked for; the test answers.
    pub wanted: Mutex<Vec<WantedFile>>,
}

impl RecordingHost {
    pub fn new(log: Log, data_dir: &Path) -> Arc<Self> {
        Arc::new(Self {
            log,
            data_dir: data_dir.to_owned(),
            views: Mutex::default(),
            windows: Mutex::default(),
            opened: Mutex::default(),
            notices: Mutex::default(),
            utc_offset_seconds: Mutex::default(),
            browsed: Mutex::default(),
            no_browser: Mutex::default(),
            no_start_with_desktop: Mutex::default(),
            wanted: Mutex::default(),
        })
    }

    pub fn view(&self) -> ConsoleView {
        self.views.lock().unwrap().last().cloned().expect("a view was shown")
    }

    pub fn window(&self) -> Option<SessionWindowView> {
        self.windows.lock().unwrap().last().cloned()
    }

    pub fn recorder(&self) -> Arc<dyn WindowRecorder> {
        self.opened.lock().unwrap().last().expect("a window was opened").recorder.clone()
    }

    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }
}

/// Whether a record of this kind stands in the journal's files: kinds are not encrypted.
pub fn is_on_disk(data_dir: &Path, kind: &str) -> bool {
    std::fs::read_dir(data_dir).into_iter().flatten().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(kind.len()).any(|window| window == kind.as_bytes())
    })
}

impl Host for RecordingHost {
    fn show_view(&self, view: &ConsoleView) {
        self.views.lock().unwrap().push(view.clone());
    }

    fn open_browser(&self, url: &str) -> Result<(), HostError> {
        if *self.no_browser.lock().unwrap() {
            return Err(HostError::NoBrowser { detail: "none".into() });
        }
        self.browsed.lock().unwrap().push(url.to_owned());
        Ok(())
    }

    fn open_session_window(&self, window: OpenWindow) {
        let on_record = is_on_disk(&self.data_dir, "window_opened");
        self.windows.lock().unwrap().push(window.view.clone());
        self.opened.lock().unwrap().push(window);
        // Last: a test that sees this line asks for the window.
        self.note(format!("open_window(recorded: {on_record})"));
    }

    fn notify(&self, notice: &Notice) {
        self.notices.lock().unwrap().push(notice.clone());
    }

    fn utc_offset_seconds(&self, _at: UnixMillis) -> i32 {
        *self.utc_offset_seconds.lock().unwrap()
    }

    fn present(&self, view: &SessionWindowView) {
        self.windows.lock().unwrap().push(view.clone());
    }

    fn raise_session_window(&self, _session: &SessionId) {
        self.note("raise_window");
    }

    fn close_session_window(&self, session: &SessionId) {
        self.note(format!("close_window({session})"));
    }

    fn raise_console(&self) {
        self.note("raise_console");
    }

    fn apply_preferences(&self, preferences: &PreferencesView) {
        self.note(format!("apply({:?}, {} %)", preferences.theme, preferences.text_percent));
    }

    fn rest(&self) {
        self.note("rest");
    }

    fn set_starts_with_desktop(&self, starts: bool) -> Result<(), StartWithDesktopError> {
        if *self.no_start_with_desktop.lock().unwrap() {
            return Err(StartWithDesktopError { detail: "none".into() });
        }
        self.note(format!("starts_with_desktop({starts})"));
        Ok(())
    }

    fn surroundings(&self) -> Vec<(&'static str, String)> {
        vec![("system", "any".to_owned())]
    }

    fn restart(&self) {
        self.note("restart");
    }

    fn reload_portal(&self, _session: &SessionId) {
        self.note("reload_portal");
    }

    fn show_page(&self, _session: &SessionId, path: &str) {
        self.note(format!("show_page {path}"));
    }

    fn show_again(&self, _session: &SessionId) {
        self.note("show_again");
    }

    fn choose_file(&self, wanted: &WantedFile) {
        self.wanted.lock().unwrap().push(wanted.clone());
    }
}
