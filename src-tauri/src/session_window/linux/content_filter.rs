//! The engine's own wall against other origins: a content filter that blocks every request but those to the gateway.
//! The forwarding proxy is the other wall; either alone would hold.
#![allow(unsafe_code, reason = "WebKitGTK's filter store has no safe binding")]

use std::{cell::RefCell, ffi::CString, path::Path};

use amberglass_domain::navigation::GatewayOrigin;
use gtk::{gio, glib, glib::translate::ToGlibPtr as _};
use webkit2gtk::{WebView, WebViewExt as _, ffi};

use crate::session_window::WindowError;

const NAME: &str = "amberglass-gateway-only";

thread_local! {
    /// Compiling takes longer than everything else that a window waits for here, and a filter depends on its origin alone.
    static LAST: RefCell<Option<(GatewayOrigin, Filter)>> = const { RefCell::new(None) };
}

/// One reference to a compiled filter.
struct Filter(*mut ffi::WebKitUserContentFilter);

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: the reference that was given to us with the pointer, let go once.
        unsafe { ffi::webkit_user_content_filter_unref(self.0) };
    }
}

/// Block all, then take back the block for what stays within the page or goes to the gateway. WebKit's filters know a
/// subset of regular expressions; host names need only their dots escaped.
fn rules(origin: &GatewayOrigin) -> String {
    let authority = origin.authority().replace('.', "\\\\.").replace('[', "\\\\[").replace(']', "\\\\]");
    let socket = if origin.scheme() == "https" { "wss" } else { "ws" };
    let default_port = if origin.scheme() == "https" { 443 } else { 80 };
    let allow = |filter: String| {
        format!(r#"{{"trigger":{{"url-filter":"{filter}"}},"action":{{"type":"ignore-previous-rules"}}}}"#)
    };
    let mut list = vec![
        r#"{"trigger":{"url-filter":".*"},"action":{"type":"block"}}"#.to_owned(),
        allow(format!("^{}://{authority}/", origin.scheme())),
        allow(format!("^{socket}://{authority}/")),
        allow("^data:".to_owned()),
        allow("^blob:".to_owned()),
        allow("^about:".to_owned()),
    ];
    if origin.port() == default_port {
        let host = origin.host().replace('.', "\\\\.");
        list.push(allow(format!("^{}://{host}/", origin.scheme())));
        list.push(allow(format!("^{socket}://{host}/")));
    }
    format!("[{}]", list.join(","))
}

struct Pending {
    view: WebView,
    origin: GatewayOrigin,
    store: *mut ffi::WebKitUserContentFilterStore,
    done: Box<dyn FnOnce(Result<(), WindowError>)>,
}

/// Adds the filter to the view, then calls `done` on the main thread: at once, or when it has been compiled into `folder`.
pub fn install(
    view: &WebView,
    origin: &GatewayOrigin,
    folder: &Path,
    done: impl FnOnce(Result<(), WindowError>) + 'static,
) {
    let known = LAST.with_borrow(|last| {
        let (_, filter) = last.as_ref().filter(|(compiled_for, _)| compiled_for == origin)?;
        Some(add(view, filter))
    });
    if let Some(outcome) = known {
        return done(outcome);
    }
    let path = match CString::new(folder.as_os_str().as_encoded_bytes()) {
        Ok(path) => path,
        Err(error) => return done(Err(WindowError::ContentFilter(error.to_string()))),
    };
    let source = glib::Bytes::from_owned(rules(origin).into_bytes());
    // SAFETY: `path` outlives the call, which copies it. The store is owned by us and released in `saved`.
    let store = unsafe { ffi::webkit_user_content_filter_store_new(path.as_ptr()) };
    let pending = Box::new(Pending { view: view.clone(), origin: origin.clone(), store, done: Box::new(done) });
    // SAFETY: the name and the bytes live through the call, which takes its own references; `pending` is given away here
    // and taken back exactly once, in `saved`, which WebKit calls exactly once, on this thread.
    unsafe {
        ffi::webkit_user_content_filter_store_save(
            store,
            NAME.to_glib_none().0,
            source.to_glib_none().0,
            std::ptr::null_mut(),
            Some(saved),
            Box::into_raw(pending).cast(),
        );
    }
}

unsafe extern "C" fn saved(
    _source: *mut glib::gobject_ffi::GObject,
    result: *mut gio::ffi::GAsyncResult,
    data: glib::ffi::gpointer,
) {
    // SAFETY: `data` is the box that `install` gave away, and this is the only call that gets it.
    let pending = unsafe { Box::from_raw(data.cast::<Pending>()) };
    let mut error: *mut glib::ffi::GError = std::ptr::null_mut();
    // SAFETY: `store` is alive until it is released below; `result` is the one of this call.
    let filter = unsafe { ffi::webkit_user_content_filter_store_save_finish(pending.store, result, &mut error) };
    let outcome = if filter.is_null() {
        // SAFETY: WebKit sets the error when it returns no filter, and leaves it to us.
        let error: glib::Error = unsafe { glib::translate::from_glib_full(error) };
        Err(WindowError::ContentFilter(error.to_string()))
    } else {
        let filter = Filter(filter);
        let outcome = add(&pending.view, &filter);
        LAST.set(Some((pending.origin, filter)));
        outcome
    };
    // SAFETY: the one reference that `install` got.
    unsafe { glib::gobject_ffi::g_object_unref(pending.store.cast()) };
    (pending.done)(outcome);
}

fn add(view: &WebView, filter: &Filter) -> Result<(), WindowError> {
    let manager = view.user_content_manager();
    if let Some(manager) = &manager {
        // SAFETY: manager and filter are alive; the manager takes a reference of its own.
        unsafe { ffi::webkit_user_content_manager_add_filter(manager.to_glib_none().0, filter.0) };
    }
    manager.map(drop).ok_or_else(|| WindowError::ContentFilter("the view has no content manager".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_json_and_block_first() {
        let origin = GatewayOrigin::parse("http://barkside.localhost:7401").unwrap();
        let parsed: serde_json::Value = serde_json::from_str(&rules(&origin)).unwrap();
        assert_eq!(parsed[0]["action"]["type"], "block");
        assert_eq!(parsed[1]["trigger"]["url-filter"], "^http://barkside\\.localhost:7401/");
    }
}
