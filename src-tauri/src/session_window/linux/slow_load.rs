//! A page that takes long to load: the bar says so, and a key stops it.

use std::{cell::Cell, rc::Rc, time::Duration};

use amberglass_app::host::HostEvent;
use gtk::{glib, prelude::*};
use webkit2gtk::{LoadEvent, WebView, WebViewExt as _};

use crate::session_window::portal::Lock;

/// Nobody looks for a way out of a page before that.
const LONG: Duration = Duration::from_secs(5);

pub fn watch(view: &WebView, lock: &Lock) {
    let lock = lock.clone();
    // How many loads have begun, so that a wait knows its own; and whether the bar says that one takes long.
    let (begun, told) = (Rc::new(Cell::new(0_u64)), Rc::new(Cell::new(false)));
    view.connect_load_changed(move |view, event| {
        if event == LoadEvent::Started {
            let number = begun.get().wrapping_add(1);
            begun.set(number);
            let (view, lock) = (view.downgrade(), lock.clone());
            let (begun, told) = (Rc::clone(&begun), Rc::clone(&told));
            glib::timeout_add_local_once(LONG, move || {
                let loads = begun.get() == number && view.upgrade().is_some_and(|view| view.is_loading());
                if loads && !told.replace(true) {
                    tell(&lock, true);
                }
            });
        } else if event == LoadEvent::Finished && told.replace(false) {
            tell(&lock, false);
        }
    });
}

fn tell(lock: &Lock, still: bool) {
    (lock.sink)(HostEvent::PageLoading { session: lock.session.clone(), still });
}

/// Whether there was something to stop. What has come of the page stays.
pub fn stop(view: &WebView) -> bool {
    let loads = view.is_loading();
    if loads {
        view.stop_loading();
    }
    loads
}
