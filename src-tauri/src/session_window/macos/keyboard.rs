//! Where the keyboard is.
#![allow(unsafe_code, reason = "AppKit offers no other way; what makes a block sound stands beside it")]

use std::ffi::c_void;

use objc2::rc::Retained;
use objc2_app_kit::NSView;
use wry::{WebView, WebViewExtMacOS as _};

/// Whether what is typed goes to this view.
pub fn is_in(view: &WebView) -> bool {
    let webview = view.webview();
    let responder = webview.window().and_then(|window| window.firstResponder());
    let typed_in = responder.and_then(|responder| responder.downcast::<NSView>().ok());
    typed_in.is_some_and(|typed_in| typed_in.isDescendantOf(&webview))
}

/// The view that Tauri names by its address.
pub fn view_at(address: *mut c_void) -> Option<Retained<NSView>> {
    // SAFETY: Tauri gives a webview that lives at least as long as this call, and all of it runs on the main thread.
    unsafe { Retained::retain(address.cast::<NSView>()) }
}
