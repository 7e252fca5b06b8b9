//! The session window on Windows and macOS: bar and portal are its children, and the system's own overlay lies over the
//! portal. The amber background behind an inset portal is the frame until the overlay stands, and the curtain takes the portal
//! off the screen besides covering it.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
};

use amberglass_app::{
    Command, Handle,
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use amberglass_wire::{SessionId, audit::Attempt};
use tauri::{AppHandle, Manager as _, Window, WindowEvent, window::Color};
#[cfg(target_os = "macos")]
use wry::{DragDropEvent, PageLoadEvent, WebViewBuilderExtDarwin as _};
use wry::{
    Rect, WebView, WebViewBuilder,
    dpi::{LogicalPosition, LogicalSize, PhysicalSize},
};

#[cfg(target_os = "macos")]
use super::macos::{Overlay, keyboard, lockdown};
#[cfg(target_os = "windows")]
use super::windows::{Overlay, keyboard, lockdown, protocol, store};
#[cfg(target_os = "windows")]
use crate::machine_policy::CopyingOut;
#[cfg(target_os = "windows")]
use wry::{WebViewBuilderExtWindows as _, WebViewExtWindows as _};

use super::{EventSink, MIN_SIZE, SIZE, Settled, WINDOW, WindowError, bar, give_up, page_script, portal};

/// Logical pixels.
const FRAME: f64 = 6.0;
const LIVE: Color = Color(0xf5, 0x9e, 0x0b, 0xff);

thread_local! {
    /// The webview belongs to the main thread, window events do not carry it.
    static PORTAL: RefCell<Option<Rc<WebView>>> = const { RefCell::new(None) };
    #[cfg(target_os = "macos")]
    static LOCKED: RefCell<Option<lockdown::UiDelegate>> = const { RefCell::new(None) };
    static OVERLAY: RefCell<Option<Rc<Overlay>>> = const { RefCell::new(None) };
    static BAR: RefCell<Option<tauri::Webview>> = const { RefCell::new(None) };
    /// Logical pixels of the bar above it.
    static BAR_HEIGHT: Cell<u32> = const { Cell::new(0) };
    static HELD_BACK: Cell<HeldBack> = const { Cell::new(HeldBack::No) };
}

/// Whether the page stays off the screen even where the view has no curtain. What the controller shows is on its way for a
/// moment, and may have been decided before the page was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeldBack {
    No,
    /// Nobody can be at the screen. A curtain says that the controller covers the page from here on; only it lifts that.
    UntilCurtain,
    /// There is no frame any more, and the window goes.
    ForGood,
}

impl HeldBack {
    const fn until_curtain(self) -> Self {
        match self {
            Self::No | Self::UntilCurtain => Self::UntilCurtain,
            Self::ForGood => Self::ForGood,
        }
    }

    const fn under_curtain(self) -> Self {
        match self {
            Self::No | Self::UntilCurtain => Self::No,
            Self::ForGood => Self::ForGood,
        }
    }
}

pub struct PlatformWindow {
    window: Window,
    page: Page,
    overlay: Rc<Overlay>,
    bar: tauri::Webview,
    is_covered: bool,
}

/// The locked view and all it takes to build it again: a view that its page has closed, or whose processes are gone, shows nothing
/// any more.
struct Page {
    view: Option<Rc<WebView>>,
    lock: portal::Lock,
    open: OpenWindow,
    proxy: SocketAddr,
    settled: Settled,
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
        let built = Self::fill(window.clone(), open, proxy, sink, settled);
        if built.is_err() {
            let _ = window.destroy();
        }
        built
    }

    fn fill(
        window: Window,
        open: OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        settled: &Settled,
    ) -> Result<Self, WindowError> {
        HELD_BACK.set(HeldBack::No);
        let bar = bar::add(&window, &open.view)?;
        let lock = portal::Lock::new(&open, sink.clone());
        BAR_HEIGHT.set(bar::height(&open.view));
        let is_covered = open.view.curtain.is_some();
        let settled = settled.clone();
        let mut page = Page { view: None, lock, open, proxy, settled };
        let view = page.build(&window)?;
        view.set_visible(!is_covered)?;
        let overlay = Rc::new(Overlay::lay(&window, &page.open.view, &page.lock, BAR_HEIGHT.get())?);
        page.enter(view)?;
        OVERLAY.set(Some(Rc::clone(&overlay)));
        BAR.set(Some(bar.clone()));
        leave_bar_by_key(&bar);

        listen(&window, &bar, page.lock.session.clone(), sink);
        Ok(Self { window, page, overlay, bar, is_covered })
    }

    pub fn present(&mut self, view: &SessionWindowView) {
        if BAR_HEIGHT.replace(bar::height(view)) != bar::height(view)
            && let Ok(size) = self.window.inner_size()
        {
            arrange(&self.window, &self.bar, size);
        }
        bar::zoom(&self.bar, view);
        self.overlay.show(view);
        let was_covered = std::mem::replace(&mut self.is_covered, view.curtain.is_some());
        if self.is_covered {
            HELD_BACK.set(HELD_BACK.get().under_curtain());
        }
        let Some(portal) = &self.page.view else { return };
        let typed_in_page = keyboard::is_in(portal);
        let is_shown = !self.is_covered && HELD_BACK.get() == HeldBack::No;
        if let Err(error) = portal.set_visible(is_shown) {
            tracing::error!(%error, "the page could not be covered");
        }
        if was_covered && is_shown {
            let _ = portal.focus();
        } else if !was_covered && self.is_covered && typed_in_page {
            self.overlay.take_keyboard();
        }
    }

    pub fn raise(&self) {
        let _ = self.window.unminimize();
        let _ = self.window.show();
        let _ = self.window.set_focus();
    }

    /// Whatever has become of the view, the next one is new; under the curtain, until its first page stands.
    pub fn reload_portal(&mut self) {
        let built = self.page.build(&self.window).and_then(|view| {
            #[cfg(target_os = "macos")]
            self.overlay.lie_above();
            self.page.enter(view)
        });
        if let Err(error) = built {
            tracing::error!(%error, "the locked webview could not be built again");
            let detail = format!("the page could not be opened again: {error}");
            give_up(&self.window, &self.page.lock, &detail);
        }
    }

    pub fn show_page(&self, path: &str) {
        if let Some(view) = &self.page.view
            && let Some(address) = portal::own_address(&self.page.lock, &self.page.open.entry_url, path)
            && let Err(error) = view.load_url(address.as_str())
        {
            tracing::error!(%error, "the page was not loaded");
        }
    }

    pub fn current_path(&self) -> Option<String> {
        portal::path_of(&self.page.view.as_ref()?.url().ok()?)
    }

    pub fn close(self) {
        OVERLAY.set(None);
        BAR.set(None);
        let Self { window, mut page, overlay, bar, .. } = self;
        if let Some(view) = &page.view {
            let _ = view.clear_all_browsing_data();
        }
        // The page goes before its frame does.
        page.drop_view();
        drop(overlay);
        #[cfg(target_os = "macos")]
        LOCKED.set(None);
        drop(bar);
        if let Err(error) = window.destroy() {
            tracing::error!(%error, "the session window could not be destroyed");
        }
        HELD_BACK.set(HeldBack::No);
        (page.lock.sink)(HostEvent::WindowClosed { session: page.lock.session });
    }
}

impl Page {
    fn drop_view(&mut self) {
        PORTAL.set(None);
        self.view = None;
    }

    /// Locked, and not to be seen; the view before it is gone by then.
    fn build(&mut self, window: &Window) -> Result<WebView, WindowError> {
        self.drop_view();
        // Of each view only the first page lifts the curtain: what a page does afterwards must not.
        let awaited = Rc::new(Cell::new(true));
        let download = self.lock.clone();
        // No head of an answer can be read here, so that no file is known as one that the gateway has marked.
        let saves = move |address: String, _: &mut std::path::PathBuf| {
            download.refuse(Attempt::Download, Some(&address));
            false
        };
        let mut engine = Engine::new(&self.settled, self.proxy)?;
        let bounds = below_bar(window.inner_size()?, window.scale_factor()?, BAR_HEIGHT.get());
        let view = portal::builder(engine.plain_view(&self.lock, &awaited), &self.lock, self.proxy, saves)
            .with_bounds(bounds)
            .with_visible(false)
            .build_as_child(window)?;
        engine.lock(&view, &self.lock, &awaited)?;
        Ok(view)
    }

    /// Its cookie is there before the first request.
    fn enter(&mut self, view: WebView) -> Result<(), WindowError> {
        view.set_cookie(&portal::session_cookie(&self.open))?;
        view.load_url(&self.open.entry_url)?;
        let view = Rc::new(view);
        PORTAL.set(Some(Rc::clone(&view)));
        self.view = Some(view);
        Ok(())
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

pub fn focus_bar() {
    if let Some(bar) = BAR.with_borrow(Clone::clone)
        && let Err(error) = bar.set_focus()
    {
        tracing::warn!(%error, "the bar did not get the keyboard");
    }
}

/// To the curtain, or to the page below it.
#[cfg(target_os = "windows")]
fn focus_below_bar() {
    let covered = OVERLAY.with_borrow(Clone::clone).is_some_and(|overlay| overlay.take_keyboard());
    if !covered && let Some(portal) = PORTAL.with_borrow(Clone::clone) {
        let _ = portal.focus();
    }
}

fn leave_bar_by_key(bar: &tauri::Webview) {
    let asked = bar.with_webview(|platform| {
        #[cfg(target_os = "windows")]
        if let Err(error) = keyboard::watch(&platform.controller(), focus_below_bar) {
            tracing::warn!(%error, "the keyboard does not go from the bar to the curtain");
        }
        #[cfg(target_os = "macos")]
        if let Some((overlay, bar)) = OVERLAY.with_borrow(Clone::clone).zip(keyboard::view_at(platform.inner())) {
            overlay.follow_bar(bar);
        }
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the keyboard does not go from the bar to the curtain");
    }
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

/// Takes the page off the screen because nobody can be there. Before the controller is told so.
pub fn hide_page() {
    HELD_BACK.set(HELD_BACK.get().until_curtain());
    take_off_screen();
    // A curtain ends the holding back. Where one stands already the absence brings no new one, so it is shown once more;
    // where none stands, the absence brings it.
    if let Some(bar) = BAR.with_borrow(Clone::clone)
        && let Some(controller) = bar.try_state::<Handle>()
    {
        controller.command(Command::RefreshView {});
    }
}

/// Takes the page off the screen for as long as its window still stands.
pub fn hide_for_good() {
    HELD_BACK.set(HeldBack::ForGood);
    take_off_screen();
}

fn take_off_screen() {
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
    copying: CopyingOut,
    context: wry::WebContext,
    arguments: String,
}

#[cfg(target_os = "windows")]
impl Engine {
    fn new(settled: &Settled, proxy: SocketAddr) -> Result<Self, WindowError> {
        let store = store::make(&settled.run_dir).map_err(WindowError::Store)?;
        let context = wry::WebContext::new(Some(store.clone()));
        Ok(Self { store, copying: settled.copying, context, arguments: store::engine_arguments(proxy) })
    }

    fn plain_view(&mut self, _: &portal::Lock, _: &Rc<Cell<bool>>) -> WebViewBuilder<'_> {
        WebViewBuilder::new_with_web_context(&mut self.context)
            .with_additional_browser_args(self.arguments.clone())
            .with_initialization_script(page_script::KEPT_IN)
    }

    fn lock(self, view: &WebView, lock: &portal::Lock, awaited: &Rc<Cell<bool>>) -> Result<(), WindowError> {
        let outdated = |error: windows::core::Error| WindowError::LockDown(error.to_string());
        lockdown::apply(view, lock, awaited, self.copying).map_err(outdated)?;
        protocol::apply(view, lock).map_err(outdated)?;
        keyboard::watch(&view.controller(), focus_bar).map_err(outdated)?;
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
            .with_initialization_script_for_main_only(page_script::KEPT_IN, false)
            .with_initialization_script_for_main_only(page_script::NO_DRAGS, false)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curtain_ends_the_holding_back_unless_the_window_goes() {
        assert_eq!(HeldBack::No.until_curtain(), HeldBack::UntilCurtain);
        assert_eq!(HeldBack::UntilCurtain.until_curtain().under_curtain(), HeldBack::No);
        assert_eq!(HeldBack::ForGood.until_curtain().under_curtain(), HeldBack::ForGood);
    }
}
