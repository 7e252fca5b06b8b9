//! What WebKitGTK lets a page do beyond the handlers that wry has: each is refused, recorded and told.

use std::{cell::Cell, rc::Rc};

use amberglass_app::host::HostEvent;
use amberglass_wire::audit::Attempt;
use gtk::{gio, glib, prelude::*};
use webkit2gtk::{
    AuthenticationRequestExt as _, LoadEvent, PermissionRequestExt as _, PolicyDecisionExt as _, PolicyDecisionType,
    ResponsePolicyDecision, ResponsePolicyDecisionExt as _, ScriptDialogType, SettingsExt as _, SnapshotOptions,
    SnapshotRegion, TLSErrorsPolicy, URIResponseExt as _, WebContextExt as _, WebView, WebViewExt as _,
    WebsiteDataManagerExt as _,
};

use super::{engine_features, page_process, slow_load};
use crate::session_window::portal::Lock;

/// Header by which the gateway tells that the portal behind it did not answer.
const UNREACHABLE_HEADER: &str = "Amberglass-Portal";
/// Beside it: under what the server's log has that.
const REFERENCE_HEADER: &str = "Amberglass-Reference";

pub fn apply(view: &WebView, lock: &Lock) {
    settings(view);
    refuse_device_doors(view, lock);
    refuse_drags(view, lock);
    refuse_prompts(view, lock);
    say_sandbox(view);
    report_loading(view, lock);
    page_process::watch(view, lock);
    slow_load::watch(view, lock);
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
    engine_features::switch_off(&settings);
}

/// Said once for each session: with its sandbox the engine keeps a page that has taken its web process over from the rest
/// of the machine.
fn say_sandbox(view: &WebView) {
    let sandboxed = view.context().is_some_and(|context| context.is_sandbox_enabled());
    tracing::info!(sandboxed, "the portal's web process is about to start");
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
    let told = lock.clone();
    view.connect_run_color_chooser(move |_, request| {
        use webkit2gtk::ColorChooserRequestExt as _;
        request.cancel();
        told.refuse(Attempt::ScriptDialog, Some("colour"));
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
    let told = lock.clone();
    view.connect_context_menu(move |_, _, _, _| {
        told.refuse(Attempt::ContextMenu, None);
        true
    });
}

/// Text, links and pictures stay in the page: whatever takes them would have them beside the record.
fn refuse_drags(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    view.connect_drag_begin(move |_, context| {
        told.refuse(Attempt::DragOut, None);
        // Not from within: GTK is still setting it up.
        let context = context.clone();
        glib::idle_add_local_once(move || context.drag_cancel());
    });
    // Until then nobody gets a word of it.
    view.connect_drag_data_get(|view, _, _, _, _| view.stop_signal_emission_by_name("drag-data-get"));
}

/// Script dialogs, sign-in prompts of the engine, wrong certificates.
fn refuse_prompts(view: &WebView, lock: &Lock) {
    let told = lock.clone();
    view.connect_script_dialog(move |_, dialog| {
        // Asked whether to leave a page, a person would have to stay where the page wants them.
        if dialog.dialog_type() == ScriptDialogType::BeforeUnloadConfirm {
            dialog.confirm_set_confirmed(true);
        }
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
    // As the engine does anyway, unless somebody has told it otherwise.
    if let Some(store) = view.context().and_then(|context| context.website_data_manager()) {
        store.set_tls_errors_policy(TLSErrorsPolicy::Fail);
    }
    let told = lock.clone();
    view.connect_load_failed_with_tls_errors(move |_, address, _, _| {
        told.refuse(Attempt::InvalidCertificate, Some(address));
        // Nobody is asked whether to go on all the same.
        (told.sink)(HostEvent::CertificateRefused { session: told.session.clone() });
        true
    });
}

/// What is known of the page until the first one has been told of.
#[derive(Default)]
struct FirstPage {
    /// What fails is finished, too, and leaves an empty page that nobody has to see.
    stands: Cell<bool>,
    /// One stood when the engine began to load another.
    stood: Cell<bool>,
    told: Cell<bool>,
}

/// Tells when a page stands, when the portal did not answer, and when the page wants to go.
fn report_loading(view: &WebView, lock: &Lock) {
    let page = Rc::new(FirstPage::default());
    let dying = Rc::clone(&page);
    view.connect_web_process_terminated(move |_, _| dying.stands.set(false));
    let (told, loading) = (lock.clone(), Rc::clone(&page));
    view.connect_load_changed(move |view, event| {
        if event == LoadEvent::Started {
            loading.stood.set(loading.stands.replace(false));
        } else if event == LoadEvent::Committed {
            loading.stands.set(true);
        } else if event == LoadEvent::Finished && loading.stands.get() && !loading.told.replace(true) {
            report_first_paint(view, &told, &loading);
        }
    });
    let (told, failing) = (lock.clone(), Rc::clone(&page));
    view.connect_load_failed(move |_, _, _, error| {
        // A navigation that a handler refused, or that another one replaced, fails too; it leaves the page as it was.
        let harmless = error.matches(webkit2gtk::NetworkError::Cancelled)
            || error.matches(webkit2gtk::PolicyError::FrameLoadInterruptedByPolicyChange);
        if harmless {
            failing.stands.set(failing.stood.get());
        } else {
            tracing::warn!(%error, "a page of the portal did not load");
            failing.stands.set(false);
            told.unreachable("");
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
        let headers = response.response().and_then(|response| response.http_headers());
        let Some(headers) = headers.filter(|_| response.is_main_frame_main_resource()) else { return false };
        let unreachable = headers.one(UNREACHABLE_HEADER).is_some();
        if unreachable {
            // The page before is still there, but nobody is to see it.
            page.stood.set(false);
            decision.ignore();
            told.unreachable(&headers.one(REFERENCE_HEADER).unwrap_or_default());
        }
        unreachable
    });
    let told = lock.clone();
    view.connect_close(move |_| {
        told.refuse(Attempt::CloseWindow, None);
        (told.sink)(HostEvent::PortalCrashed { session: told.session.clone() });
    });
}

/// Loaded is not painted: the engine draws in another process. A snapshot makes it draw, and one frame after that it stands
/// on the screen; without this the curtain would lift on an empty page. What stands no more by then lifts nothing: a page that has
/// gone on to a place that does not answer, or whose process has died, has a curtain of its own.
fn report_first_paint(view: &WebView, lock: &Lock, page: &Rc<FirstPage>) {
    let (sink, session, drawn, page) = (lock.sink.clone(), lock.session.clone(), view.clone(), Rc::clone(page));
    let options = SnapshotOptions::empty();
    view.snapshot(SnapshotRegion::Visible, options, gio::Cancellable::NONE, move |_| {
        let frames = Cell::new(0);
        drawn.queue_draw();
        drawn.add_tick_callback(move |_, _| {
            frames.set(frames.get() + 1);
            if frames.get() < 2 {
                return glib::ControlFlow::Continue;
            }
            if !page.stands.get() {
                // The next one that loads does.
                page.told.set(false);
                return glib::ControlFlow::Break;
            }
            sink(HostEvent::PortalPainted { session: session.clone() });
            glib::ControlFlow::Break
        });
    });
}
