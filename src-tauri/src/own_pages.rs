//! The console's page and the bar are flat and our own: they need neither the graphics processor nor what an engine keeps
//! ready for pages that somebody browses through. On Linux each has a web process of its own, and without that the two
//! are a hundred MiB smaller where the processor draws (`cargo xtask bench start`).

/// Takes from the webview of a page of ours what it does not use. The portal keeps everything: it has to look as the
/// customer sees it.
#[cfg(target_os = "linux")]
pub fn lighten(webview: &tauri::Webview) {
    use gtk::prelude::*;
    use webkit2gtk::{CacheModel, HardwareAccelerationPolicy, SettingsExt as _, WebContextExt as _, WebViewExt as _};
    let lightened = webview.with_webview(|platform| {
        let view = platform.inner();
        if let Some(settings) = webkit2gtk::WebViewExt::settings(&view) {
            // On Wayland WebKitGTK 2.50 loses the web process when this comes before the window has its size, and nothing is
            // ever drawn in it (`tests/gui/wayland`).
            if !view.display().backend().is_wayland() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
            settings.set_enable_webgl(false);
            settings.set_enable_webaudio(false);
            settings.set_enable_media(false);
            settings.set_enable_page_cache(false);
        }
        if let Some(context) = view.context() {
            context.set_cache_model(CacheModel::DocumentViewer);
        }
    });
    if let Err(error) = lightened {
        tracing::warn!(%error, "a page of the program stays as large as it is");
    }
}

/// A caret that blinks wakes the engine forty times a second for as long as a field has the keyboard, which is most of the
/// day here (`cargo xtask bench desktop`). GTK has one such setting for the whole program. On the main thread, before the
/// first window.
#[cfg(target_os = "linux")]
pub fn still_caret() {
    use gtk::prelude::*;
    if let Some(settings) = gtk::Settings::default() {
        settings.set_gtk_cursor_blink(false);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn still_caret() {}

#[cfg(not(target_os = "linux"))]
pub fn lighten(_webview: &tauri::Webview) {}
