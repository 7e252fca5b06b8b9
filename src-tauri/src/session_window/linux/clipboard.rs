//! What goes from the page to the clipboard: what the person copies by key, unless this computer's settings refuse that too.
//! Nothing that the page writes by itself, and no selection.
//!
//! The engine has no switch for the older of the two ways in which a page can write (`execCommand` within a click), and
//! hands every selection to the desktop, also one that a script makes. It writes from this process, so what it wrote is
//! taken back as soon as the desktop says that the clipboard has changed hands. Wayland says less than X11: not whose it
//! is now, several times for one change, and again whenever the keyboard comes back to one of our windows.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_wire::audit::Attempt;
use gtk::{gdk, glib, prelude::*};

use crate::{machine_policy::CopyingOut, session_window::portal::Lock};

/// From the key to the engine's writing, which goes by way of the page's process.
const COPY_MILLIS: i64 = 1_000;

/// Types of what somebody may paste, and the bytes of each.
type Contents = Vec<(String, Vec<u8>)>;

/// Lives as long as its window.
pub struct ClipboardGuard {
    lock: Lock,
    copying: CopyingOut,
    /// Monotonic time until which one writing is the person's own.
    copied_until: Cell<i64>,
    /// What lies there by the person's own will, to know it when Wayland tells of it again.
    settled: RefCell<Option<Contents>>,
    watched: Vec<(gtk::Clipboard, Cell<Option<glib::SignalHandlerId>>)>,
}

impl ClipboardGuard {
    /// `somebody_elses` says whether another of our own pages may be what writes now.
    pub fn watch(lock: &Lock, copying: CopyingOut, somebody_elses: impl Fn() -> bool + 'static) -> Rc<Self> {
        let clipboards = [gdk::SELECTION_CLIPBOARD, gdk::SELECTION_PRIMARY];
        let guard = Rc::new(Self {
            lock: lock.clone(),
            copying,
            copied_until: Cell::new(i64::MIN),
            settled: RefCell::default(),
            watched: clipboards.iter().map(|kind| (gtk::Clipboard::get(kind), Cell::default())).collect(),
        });
        // The console's own words from before this window, if there are any.
        let clipboard = gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD);
        if on_wayland() && gdk::selection_owner_get(&gdk::SELECTION_CLIPBOARD).is_some() {
            guard.settle(contents(&clipboard));
        }
        let somebody_elses = Rc::new(somebody_elses);
        for (clipboard, handler) in &guard.watched {
            let (guard, somebody_elses) = (Rc::downgrade(&guard), Rc::clone(&somebody_elses));
            // The bindings lack this signal.
            let id = clipboard.connect_local("owner-change", false, move |values| {
                let clipboard = values.first().and_then(|value| value.get::<gtk::Clipboard>().ok())?;
                let event = values.get(1).and_then(|value| value.get::<gdk::Event>().ok())?;
                let change = event.downcast_ref::<gdk::EventOwnerChange>()?;
                let guard = guard.upgrade()?;
                if is_ours(change, &clipboard) {
                    guard.changed(&clipboard, somebody_elses());
                }
                None
            });
            handler.set(Some(id));
        }
        guard
    }

    /// The person pressed a key that copies or cuts, in the page. Whether the page must not get it.
    pub fn takes_copy_key(&self) -> bool {
        match self.copying {
            CopyingOut::Allow => {
                self.copied_until.set(SystemClock.monotonic_millis().saturating_add(COPY_MILLIS));
                false
            }
            CopyingOut::Refuse => {
                self.lock.refuse(Attempt::Clipboard, None);
                true
            }
        }
    }

    /// What lies there now is of this program: of another page of it, or else of the portal's.
    fn changed(&self, clipboard: &gtk::Clipboard, of_another_page: bool) {
        if clipboard.selection() == Some(gdk::SELECTION_PRIMARY) {
            // Selecting is no attempt at anything; it only stays where it is. A page can select also while another one of ours
            // has the keyboard, and the console loses nothing by it.
            clipboard.clear();
            return;
        }
        let now = if on_wayland() { contents(clipboard) } else { Contents::new() };
        if of_another_page || self.is_settled(&now) {
            self.settle(now);
        } else if SystemClock.monotonic_millis() > self.copied_until.replace(i64::MIN) {
            clipboard.clear();
            self.lock.refuse(Attempt::Clipboard, None);
        } else {
            self.settle(now);
        }
    }

    fn is_settled(&self, now: &Contents) -> bool {
        !now.is_empty() && self.settled.borrow().as_ref() == Some(now)
    }

    fn settle(&self, now: Contents) {
        *self.settled.borrow_mut() = Some(now);
    }
}

fn on_wayland() -> bool {
    gdk::Display::default().is_some_and(|display| display.backend().is_wayland())
}

/// Whether what has changed is now this program's.
fn is_ours(change: &gdk::EventOwnerChange, clipboard: &gtk::Clipboard) -> bool {
    if on_wayland() {
        return clipboard.selection().is_some_and(|kind| gdk::selection_owner_get(&kind).is_some());
    }
    // A window of another program is a foreign one here.
    change.owner().is_some_and(|owner| owner.window_type() != gdk::WindowType::Foreign)
}

/// Only of a clipboard that is ours: then it is at hand, and nobody is waited for.
fn contents(clipboard: &gtk::Clipboard) -> Contents {
    let targets = clipboard.wait_for_targets().unwrap_or_default();
    // The others are older names for the same, and questions about the clipboard itself.
    let types = targets.into_iter().map(|target| (target.name(), target)).filter(|(name, _)| name.contains('/'));
    types.filter_map(|(name, target)| Some((name.to_string(), clipboard.wait_for_contents(&target)?.data()))).collect()
}

impl Drop for ClipboardGuard {
    fn drop(&mut self) {
        for (clipboard, handler) in &self.watched {
            if let Some(handler) = handler.take() {
                clipboard.disconnect(handler);
            }
            // What the page has selected last, and nobody has told of yet.
            if clipboard.selection() == Some(gdk::SELECTION_PRIMARY) {
                clipboard.clear();
            }
        }
    }
}
