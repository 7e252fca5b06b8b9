//! Engine features that have no setting of their own.
#![allow(unsafe_code, reason = "WebKitGTK's list of features has no safe binding")]

use std::ffi::{CStr, c_char};

use gtk::glib::{self, translate::ToGlibPtr as _};
use webkit2gtk::{Settings, ffi::WebKitSettings};

/// Off for the page. The newer way to the clipboard writes without asking the host.
const OFF: [&CStr; 1] = [c"AsyncClipboardAPI"];

#[repr(C)]
struct WebKitFeature {
    _opaque: [u8; 0],
}

#[repr(C)]
struct WebKitFeatureList {
    _opaque: [u8; 0],
}

// WebKitGTK 2.42, in the library that `webkit2gtk` links.
unsafe extern "C" {
    fn webkit_settings_get_all_features() -> *mut WebKitFeatureList;
    fn webkit_settings_set_feature_enabled(
        settings: *mut WebKitSettings,
        feature: *mut WebKitFeature,
        enabled: glib::ffi::gboolean,
    );
    fn webkit_feature_list_get_length(list: *mut WebKitFeatureList) -> usize;
    fn webkit_feature_list_get(list: *mut WebKitFeatureList, index: usize) -> *mut WebKitFeature;
    fn webkit_feature_list_unref(list: *mut WebKitFeatureList);
    fn webkit_feature_get_identifier(feature: *mut WebKitFeature) -> *const c_char;
}

pub fn switch_off(settings: &Settings) {
    let mut found = 0;
    // SAFETY: the list is ours until it is let go at the end and its features live as long as it; identifiers are static
    // strings; the settings are alive and copy what they are told.
    unsafe {
        let list = webkit_settings_get_all_features();
        for index in 0..webkit_feature_list_get_length(list) {
            let feature = webkit_feature_list_get(list, index);
            if OFF.contains(&CStr::from_ptr(webkit_feature_get_identifier(feature))) {
                webkit_settings_set_feature_enabled(settings.to_glib_none().0, feature, glib::ffi::GFALSE);
                found += 1;
            }
        }
        webkit_feature_list_unref(list);
    }
    if found != OFF.len() {
        tracing::warn!(found, "this engine calls its features otherwise; a page may have more of them than it should");
    }
}
