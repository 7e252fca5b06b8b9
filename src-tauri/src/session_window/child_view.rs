//! The session window on Windows and macOS: bar and portal are its children, and the system's own overlay lies over the
//! portal. The amber background behind an inset portal is the frame until the overlay stands, and the curtain takes the portal
//! off the screen besides covering it.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
};

use amberglass_app::{
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use amberglass_wire::{SessionId, audit::Attempt};
use tauri::{AppHandle, Window, WindowEvent, window::Color};
#[cfg(target_os = "macos")]
use wry::{DragDropEvent, PageLoadEvent, WebViewBuilderExtDarwin as _};
use wry::{
    Rect, WebView, WebViewBuilder,
    dpi::{LogicalPosition, LogicalSize, PhysicalSize},
};

#[cfg(target_os = "macos")]
use super::macos::{Overlay, lockdown};
#[cfg(target_os = "windows")]
use super::windows::{Overlay, lockdown, store};
#[cfg(target_os = "windows")]
use wry::WebViewBuilderExtWindows as _;

use super::{EventSink, MIN_SIZE, SIZE, Settled, WINDOW, WindowError, bar, give_up, portal};

/// Logical pixels.
const FRAME: f64 = 6.0;
const LIVE: Color = Color(0xf5, 0x9e, 0x0b, 0xff);

thread_local! {
    /// The webview belongs to the main thread, window events do not carry it.
    static PORTAL: RefCell<Option<Rc<WebView>>> = const { RefCell::new(None) };
    #[cfg(target_os = "macos")]
    static LOCKED: RefCell<Option<lockdown::UiDelegate>> = const { RefCell::new(None) };
    static OVERLAY: RefCell<Option<Rc<Overlay>>> = const { RefCell::new(None) };
    /// Logical pixels of the bar above it.
    static BAR_HEIGHT: Cell<u32> = const { Cell::new(0) };
}

pub struct PlatformWindow {
    window: Window,
    portal: Rc<WebView>,
    overlay: Rc<Overlay>,
    bar: tauri::Webview,
    lock: portal::Lock,
    entry_url: String,
    awaited: Rc<Cell<bool>>,
    is_covered: bool,
}

impl PlatformWindow {
    pub fn open(
        app: &AppHandle,
        open: OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        settled: &Settled,
    ) -> Result<Self, WindowError> {
        let window = tauri::window::WindowBuilder::new(app, WINDOW)
            .title(format!("{} · {}", open.view.customer_name, open.view.code))
            .inner_size(SIZE.0, SIZE.1)
            .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
            .center()
            .background_color(LIVE)
            .content_protected(true)
            .build()?;
        let built = Self::fill(window.clone(), &open, proxy, sink, settled);
        if built.is_err() {
            let _ = window.destroy();
        }
        built
    }

    fn fill(
        window: Window,
        open: &OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        settled: &Settled,
    ) -> Result<Self, WindowError> {
        let bar = bar::add(&window, &open.view)?;
        let lock = portal::Lock::new(open, sink.clone());
        let download = lock.clone();
        // Of each view only the first page lifts the curtain: what a page does afterwards must not.
        let awaited = Rc::new(Cell::new(true));
        let size = window.inner_size()?;
        // No head of an answer can be read here, so that no file is known as one that the gateway has marked.
        let saves = move |address: String, _: &mut std::path::PathBuf| {
            download.refuse(Attempt::Download, Some(&address));
            false
        };
        let mut engine = Engine::new(settled, proxy)?;
        let view = portal::builder(engine.plain_view(&lock, &awaited), &lock, proxy, saves)
            .with_bounds(below_bar(size, window.scale_factor()?, bar::height(&open.view)))
            .build_as_child(&window)?;
        engine.lock(&view, &lock, &awaited)?;
        view.set_visible(open.view.curtain.is_none())?;
        let overlay = Rc::new(Overlay::lay(&window, &open.view, &lock, bar::height(&open.view))?);
        view.set_cookie(&portal::session_cookie(open))?;
        view.load_url(&open.entry_url)?;
        let portal = Rc::new(view);
        PORTAL.set(Some(Rc::clone(&portal)));
        OVERLAY.set(Some(Rc::clone(&overlay)));
        BAR_HEIGHT.set(bar::height(&open.view));

        listen(&window, &bar, open.view.session.clone(), sink);
        Ok(Self {
            window,
            portal,
            overlay,
            bar,
            lock,
            entry_url: open.entry_url.clone(),
            awaited,
            is_covered: open.view.curtain.is_some(),
        })
    }

    pub fn present(&mut self, view: &SessionWindowView) {
        if BAR_HEIGHT.replace(bar::height(view)) != bar::height(view)
            && let Ok(size) = self.window.inner_size()
        {
            arrange(&self.window, &self.bar, size);
        }
        bar::zoom(&self.bar, view);
        self.overlay.show(view);
        if let Err(error) = self.portal.set_visible(view.curtain.is_none()) {
            tracing::error!(%error, "the page could not be covered");
        }
        let was_covered = std::mem::replace(&mut self.is_covered, view.curtain.is_some());
        if was_covered && !self.is_covered {
            let _ = self.portal.focus();
        }
    }

    pub fn raise(&self) {
        let _ = self.window.unminimize();
        let _ = self.window.show();
        let _ = self.window.set_focus();
    }

    pub fn reload_portal(&mut self) {
        self.awaited.set(true);
        if let Err(error) = self.portal.load_url(&self.entry_url) {
            tracing::error!(%error, "the entry page was not loaded");
            // On Windows a view that its page has closed shows nothing any more.
            give_up(&self.window, &self.lock, "the page's view is gone");
        }
    }

    pub fn show_page(&self, path: &str) {
        if let Some(address) = portal::own_address(&self.lock, &self.entry_url, path)
            && let Err(error) = self.portal.load_url(address.as_str())
        {
            tracing::error!(%error, "the page was not loaded");
        }
    }

    pub fn current_path(&self) -> Option<String> {
        portal::path_of(&self.portal.url().ok()?)
    }

    pub fn close(self) {
        PORTAL.set(None);
        OVERLAY.set(None);
        let Self { window, portal, overlay, bar, lock, .. } = self;
        let _ = portal.clear_all_browsing_data();
        // The page goes before its frame does.
        drop(portal);
        drop(overlay);
        #[cfg(target_os = "macos")]
        LOCKED.set(None);
        drop(bar);
        if let Err(error) = window.destroy() {
            tracing::error!(%error, "the session window could not be destroyed");
        }
        (lock.sink)(HostEvent::WindowClosed { session: lock.session });
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign enum that may grow; nothing else of it concerns the window"
)]
fn listen(window: &Window, bar: &tauri::Webview, session: SessionId, sink: EventSink) {
    let (resized, bar) = (window.clone(), bar.clone());
    window.on_window_event(move |event| match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            sink(HostEvent::CloseRequested { session: session.clone() });
        }
        WindowEvent::Resized(size) => arrange(&resized, &bar, *size),
        WindowEvent::ScaleFactorChanged { new_inner_size, .. } => arrange(&resized, &bar, *new_inner_size),
        WindowEvent::Moved(_) => {
            #[cfg(target_os = "windows")]
            PORTAL.with_borrow(|portal| portal.as_deref().map(super::windows::moved));
            place_overlay();
        }
        _ => {}
    });
}

/// Bar above, portal below.
fn arrange(window: &Window, bar: &tauri::Webview, size: PhysicalSize<u32>) {
    let scale = window.scale_factor().unwrap_or(1.0);
    let height = BAR_HEIGHT.get();
    let _ = bar.set_size(tauri::LogicalSize::new(size.to_logical::<f64>(scale).width, f64::from(height)));
    let bounds = below_bar(size, scale, height);
    PORTAL.with_borrow(|portal| portal.as_ref().map(|portal| portal.set_bounds(bounds)));
    place_overlay();
}

/// Takes the page off the screen, whatever becomes of its window.
pub fn hide_page() {
    if let Some(portal) = PORTAL.with_borrow(Clone::clone)
        && let Err(error) = portal.set_visible(false)
    {
        tracing::error!(%error, "the page could not be hidden");
    }
}

/// The overlay follows the window.
fn place_overlay() {
    if let Some(overlay) = OVERLAY.with_borrow(Clone::clone) {
        overlay.place(BAR_HEIGHT.get());
    }
}

fn below_bar(size: PhysicalSize<u32>, scale: f64, bar: u32) -> Rect {
    let (size, bar) = (size.to_logical::<f64>(scale), f64::from(bar));
    Rect {
        position: LogicalPosition::new(FRAME, bar + FRAME).into(),
        size: LogicalSize::new((size.width - 2.0 * FRAME).max(1.0), (size.height - bar - 2.0 * FRAME).max(1.0)).into(),
    }
}

/// What the system's engine needs beyond what every view gets.
#[cfg(target_os = "windows")]
struct Engine {
    store: std::path::PathBuf,
    context: wry::WebContext,
    arguments: String,
}

#[cfg(target_os = "windows")]
impl Engine {
    fn new(settled: &Settled, proxy: SocketAddr) -> Result<Self, WindowError> {
        let store = store::make(&settled.run_dir).map_err(WindowError::Store)?;
        let context = wry::WebContext::new(Some(store.clone()));
        Ok(Self { store, context, arguments: store::engine_arguments(proxy) })
    }

    fn plain_view(&mut self, _: &portal::Lock, _: &Rc<Cell<bool>>) -> WebViewBuilder<'_> {
        WebViewBuilder::new_with_web_context(&mut self.context)
            .with_additional_browser_args(self.arguments.clone())
            .with_initialization_script(lockdown::NO_PRINT)
    }

    fn lock(self, view: &WebView, lock: &portal::Lock, awaited: &Rc<Cell<bool>>) -> Result<(), WindowError> {
        let outdated = |error: windows::core::Error| WindowError::LockDown(error.to_string());
        lockdown::apply(view, lock, awaited).map_err(outdated)?;
        store::forget_afterwards(view, self.store).map_err(outdated)
    }
}

/// WKWebView keeps nothing of a view that is not persistent.
#[cfg(target_os = "macos")]
struct Engine;

#[cfg(target_os = "macos")]
impl Engine {
    #[allow(clippy::unnecessary_wraps, reason = "on Windows it can fail")]
    fn new(_: &Settled, _: SocketAddr) -> Result<Self, WindowError> {
        Ok(Self)
    }

    #[allow(clippy::unused_self, reason = "on Windows it is used")]
    fn plain_view(&mut self, lock: &portal::Lock, awaited: &Rc<Cell<bool>>) -> WebViewBuilder<'static> {
        let (loaded, dropped, ended, awaited) = (lock.clone(), lock.clone(), lock.clone(), Rc::clone(awaited));
        WebViewBuilder::new()
            .with_on_page_load_handler(move |event, _| {
                if matches!(event, PageLoadEvent::Finished) && awaited.take() {
                    (loaded.sink)(HostEvent::PortalPainted { session: loaded.session.clone() });
                }
            })
            // Files from elsewhere on the desktop.
            .with_drag_drop_handler(move |event| {
                if matches!(event, DragDropEvent::Drop { .. }) {
                    dropped.refuse(Attempt::Upload, None);
                }
                true
            })
            .with_on_web_content_process_terminate_handler(move || {
                (ended.sink)(HostEvent::PortalCrashed { session: ended.session.clone() });
            })
    }

    fn lock(self, view: &WebView, lock: &portal::Lock, _: &Rc<Cell<bool>>) -> Result<(), WindowError> {
        let delegate = lockdown::apply(view, lock);
        LOCKED.set(Some(delegate.ok_or_else(|| WindowError::LockDown("this is not the main thread".to_owned()))?));
        Ok(())
    }
}
