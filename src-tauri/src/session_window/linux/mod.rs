//! Linux: GTK packs bar and portal into one column, and a drawing area lies over the portal.
//!
//! `lockdown` holds what WebKitGTK needs beyond `portal`, `surface` presents the overlay's pixels, `content_filter` is the
//! engine's own wall against other origins.

mod content_filter;
mod lockdown;
mod surface;

use std::{cell::RefCell, net::SocketAddr, path::Path, rc::Rc};

use amberglass_app::{
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use gtk::{glib, prelude::*};
use tauri::{AppHandle, Window, WindowEvent};
use wry::{WebView, WebViewBuilderExtUnix as _, WebViewExtUnix as _};

use self::surface::OverlaySurface;
use super::{EventSink, MIN_SIZE, SIZE, WINDOW, WindowError, bar, portal};

/// Thickness of the overlay's frame, in logical pixels.
const FRAME: i32 = 6;

pub struct PlatformWindow {
    window: Window,
    portal: Rc<RefCell<Portal>>,
    surface: OverlaySurface,
    /// The content filter's compiled form; deleted with the session.
    _folder: tempfile::TempDir,
}

/// The locked webview and all it takes to build it again after its web process died.
struct Portal {
    view: Option<WebView>,
    container: gtk::Box,
    lock: portal::Lock,
    open: OpenWindow,
    proxy: SocketAddr,
    filter_dir: std::path::PathBuf,
}

impl PlatformWindow {
    pub fn open(
        app: &AppHandle,
        open: OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        cache_dir: &Path,
    ) -> Result<Self, WindowError> {
        let folder = tempfile::Builder::new().prefix("session-").tempdir_in(cache_dir)?;
        let title = format!("{} · {}", open.view.customer_name, open.view.code);
        let window = tauri::window::WindowBuilder::new(app, WINDOW)
            .title(title)
            .inner_size(SIZE.0, SIZE.1)
            .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
            .center()
            .build()?;
        let built = Self::fill(window.clone(), open, proxy, sink, folder);
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
        folder: tempfile::TempDir,
    ) -> Result<Self, WindowError> {
        let bar = bar::add(&window)?;
        let column = window.default_vbox()?;
        keep_bar(&bar, &open, &sink)?;

        let layers = gtk::Overlay::new();
        let container = gtk::Box::new(gtk::Orientation::Vertical, 0);
        // Beside the frame, not under it: nothing of the page is hidden.
        for set in [
            gtk::Box::set_margin_top,
            gtk::Box::set_margin_bottom,
            gtk::Box::set_margin_start,
            gtk::Box::set_margin_end,
        ] {
            set(&container, FRAME);
        }
        layers.add(&container);
        let surface = OverlaySurface::new(&open.view, sink.clone());
        layers.add_overlay(surface.widget());
        layers.set_overlay_pass_through(surface.widget(), true);
        column.pack_start(&layers, true, true, 0);
        layers.show_all();

        let lock = portal::Lock::new(&open, sink.clone());
        lockdown::watch_input(&layers, &lock);
        lockdown::block_inspector_keys(&window.gtk_window()?);
        report_close(&window, &open, &sink);

        let portal = Portal { view: None, container, lock, open, proxy, filter_dir: folder.path().to_owned() };
        let portal = Rc::new(RefCell::new(portal));
        load(&portal)?;
        Ok(Self { window, portal, surface, _folder: folder })
    }

    pub fn present(&mut self, view: &SessionWindowView) {
        // A covered page must not get the keys that the person types at the curtain.
        self.portal.borrow().container.set_sensitive(view.curtain.is_none());
        self.surface.show(view);
    }

    pub fn raise(&self) {
        let _ = self.window.unminimize();
        let _ = self.window.show();
        let _ = self.window.set_focus();
    }

    pub fn reload_portal(&mut self) {
        if let Err(error) = load(&self.portal) {
            tracing::error!(%error, "the locked webview could not be built again");
        }
    }

    pub fn close(self) {
        let session = self.portal.borrow().lock.session.clone();
        let sink = self.portal.borrow().lock.sink.clone();
        self.surface.stop();
        // The view goes first, while its ephemeral store is the only thing that holds the session's cookie.
        self.portal.borrow_mut().view.take();
        if let Err(error) = self.window.destroy() {
            tracing::error!(%error, "the session window could not be destroyed");
        }
        sink(HostEvent::WindowClosed { session });
    }
}

/// Fixes the bar's height and brings it back when its web process dies; frame and countdown stay on meanwhile.
fn keep_bar(bar: &tauri::Webview, open: &OpenWindow, sink: &EventSink) -> Result<(), WindowError> {
    let (sink, session) = (sink.clone(), open.view.session.clone());
    let again = bar.clone();
    bar.with_webview(move |platform| {
        use webkit2gtk::WebViewExt as _;
        let view = platform.inner();
        if let Some(column) = view.parent().and_then(|parent| parent.downcast::<gtk::Box>().ok()) {
            column.set_child_packing(&view, false, true, 0, gtk::PackType::Start);
        }
        view.set_size_request(-1, bar::HEIGHT as i32);
        view.connect_web_process_terminated(move |_, _| {
            sink(HostEvent::BarCrashed { session: session.clone() });
            let again = again.clone();
            glib::idle_add_local_once(move || drop(again.reload()));
        });
    })?;
    Ok(())
}

/// Closing the window is asking for the end: the controller decides, and closes it.
fn report_close(window: &Window, open: &OpenWindow, sink: &EventSink) {
    let (sink, session) = (sink.clone(), open.view.session.clone());
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            sink(HostEvent::CloseRequested { session: session.clone() });
        }
    });
}

/// Builds the view, and loads the entry page once content filter and cookie are in place.
fn load(portal: &Rc<RefCell<Portal>>) -> Result<(), WindowError> {
    let mut parts = portal.borrow_mut();
    drop(parts.view.take());
    let view = portal::builder(&parts.lock, parts.proxy).build_gtk(&parts.container)?;
    let webkit = view.webview();
    lockdown::apply(&webkit, &parts.lock);
    let later = Rc::downgrade(portal);
    let sink = parts.lock.sink.clone();
    let session = parts.lock.session.clone();
    let filter_dir = parts.filter_dir.clone();
    let origin = parts.lock.origin.clone();
    parts.view = Some(view);
    drop(parts);
    content_filter::install(&webkit, &origin, &filter_dir, move |installed| {
        let entered = installed.and_then(|()| match later.upgrade() {
            Some(portal) => enter(&portal.borrow()),
            None => Ok(()),
        });
        if let Err(error) = entered {
            tracing::error!(%error, "the entry page was not loaded");
            sink(HostEvent::WindowFailed { session, detail: error.to_string() });
        }
    });
    Ok(())
}

fn enter(portal: &Portal) -> Result<(), WindowError> {
    if let Some(view) = &portal.view {
        view.set_cookie(&portal::session_cookie(&portal.open))?;
        view.load_url(&portal.open.entry_url)?;
    }
    Ok(())
}
