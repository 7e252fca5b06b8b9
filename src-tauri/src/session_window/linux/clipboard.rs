//! What goes from the page to the clipboard: what the person copies by key, unless this computer's settings refuse that too.
//! Nothing that the page writes by itself, and no selection.
//!
//! The engine has no switch for the older of the two ways in which a page can write (`execCommand` within a click), and
//! hands every selection to the desktop, also one that a script makes. It writes from this process, so what it wrote is
//! taken back as soon as the desktop says that the clipboard has changed hands.

use std::{cell::Cell, rc::Rc};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_wire::audit::Attempt;
use gtk::{gdk, glib, prelude::*};

use crate::{machine_policy::CopyingOut, session_window::portal::Lock};

/// From the key to the engine's writing, which goes by way of the page's process.
const COPY_MILLIS: i64 = 1_000;

/// Lives as long as its window.
pub struct ClipboardGuard {
    lock: Lock,
    copying: CopyingOut,
    /// Monotonic time until which one writing is the person's own.
    copied_until: Cell<i64>,
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
            watched: clipboards.iter().map(|kind| (gtk::Clipboard::get(kind), Cell::default())).collect(),
        });
        let somebody_elses = Rc::new(somebody_elses);
        for (clipboard, handler) in &guard.watched {
            let (guard, somebody_elses) = (Rc::downgrade(&guard), Rc::clone(&somebody_elses));
            // The bindings lack this signal.
            let id = clipboard.connect_local("owner-change", false, move |values| {
                let clipboard = values.first().and_then(|value| value.get::<gtk::Clipboard>().ok())?;
                let event = values.get(1).and_then(|value| value.get::<gdk::Event>().ok())?;
                let change = event.downcast_ref::<gdk::EventOwnerChange>()?;
                let guard = guard.upgrade()?;
                // A window of another program is a foreign one here.
                let ours = change.owner().is_some_and(|owner| owner.window_type() != gdk::WindowType::Foreign);
                if ours && !somebody_elses() {
                    guard.page_wrote(&clipboard);
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

    fn page_wrote(&self, clipboard: &gtk::Clipboard) {
        if clipboard.selection() == Some(gdk::SELECTION_PRIMARY) {
            // Selecting is no attempt at anything; it only stays where it is.
            clipboard.clear();
        } else if SystemClock.monotonic_millis() > self.copied_until.replace(i64::MIN) {
            clipboard.clear();
            self.lock.refuse(Attempt::Clipboard, None);
        }
    }
}

impl Drop for ClipboardGuard {
    fn drop(&mut self) {
        for (clipboard, handler) in &self.watched {
            if let Some(handler) = handler.take() {
                clipboard.disconnect(handler);
            }
        }
    }
}
