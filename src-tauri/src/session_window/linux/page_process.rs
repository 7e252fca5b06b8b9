//! The page's process: told when it dies and when it does not answer, ended when its page goes.

use std::{cell::Cell, rc::Rc, time::Duration};

use amberglass_app::host::HostEvent;
use gtk::{glib, prelude::*};
use webkit2gtk::{WebProcessTerminationReason, WebView, WebViewExt as _};

use crate::session_window::portal::Lock;

/// The engine says so when an input or a load has waited for three seconds. A page that is only heavy mostly comes back
/// soon after that, so it is not covered yet.
const GRACE: Duration = Duration::from_secs(2);

pub fn watch(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    view.connect_web_process_terminated(move |_, reason| {
        // By us: another page is on its way, or the window goes.
        if reason != WebProcessTerminationReason::TerminatedByApi {
            (told.sink)(HostEvent::PortalCrashed { session: told.session.clone() });
        }
    });
    let lock = lock.clone();
    let stuck = Rc::new(Cell::new(false));
    view.connect_is_web_process_responsive_notify(move |view| {
        if view.is_web_process_responsive() {
            if stuck.replace(false) {
                (lock.sink)(HostEvent::PageAnswers { session: lock.session.clone() });
            }
            return;
        }
        let (view, stuck, lock) = (view.downgrade(), Rc::clone(&stuck), lock.clone());
        glib::timeout_add_local_once(GRACE, move || {
            let still = view.upgrade().is_some_and(|view| !view.is_web_process_responsive());
            if still && !stuck.replace(true) {
                tracing::warn!("a page keeps its process busy and takes no input");
                (lock.sink)(HostEvent::PageStuck { session: lock.session.clone() });
            }
        });
    });
}

/// Whatever the page is doing, it does no more. A process that is only let go first finishes what it is at.
pub fn end(view: &WebView) {
    view.terminate_web_process();
}
