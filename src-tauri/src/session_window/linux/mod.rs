//! Linux: GTK packs bar and portal into one column, and a drawing area lies over the portal.
//!
//! `lockdown` holds what WebKitGTK needs beyond `portal`, `surface` presents the overlay's pixels and `curtain_controls` what
//! can be pressed on them, `downloads` saves what the gateway has marked and refuses the rest, `content_filter` is the engine's own wall against other origins.

mod clipboard;
mod content_filter;
mod curtain_controls;
mod downloads;
mod engine_features;
mod input;
mod keyboard;
mod lockdown;
mod page_process;
mod slow_load;
mod surface;

use std::{cell::RefCell, net::SocketAddr, rc::Rc};

use amberglass_app::{
    host::{HostEvent, OpenWindow},
    view::SessionWindowView,
};
use amberglass_overlay::CurtainAction;
use amberglass_wire::audit::Attempt;
use gtk::{gdk, glib, prelude::*};
use tauri::{AppHandle, Window, WindowEvent};
use wry::{WebView, WebViewBuilder, WebViewBuilderExtUnix as _, WebViewExtUnix as _};

use self::{
    clipboard::ClipboardGuard, downloads::Downloads, input::InputWatch, keyboard::WindowKey, surface::OverlaySurface,
};
use super::{EventSink, MIN_SIZE, SIZE, Settled, WINDOW, WindowError, bar, picture::event_of, portal};

/// Thickness of the overlay's frame, in logical pixels.
const FRAME: i32 = 6;

pub struct PlatformWindow {
    window: Window,
    bar: Bar,
    portal: Rc<RefCell<Portal>>,
    surface: Rc<OverlaySurface>,
    /// Watches for as long as the window stands.
    _clipboard: Rc<ClipboardGuard>,
}

/// The bar's webview, and the widget that it is in the window's column.
#[derive(Clone)]
struct Bar {
    webview: tauri::Webview,
    widget: gtk::Widget,
}

/// The locked webview and all it takes to build it again after its web process died.
struct Portal {
    view: Option<WebView>,
    container: gtk::Box,
    lock: portal::Lock,
    open: OpenWindow,
    proxy: SocketAddr,
    input: InputWatch,
    filter_dir: std::path::PathBuf,
    downloads: Rc<Downloads>,
}

impl PlatformWindow {
    pub fn open(
        app: &AppHandle,
        open: OpenWindow,
        proxy: SocketAddr,
        sink: EventSink,
        settled: &Settled,
    ) -> Result<Self, WindowError> {
        let title = format!("{} · {}", open.view.customer_name, open.view.code);
        let window = tauri::window::WindowBuilder::new(app, WINDOW)
            .title(title)
            .inner_size(SIZE.0, SIZE.1)
            .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
            .center()
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
        let webview = bar::add(&window, &open.view)?;
        let column = window.default_vbox()?;
        let widget = column.children().pop().ok_or(WindowError::NoBar)?;
        let bar = Bar { webview, widget };
        keep_bar(&bar, &column, &open, &sink)?;

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
        container.set_sensitive(open.view.curtain.is_none());
        layers.add(&container);
        column.pack_start(&layers, true, true, 0);
        let lock = portal::Lock::new(&open, sink.clone());
        let surface = Rc::new(OverlaySurface::new(&layers, &open.view, &lock));
        layers.show_all();

        let input = InputWatch::new(sink.clone(), lock.session.clone());
        input.keys_of(&window.gtk_window()?);
        input.pointer_over(surface.area());
        input.pointer_over(&bar.widget);
        report_close(&window, &open, &sink);

        let clipboard = guard_clipboard(&window, &bar, &lock, settled)?;
        let filter_dir = settled.run_dir.clone();
        let downloads = Downloads::new(&lock, &settled.run_dir, &settled.downloads_dir, &open.view.code);
        let portal = Portal { view: None, container, lock, open, proxy, input, filter_dir, downloads };
        let portal = Rc::new(RefCell::new(portal));
        listen(&window, &bar, &surface, &portal, &clipboard)?;
        load(&portal)?;
        Ok(Self { window, bar, portal, surface, _clipboard: clipboard })
    }

    pub fn present(&mut self, view: &SessionWindowView) {
        self.bar.widget.set_size_request(-1, bar_height(view));
        bar::zoom(&self.bar.webview, view);
        // A covered page must not get the keys that the person types at the curtain.
        self.portal.borrow().container.set_sensitive(view.curtain.is_none());
        if self.surface.show(view, self.bar.widget.is_focus()) {
            self.portal.borrow().focus();
        }
    }

    pub fn when_covered(&self, work: Box<dyn FnOnce()>) {
        self.surface.when_covered(work);
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

    pub fn show_page(&self, path: &str) {
        let portal = self.portal.borrow();
        let address = portal::own_address(&portal.lock, &portal.open.entry_url, path);
        if let (Some(view), Some(address)) = (&portal.view, address)
            && let Err(error) = view.load_url(address.as_str())
        {
            tracing::error!(%error, "the page was not loaded");
        }
    }

    pub fn current_path(&self) -> Option<String> {
        portal::path_of(&self.portal.borrow().view.as_ref()?.url().ok()?)
    }

    pub fn close(self) {
        let session = self.portal.borrow().lock.session.clone();
        let sink = self.portal.borrow().lock.sink.clone();
        self.surface.stop();
        self.portal.borrow().downloads.stop();
        // The view goes first, while its ephemeral store is the only thing that holds the session's cookie.
        self.portal.borrow_mut().drop_view();
        if let Err(error) = self.window.destroy() {
            tracing::error!(%error, "the session window could not be destroyed");
        }
        sink(HostEvent::WindowClosed { session });
    }
}

impl Portal {
    fn drop_view(&mut self) {
        if let Some(view) = self.view.take() {
            page_process::end(&view.webview());
        }
    }

    fn stop_loading(&self) -> bool {
        self.view.as_ref().is_some_and(|view| slow_load::stop(&view.webview()))
    }

    fn focus(&self) {
        if let Some(view) = &self.view {
            view.webview().grab_focus();
        }
    }
}

/// The window's own keys, which work wherever the keyboard is.
fn listen(
    window: &Window,
    bar: &Bar,
    surface: &Rc<OverlaySurface>,
    portal: &Rc<RefCell<Portal>>,
    clipboard: &Rc<ClipboardGuard>,
) -> Result<(), WindowError> {
    let (bar, surface, portal) = (bar.clone(), Rc::downgrade(surface), Rc::downgrade(portal));
    let clipboard = Rc::downgrade(clipboard);
    keyboard::listen(&window.gtk_window()?, move |key| {
        let (Some(surface), Some(portal)) = (surface.upgrade(), portal.upgrade()) else { return false };
        let in_bar = bar.widget.is_focus();
        match key {
            WindowKey::OtherPart if in_bar => {
                if !surface.focus_curtain() {
                    portal.borrow().focus();
                }
            }
            WindowKey::OtherPart => bar.widget.grab_focus(),
            WindowKey::Inspector => portal.borrow().lock.refuse(Attempt::DeveloperTools, None),
            WindowKey::EndButton => {
                bar.widget.grab_focus();
                bar::focus_end(&bar.webview);
            }
            // As in any browser; a page that has come to rest has uses of its own for it.
            WindowKey::Leave if !in_bar && !surface.covers() => return portal.borrow().stop_loading(),
            // The page and the bar have uses of their own for these.
            WindowKey::Copy => {
                let in_page = !in_bar && !surface.covers();
                return in_page && clipboard.upgrade().is_some_and(|clipboard| clipboard.takes_copy_key());
            }
            WindowKey::Next | WindowKey::Previous | WindowKey::Leave if in_bar || !surface.covers() => return false,
            WindowKey::Next | WindowKey::Previous => {
                if !surface.step(key == WindowKey::Next) {
                    bar.widget.grab_focus();
                }
            }
            WindowKey::Leave if surface.offers(CurtainAction::CloseWindow) => {
                let lock = portal.borrow().lock.clone();
                (lock.sink)(event_of(CurtainAction::CloseWindow, &lock.session));
            }
            WindowKey::Leave => bar.widget.grab_focus(),
        }
        true
    });
    Ok(())
}

/// The bar and the console may write to the clipboard, on the person's word alone; whoever has the keyboard is who writes.
fn guard_clipboard(
    window: &Window,
    bar: &Bar,
    lock: &portal::Lock,
    settled: &Settled,
) -> Result<Rc<ClipboardGuard>, WindowError> {
    let (own, bar) = (window.gtk_window()?.upcast::<gtk::Window>(), bar.widget.clone());
    Ok(ClipboardGuard::watch(lock, settled.copying, move || {
        let active = gtk::Window::list_toplevels()
            .into_iter()
            .filter_map(|window| window.downcast::<gtk::Window>().ok())
            .find(gtk::Window::is_active);
        active.is_some_and(|active| active != own || bar.is_focus())
    }))
}

/// How much larger than usual the desktop wants text. The engine draws the bar's page, letters and all, by as much larger.
fn desktop_text_scale() -> f64 {
    const USUAL_DPI: f64 = 96.0;
    let dpi = gdk::Screen::default().map_or(USUAL_DPI, |screen| screen.resolution());
    // Below zero where nobody has said it.
    if dpi > 0.0 { dpi / USUAL_DPI } else { 1.0 }
}

/// In GTK's pixels.
fn bar_height(view: &SessionWindowView) -> i32 {
    (f64::from(bar::height(view)) * desktop_text_scale()).ceil() as i32
}

/// Fixes the bar's height and brings it back when its web process dies; frame and countdown stay on meanwhile.
fn keep_bar(bar: &Bar, column: &gtk::Box, open: &OpenWindow, sink: &EventSink) -> Result<(), WindowError> {
    column.set_child_packing(&bar.widget, false, true, 0, gtk::PackType::Start);
    bar.widget.set_size_request(-1, bar_height(&open.view));
    let (sink, session) = (sink.clone(), open.view.session.clone());
    let again = bar.webview.clone();
    bar.webview.with_webview(move |platform| {
        use webkit2gtk::WebViewExt as _;
        platform.inner().connect_web_process_terminated(move |_, _| {
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
    parts.drop_view();
    let view = portal::builder(WebViewBuilder::new(), &parts.lock, parts.proxy, parts.downloads.decider())
        .build_gtk(&parts.container)?;
    let webkit = view.webview();
    parts.downloads.watch(&webkit)?;
    lockdown::apply(&webkit, &parts.lock);
    parts.input.pointer_over(&webkit);
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
            // Not from within: what failed may be on its way into the window that goes.
            glib::idle_add_local_once(move || {
                sink(HostEvent::WindowFailed { session: session.clone(), detail: error.to_string() });
                crate::session_window::close(&session);
            });
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
