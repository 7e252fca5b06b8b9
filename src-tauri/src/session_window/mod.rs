//! The session window: the bar on top (a Tauri webview), below it the locked portal (a wry webview of our own, without
//! any bridge, in an ephemeral store), and over the portal the overlay that the host draws.
//!
//! What is drawn is decided in `crates/overlay`, where the page may go in `domain::navigation`, when the curtain falls in
//! `crates/app`. This folder only puts it on the screen: [`portal`] holds the lock-down that every system shares, `linux`,
//! `windows` and `macos` what each needs beyond it; `child_view` is the window on the last two, where the portal is a child
//! of it and the overlay takes finished pixels. What refuses which attempt of a page stands in `lockdown.md`. All of it lives on the window system's main thread.

mod bar;
mod curtain_words;
mod picture;
mod portal;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux::PlatformWindow;

#[cfg(not(target_os = "linux"))]
mod child_view;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(target_os = "linux"))]
mod page_script;
#[cfg(not(target_os = "linux"))]
mod painting;
#[cfg(target_os = "windows")]
mod windows;
#[cfg(not(target_os = "linux"))]
use child_view::PlatformWindow;

use std::{cell::RefCell, path::PathBuf, sync::Arc};

use amberglass_app::{
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use amberglass_origin_proxy::OriginProxy;
use amberglass_wire::SessionId;
use tauri::AppHandle;
#[cfg(not(target_os = "linux"))]
use tauri::Manager as _;

use crate::machine_policy::CopyingOut;

pub use bar::BAR;
#[cfg(not(target_os = "linux"))]
pub use child_view::hide_page;

/// Where the windows report to. May be called from any thread.
pub type EventSink = Arc<dyn Fn(HostEvent) + Send + Sync>;

/// Label of the session window.
const WINDOW: &str = "session";
/// Logical size at which the window opens, and the smallest it may become.
const SIZE: (f64, f64) = (1280.0, 840.0);
const MIN_SIZE: (f64, f64) = (700.0, 480.0);

#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("a session window is already open")]
    AlreadyOpen,
    #[error("the window could not be made: {0}")]
    Window(#[from] tauri::Error),
    #[error("the locked webview could not be made: {0}")]
    Portal(#[from] wry::Error),
    #[cfg(not(target_os = "linux"))]
    #[error("the frame can't be drawn over the page: {0}")]
    Overlay(String),
    #[cfg(target_os = "windows")]
    #[error("no folder for what the page leaves could be made: {0}")]
    Store(#[source] std::io::Error),
    #[cfg(not(target_os = "linux"))]
    #[error("the page can't be locked; what shows it (on Windows Microsoft Edge WebView2) may be too old: {0}")]
    LockDown(String),
    #[cfg(target_os = "linux")]
    #[error("the bar is not in its window")]
    NoBar,
    #[cfg(target_os = "linux")]
    #[error("what the page downloads can't be watched")]
    NoContext,
    #[cfg(target_os = "linux")]
    #[error("the page's content filter could not be made: {0}")]
    ContentFilter(String),
}

/// What holds for every session window of this run.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Keeps what is compiled for one session for those that follow.
    #[cfg_attr(target_os = "macos", allow(dead_code, reason = "nothing is compiled there"))]
    pub run_dir: PathBuf,
    /// The person's own, where files stay that they may keep.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "every file is refused there"))]
    pub downloads_dir: PathBuf,
    #[cfg_attr(target_os = "macos", allow(dead_code, reason = "nothing there sees the keys of the page"))]
    pub copying: CopyingOut,
}

struct OpenSession {
    session: SessionId,
    window: PlatformWindow,
    /// The page's only way out; dropped with the window.
    _proxy: OriginProxy,
}

thread_local! {
    /// One window at a time: by default a staff member has one session.
    static OPEN: RefCell<Option<OpenSession>> = const { RefCell::new(None) };
}

/// Opens the window under its curtain and starts loading the entry page.
pub fn open(app: &AppHandle, open: OpenWindow, proxy: OriginProxy, sink: EventSink, settled: &Settled) {
    let session = open.view.session.clone();
    let busy = OPEN.with_borrow(|open| open.is_some());
    let built = if busy {
        Err(WindowError::AlreadyOpen)
    } else {
        PlatformWindow::open(app, open, proxy.address(), Arc::clone(&sink), settled)
    };
    match built {
        Ok(window) => {
            OPEN.set(Some(OpenSession { session: session.clone(), window, _proxy: proxy }));
            sink(HostEvent::WindowOpened { session });
        }
        Err(error) => sink(HostEvent::WindowFailed { session, detail: error.to_string() }),
    }
}

fn with_open(session: &SessionId, work: impl FnOnce(&mut PlatformWindow)) {
    OPEN.with_borrow_mut(|open| {
        if let Some(open) = open.as_mut().filter(|open| open.session == *session) {
            work(&mut open.window);
        }
    });
}

pub fn present(view: &SessionWindowView) {
    with_open(&view.session, |window| window.present(view));
}

pub fn raise(session: &SessionId) {
    with_open(session, |window| window.raise());
}

pub fn reload_portal(session: &SessionId) {
    with_open(session, |window| window.reload_portal());
}

/// Only a path of the session's own origin; what the page itself may go to is judged and recorded as always.
pub fn show_page(session: &SessionId, path: &str) {
    with_open(session, |window| window.show_page(path));
}

/// As if somebody had opened its address: what a form has sent is not sent again.
pub fn show_again(session: &SessionId) {
    with_open(session, |window| {
        if let Some(path) = window.current_path() {
            window.show_page(&path);
        }
    });
}

/// Calls `work` once no page is to be seen: at once, or when a curtain stands on the screen. Never, if the window goes first.
#[cfg(target_os = "linux")]
pub fn when_covered(work: impl FnOnce() + 'static) {
    OPEN.with_borrow(|open| match open {
        Some(open) => open.window.when_covered(Box::new(work)),
        None => work(),
    });
}

/// The layer over the page is gone or takes no pixels: a page without its frame must not be seen, so the window goes.
#[cfg(not(target_os = "linux"))]
fn give_up(window: &tauri::Window, lock: &portal::Lock, detail: &str) {
    child_view::hide_for_good();
    (lock.sink)(HostEvent::WindowFailed { session: lock.session.clone(), detail: detail.to_owned() });
    let (app, session) = (window.app_handle().clone(), lock.session.clone());
    // Not from within: what failed may be on its way into the window that goes.
    tauri::async_runtime::spawn(async move { app.run_on_main_thread(move || close(&session)) });
}

/// Destroys the window, the webview and its store.
pub fn close(session: &SessionId) {
    let closing = OPEN.with_borrow_mut(|open| match open.as_ref() {
        Some(found) if found.session == *session => open.take(),
        Some(_) | None => None,
    });
    // Outside the borrow: destroying widgets runs handlers that may come back here.
    if let Some(closing) = closing {
        closing.window.close();
    }
}

#[cfg(test)]
mod tests {
    use amberglass_wire::audit::Attempt;

    /// No wildcard: an attempt that is new does not compile without a row.
    const fn row(attempt: Attempt) -> usize {
        match attempt {
            Attempt::Navigation => 0,
            Attempt::NewWindow => 1,
            Attempt::Download => 2,
            Attempt::Upload => 3,
            Attempt::Print => 4,
            Attempt::FullScreen => 5,
            Attempt::Permission => 6,
            Attempt::Notification => 7,
            Attempt::ScriptDialog => 8,
            Attempt::Authentication => 9,
            Attempt::InvalidCertificate => 10,
            Attempt::OtherOrigin => 11,
            Attempt::CloseWindow => 12,
            Attempt::ContextMenu => 13,
            Attempt::DeveloperTools => 14,
            Attempt::DragOut => 15,
            Attempt::Clipboard => 16,
        }
    }

    #[test]
    fn every_attempt_says_what_refuses_it_on_every_system() {
        let table = include_str!("lockdown.md");
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
            .map(|cells| cells.split(" | ").map(str::trim).collect())
            .collect();
        let [head, rule, attempts @ ..] = rows.as_slice() else { panic!("there is no table") };
        assert_eq!((head.len(), rule.len(), attempts.len()), (4, 4, 17));
        for (at, cells) in attempts.iter().enumerate() {
            assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
            let attempt: Attempt = serde_json::from_value(cells[0].into()).unwrap();
            assert_eq!(row(attempt), at, "{}", cells[0]);
        }
    }
}
