//! Windows and macOS, plain for now: the amber frame is the window's own background around an inset portal, the countdown
//! stands in the bar, and the curtain takes the portal off the screen. There is no watermark yet.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
};

use amberglass_app::{
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use amberglass_wire::audit::Attempt;
use tauri::{AppHandle, Window, WindowEvent, window::Color};
use wry::{
    PageLoadEvent, Rect, WebView,
    dpi::{LogicalPosition, LogicalSize, PhysicalSize},
};

use super::{EventSink, MIN_SIZE, SIZE, Settled, WINDOW, WindowError, bar, portal};

/// Logical pixels.
const FRAME: f64 = 6.0;
const LIVE: Color = Color(0xf5, 0x9e, 0x0b, 0xff);

thread_local! {
    /// The webview belongs to the main thread, window events do not carry it.
    static PORTAL: RefCell<Option<Rc<WebView>>> = const { RefCell::new(None) };
    /// Logical pixels of the bar above it.
    static BAR_HEIGHT: Cell<u32> = const { Cell::new(0) };
}

pub struct PlatformWindow {
    window: Window,
    portal: Rc<WebView>,
    bar: tauri::Webview,
    lock: portal::Lock,
    entry_url: String,
}

impl PlatformWindow {
    pub fn open(
        app: &AppHandle,
        open: OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        _settled: &Settled,
    ) -> Result<Self, WindowError> {
        let window = tauri::window::WindowBuilder::new(app, WINDOW)
            .title(format!("{} · {}", open.view.customer_name, open.view.code))
            .inner_size(SIZE.0, SIZE.1)
            .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
            .center()
            .background_color(LIVE)
            .content_protected(true)
            .build()?;
        let built = Self::fill(window.clone(), &open, proxy, sink);
        if built.is_err() {
            let _ = window.destroy();
        }
        built
    }

    fn fill(window: Window, open: &OpenWindow, proxy: SocketAddr, sink: EventSink) -> Result<Self, WindowError> {
        let bar = bar::add(&window, &open.view)?;
        let lock = portal::Lock::new(open, sink.clone());
        let (loaded, download) = (lock.clone(), lock.clone());
        let size = window.inner_size()?;
        // No head of an answer can be read here, so that no file is known as one that the gateway has marked.
        let saves = move |address: String, _: &mut std::path::PathBuf| {
            download.refuse(Attempt::Download, Some(&address));
            false
        };
        let view = portal::builder(&lock, proxy, saves)
            .with_bounds(below_bar(size, window.scale_factor()?, bar::height(&open.view)))
            .with_on_page_load_handler(move |event, _| {
                if matches!(event, PageLoadEvent::Finished) {
                    (loaded.sink)(HostEvent::PortalPainted { session: loaded.session.clone() });
                }
            })
            .build_as_child(&window)?;
        view.set_visible(open.view.curtain.is_none())?;
        view.set_cookie(&portal::session_cookie(open))?;
        view.load_url(&open.entry_url)?;
        let portal = Rc::new(view);
        PORTAL.set(Some(Rc::clone(&portal)));
        BAR_HEIGHT.set(bar::height(&open.view));

        let session = open.view.session.clone();
        let resized = window.clone();
        let resized_bar = bar.clone();
        window.on_window_event(move |event| match event {
            WindowEvent::CloseRequested { api, .. } => {
                api.prevent_close();
                sink(HostEvent::CloseRequested { session: session.clone() });
            }
            WindowEvent::Resized(size) => arrange(&resized, &resized_bar, *size),
            _ => {}
        });
        Ok(Self { window, portal, bar, lock, entry_url: open.entry_url.clone() })
    }

    pub fn present(&mut self, view: &SessionWindowView) {
        if BAR_HEIGHT.replace(bar::height(view)) != bar::height(view)
            && let Ok(size) = self.window.inner_size()
        {
            arrange(&self.window, &self.bar, size);
        }
        bar::zoom(&self.bar, view);
        if let Err(error) = self.portal.set_visible(view.curtain.is_none()) {
            tracing::error!(%error, "the page could not be covered");
        }
    }

    pub fn raise(&self) {
        let _ = self.window.unminimize();
        let _ = self.window.show();
        let _ = self.window.set_focus();
    }

    pub fn reload_portal(&mut self) {
        if let Err(error) = self.portal.load_url(&self.entry_url) {
            tracing::error!(%error, "the entry page was not loaded");
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
        let Self { window, portal, bar, lock, .. } = self;
        let _ = portal.clear_all_browsing_data();
        drop(portal);
        drop(bar);
        if let Err(error) = window.destroy() {
            tracing::error!(%error, "the session window could not be destroyed");
        }
        (lock.sink)(HostEvent::WindowClosed { session: lock.session });
    }
}

/// Bar above, portal below.
fn arrange(window: &Window, bar: &tauri::Webview, size: PhysicalSize<u32>) {
    let scale = window.scale_factor().unwrap_or(1.0);
    let height = BAR_HEIGHT.get();
    let _ = bar.set_size(tauri::LogicalSize::new(size.to_logical::<f64>(scale).width, f64::from(height)));
    let bounds = below_bar(size, scale, height);
    PORTAL.with_borrow(|portal| portal.as_ref().map(|portal| portal.set_bounds(bounds)));
}

fn below_bar(size: PhysicalSize<u32>, scale: f64, bar: u32) -> Rect {
    let (size, bar) = (size.to_logical::<f64>(scale), f64::from(bar));
    Rect {
        position: LogicalPosition::new(FRAME, bar + FRAME).into(),
        size: LogicalSize::new((size.width - 2.0 * FRAME).max(1.0), (size.height - bar - 2.0 * FRAME).max(1.0)).into(),
    }
}
