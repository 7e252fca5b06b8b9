//! The controller's `Host` over Tauri: snapshots go to the webviews as events, window work goes to the main thread.

use std::{
    io,
    path::Path,
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use amberglass_app::{
    Handle,
    host::{Host, HostError, HostEvent, Notice, OpenWindow, StartWithDesktopError, WantedFile},
    view::{ConsoleView, PreferencesView, SessionWindowView},
};
use amberglass_origin_proxy::OriginProxy;
use amberglass_wire::{SessionId, UnixMillis, audit::Attempt};
use tauri::{AppHandle, Emitter as _, Manager as _};

use crate::{
    appearance, browser, console_window, file_choice, notification::Notifications, session_window, start_with_desktop,
    surroundings, tray::Tray,
};

/// Label of the console's window and webview.
pub const CONSOLE: &str = "console";

pub struct TauriHost {
    app: AppHandle,
    controller: Arc<OnceLock<Handle>>,
    settled: session_window::Settled,
    /// The program is to start again once it has ended.
    restarts: Arc<AtomicBool>,
}

impl TauriHost {
    pub fn new(app: AppHandle, settled: session_window::Settled) -> Self {
        Self { app, controller: Arc::default(), settled, restarts: Arc::default() }
    }

    /// The controller starts with the host in hand, so it can only be named afterwards. The program ends with it, when
    /// everything of this run is on disk and closed.
    pub fn connect(&self, controller: Handle) {
        let _ = self.controller.set(controller.clone());
        let (app, restarts) = (self.app.clone(), Arc::clone(&self.restarts));
        tauri::async_runtime::spawn(async move {
            controller.closed().await;
            if restarts.load(Ordering::SeqCst) {
                app.manage(StartsAgain);
            }
            app.exit(0);
        });
    }

    /// Reports to the controller; the windows cannot exist before it.
    pub fn sink(&self) -> session_window::EventSink {
        let controller = Arc::clone(&self.controller);
        Arc::new(move |event| {
            if let Some(controller) = controller.get() {
                controller.host_event(event);
            }
        })
    }

    fn on_main(&self, work: impl FnOnce(&AppHandle) + Send + 'static) {
        let app = self.app.clone();
        if let Err(error) = self.app.run_on_main_thread(move || work(&app)) {
            tracing::error!(%error, "the window system is gone");
        }
    }
}

impl Host for TauriHost {
    fn show_view(&self, view: &ConsoleView) {
        if let Some(tray) = self.app.try_state::<Tray>() {
            tray.show(&self.app, view);
        }
        if let Err(error) = self.app.emit_to(CONSOLE, "console-view", view) {
            tracing::warn!(%error, "the console did not get its view");
        }
    }

    fn open_browser(&self, url: &str) -> Result<(), HostError> {
        browser::open(url)
    }

    fn open_session_window(&self, window: OpenWindow) {
        let (app, sink, settled) = (self.app.clone(), self.sink(), self.settled.clone());
        tauri::async_runtime::spawn(async move {
            let session = window.view.session.clone();
            let failed = |detail: String| HostEvent::WindowFailed { session: session.clone(), detail };
            let proxy = match start_proxy(&window, Arc::clone(&sink)).await {
                Ok(proxy) => proxy,
                Err(error) => return sink(failed(error.to_string())),
            };
            let main_sink = Arc::clone(&sink);
            let main_app = app.clone();
            let on_main = move || session_window::open(&main_app, window, proxy, main_sink, &settled);
            if let Err(error) = app.run_on_main_thread(on_main) {
                sink(failed(error.to_string()));
            }
        });
    }

    fn present(&self, view: &SessionWindowView) {
        if let Err(error) = self.app.emit_to(session_window::BAR, "bar-view", view) {
            tracing::warn!(%error, "the bar did not get its view");
        }
        let view = view.clone();
        self.on_main(move |_| session_window::present(&view));
    }

    fn raise_session_window(&self, session: &SessionId) {
        let session = session.clone();
        self.on_main(move |_| session_window::raise(&session));
    }

    fn close_session_window(&self, session: &SessionId) {
        let session = session.clone();
        self.on_main(move |_| session_window::close(&session));
    }

    fn raise_console(&self) {
        self.on_main(console_window::raise);
    }

    fn rest(&self) {
        self.on_main(console_window::rest);
    }

    fn apply_preferences(&self, preferences: &PreferencesView) {
        let preferences = *preferences;
        self.on_main(move |app| appearance::apply(app, &preferences));
    }

    fn set_starts_with_desktop(&self, starts: bool) -> Result<(), StartWithDesktopError> {
        start_with_desktop::set(&self.app, starts)
    }

    fn surroundings(&self) -> Vec<(&'static str, String)> {
        surroundings::of(&self.app)
    }

    fn restart(&self) {
        self.restarts.store(true, Ordering::SeqCst);
    }

    fn reload_portal(&self, session: &SessionId) {
        let session = session.clone();
        self.on_main(move |_| session_window::reload_portal(&session));
    }

    fn show_page(&self, session: &SessionId, path: &str) {
        let (session, path) = (session.clone(), path.to_owned());
        self.on_main(move |_| session_window::show_page(&session, &path));
    }

    fn show_again(&self, session: &SessionId) {
        let session = session.clone();
        self.on_main(move |_| session_window::show_again(&session));
    }

    fn notify(&self, notice: &Notice) {
        if let Some(notifications) = self.app.try_state::<Notifications>() {
            notifications.show(&self.app, notice);
        }
    }

    fn utc_offset_seconds(&self, at: UnixMillis) -> i32 {
        amberglass_system::utc_offset_seconds(at)
    }

    fn choose_file(&self, wanted: &WantedFile) {
        let (wanted, sink) = (wanted.clone(), self.sink());
        self.on_main(move |app| {
            let number = wanted.number;
            file_choice::ask(app, &wanted, move |file| sink(HostEvent::FileChosen { number, file }));
        });
    }
}

/// Kept by the program when it is to start again.
struct StartsAgain;

/// The last thing of a run, if it was asked for. Without the arguments of this start, which Tauri would hand on: they may be a
/// link that belongs to the server before, or keep the window in the tray.
pub fn start_again_if_asked(app: &AppHandle) {
    if app.try_state::<StartsAgain>().is_none() {
        return;
    }
    // While this one holds the name of the only console, the next would take itself for a second start. Tauri does the same
    // once more afterwards, and finds nothing left.
    app.cleanup_before_exit();
    let program = tauri::process::current_binary(&app.env());
    if let Err(error) = program.and_then(|program| start(&program)) {
        tracing::error!(%error, "the program could not start again");
    }
}

#[cfg(not(target_os = "macos"))]
fn start(program: &Path) -> io::Result<()> {
    Command::new(program).spawn().map(drop)
}

/// A bundle is the system's to start, so that the new program is nobody's child; anew, since this one still runs.
#[cfg(target_os = "macos")]
fn start(program: &Path) -> io::Result<()> {
    let is_bundled = program.parent().is_some_and(|folder| folder.ends_with("Contents/MacOS"));
    if let Some(bundle) = program.ancestors().nth(3).filter(|_| is_bundled) {
        match Command::new("/usr/bin/open").arg("-n").arg(bundle).stdin(std::process::Stdio::null()).status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => tracing::warn!(%status, "the system did not start the bundle"),
            Err(error) => tracing::warn!(%error, "the system was not asked to start the bundle"),
        }
    }
    Command::new(program).spawn().map(drop)
}

/// The page's only way out. What it refuses goes on record from a thread that may wait for the disk.
async fn start_proxy(
    window: &OpenWindow,
    sink: session_window::EventSink,
) -> Result<OriginProxy, amberglass_origin_proxy::OriginProxyError> {
    let recorder = Arc::clone(&window.recorder);
    let session = window.view.session.clone();
    OriginProxy::start(window.origin.clone(), move |refused| {
        let (recorder, sink, session) = (Arc::clone(&recorder), Arc::clone(&sink), session.clone());
        tauri::async_runtime::spawn_blocking(move || {
            recorder.refused(Attempt::OtherOrigin, Some(&refused.target));
            sink(HostEvent::Refused { session, attempt: Attempt::OtherOrigin, target: Some(refused.target) });
        });
    })
    .await
}
