//! What WebKitGTK lets a page do beyond the handlers that wry has: each is refused, recorded and told.

use std::cell::Cell;

use amberglass_app::host::HostEvent;
use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_wire::audit::Attempt;
use gtk::{gdk, gio, glib, prelude::*};
use webkit2gtk::{
    AuthenticationRequestExt as _, LoadEvent, PermissionRequestExt as _, PolicyDecisionExt as _, PolicyDecisionType,
    ResponsePolicyDecision, ResponsePolicyDecisionExt as _, SettingsExt as _, SnapshotOptions, SnapshotRegion,
    URIResponseExt as _, WebView, WebViewExt as _,
};

use crate::session_window::portal::Lock;

/// Header by which the gateway tells that the portal behind it did not answer.
const UNREACHABLE_HEADER: &str = "Amberglass-Portal";

pub fn apply(view: &WebView, lock: &Lock) {
    settings(view);
    refuse_device_doors(view, lock);
    refuse_prompts(view, lock);
    report_loading(view, lock);
}

fn settings(view: &WebView) {
    let Some(settings) = webkit2gtk::WebViewExt::settings(view) else { return };
    settings.set_enable_developer_extras(false);
    settings.set_enable_fullscreen(false);
    settings.set_enable_webrtc(false);
    settings.set_enable_media_stream(false);
    settings.set_enable_encrypted_media(false);
    settings.set_enable_dns_prefetching(false);
    settings.set_enable_hyperlink_auditing(false);
    settings.set_enable_page_cache(false);
    settings.set_enable_back_forward_navigation_gestures(false);
    settings.set_javascript_can_access_clipboard(false);
    settings.set_javascript_can_open_windows_automatically(false);
    settings.set_allow_modal_dialogs(false);
    settings.set_allow_file_access_from_file_urls(false);
    settings.set_allow_universal_access_from_file_urls(false);
    settings.set_allow_top_navigation_to_data_urls(false);
    settings.set_enable_write_console_messages_to_stdout(false);
}

/// Printer, file chooser, whole screen, permissions, notifications, context menu.
fn refuse_device_doors(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    view.connect_print(move |_, _| {
        told.refuse(Attempt::Print, None);
        true
    });
    let told = lock.clone();
    view.connect_run_file_chooser(move |_, request| {
        use webkit2gtk::FileChooserRequestExt as _;
        request.cancel();
        told.refuse(Attempt::Upload, None);
        true
    });
    // A colour dialog is a window of its own, which a page could open over the frame.
    view.connect_run_color_chooser(|_, request| {
        use webkit2gtk::ColorChooserRequestExt as _;
        request.cancel();
        true
    });
    let told = lock.clone();
    view.connect_enter_fullscreen(move |_| {
        told.refuse(Attempt::FullScreen, None);
        true
    });
    // wry's handler runs first and answers what it knows; whatever reaches this one is denied as well.
    let told = lock.clone();
    view.connect_permission_request(move |_, request| {
        request.deny();
        told.refuse(Attempt::Permission, None);
        true
    });
    let told = lock.clone();
    view.connect_show_notification(move |_, notification| {
        use webkit2gtk::NotificationExt as _;
        notification.close();
        told.refuse(Attempt::Notification, None);
        true
    });
    view.connect_context_menu(|_, _, _, _| true);
}

/// Script dialogs, sign-in prompts of the engine, wrong certificates.
fn refuse_prompts(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    view.connect_script_dialog(move |_, _| {
        // Handled without showing anything: the script gets the answer of a dialog that was dismissed.
        told.refuse(Attempt::ScriptDialog, None);
        true
    });
    let told = lock.clone();
    view.connect_authenticate(move |_, request| {
        request.cancel();
        told.refuse(Attempt::Authentication, None);
        true
    });
    let told = lock.clone();
    view.connect_load_failed_with_tls_errors(move |_, address, _, _| {
        told.refuse(Attempt::InvalidCertificate, Some(address));
        (told.sink)(HostEvent::PortalUnreachable { session: told.session.clone() });
        true
    });
}

/// Tells when a page stands, when the portal did not answer, and when the page is gone.
fn report_loading(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    let painted = Cell::new(false);
    view.connect_load_changed(move |view, event| {
        if event == LoadEvent::Finished && !painted.replace(true) {
            report_first_paint(view, &told);
        }
    });
    let told = lock.clone();
    view.connect_load_failed(move |_, _, address, error| {
        // A navigation that a handler refused, or that another one replaced, fails too; it leaves the page as it was.
        let harmless = error.matches(webkit2gtk::NetworkError::Cancelled)
            || error.matches(webkit2gtk::PolicyError::FrameLoadInterruptedByPolicyChange);
        if !harmless {
            tracing::warn!(%error, path = address.split('?').next(), "a page of the portal did not load");
            (told.sink)(HostEvent::PortalUnreachable { session: told.session.clone() });
        }
        // The engine's own error page would strand the person: the curtain says what to do.
        true
    });
    let told = lock.clone();
    view.connect_decide_policy(move |_, decision, kind| {
        if kind != PolicyDecisionType::Response {
            return false;
        }
        let Some(response) = decision.dynamic_cast_ref::<ResponsePolicyDecision>() else { return false };
        let unreachable = response.is_main_frame_main_resource()
            && response
                .response()
                .and_then(|response| response.http_headers())
                .is_some_and(|headers| headers.one(UNREACHABLE_HEADER).is_some());
        if unreachable {
            decision.ignore();
            (told.sink)(HostEvent::PortalUnreachable { session: told.session.clone() });
        }
        unreachable
    });
    let told = lock.clone();
    view.connect_web_process_terminated(move |_, _| {
        (told.sink)(HostEvent::PortalCrashed { session: told.session.clone() });
    });
    let told = lock.clone();
    view.connect_close(move |_| {
        told.refuse(Attempt::CloseWindow, None);
        (told.sink)(HostEvent::PortalCrashed { session: told.session.clone() });
    });
}

/// Loaded is not painted: the engine draws in another process. A snapshot makes it draw, and one frame after that it stands
/// on the screen; without this the curtain would lift on an empty page.
fn report_first_paint(view: &WebView, lock: &Lock) {
    let (sink, session, drawn) = (lock.sink.clone(), lock.session.clone(), view.clone());
    let options = SnapshotOptions::empty();
    view.snapshot(SnapshotRegion::Visible, options, gio::Cancellable::NONE, move |_| {
        let frames = Cell::new(0);
        drawn.queue_draw();
        drawn.add_tick_callback(move |_, _| {
            frames.set(frames.get() + 1);
            if frames.get() < 2 {
                return glib::ControlFlow::Continue;
            }
            sink(HostEvent::PortalPainted { session: session.clone() });
            glib::ControlFlow::Break
        });
    });
}

/// Keyboard and pointer input in the portal, seen by the host; what the page does by itself does not count.
pub fn watch_input(layers: &gtk::Overlay, lock: &Lock) {
    let told = lock.clone();
    let gate = OncePerSecond::default();
    layers.add_events(
        gdk::EventMask::KEY_PRESS_MASK | gdk::EventMask::BUTTON_PRESS_MASK | gdk::EventMask::POINTER_MOTION_MASK,
    );
    let seen = move || {
        if gate.passes(SystemClock.monotonic_millis()) {
            (told.sink)(HostEvent::InputSeen { session: told.session.clone() });
        }
    };
    layers.connect_event(move |_, event| {
        let input = matches!(
            event.event_type(),
            gdk::EventType::KeyPress
                | gdk::EventType::ButtonPress
                | gdk::EventType::MotionNotify
                | gdk::EventType::Scroll
        );
        if input {
            seen();
        }
        glib::Propagation::Proceed
    });
}

/// Lets through one call a second: pointer movement is a flood, idleness is counted in minutes.
#[derive(Default)]
struct OncePerSecond(Cell<i64>);

impl OncePerSecond {
    fn passes(&self, monotonic_millis: i64) -> bool {
        let due = monotonic_millis.saturating_sub(self.0.get()) >= 1000;
        if due {
            self.0.set(monotonic_millis);
        }
        due
    }
}

/// GTK's inspector can hide any widget, the overlay too.
pub fn block_inspector_keys(window: &gtk::ApplicationWindow) {
    window.connect_key_press_event(|_, event| {
        let held = event.state().contains(gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::SHIFT_MASK);
        let key = event.keyval().to_unicode().map(|key| key.to_ascii_lowercase());
        if held && matches!(key, Some('d' | 'i')) { glib::Propagation::Stop } else { glib::Propagation::Proceed }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_reported_at_most_once_a_second() {
        let gate = OncePerSecond::default();
        assert_eq!([1000, 1500, 1999, 2000, 2100].map(|at| gate.passes(at)), [true, false, false, true, false]);
    }
}
