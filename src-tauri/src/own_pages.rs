//! The console's page and the bar are flat and our own: they need neither the graphics processor nor what an engine keeps
//! ready for pages that somebody browses through. On Linux each has a web process of its own, and without that the two
//! are a hundred MiB smaller where the processor draws (`cargo xtask bench start`).

/// Takes from the webview of a page of ours what it does not use. The portal keeps everything: it has to look as the
/// customer sees it.
#[cfg(target_os = "linux")]
pub fn lighten(webview: &tauri::Webview) {
    use webkit2gtk::{CacheModel, HardwareAccelerationPolicy, SettingsExt as _, WebContextExt as _, WebViewExt as _};
    let lightened = webview.with_webview(|platform| {
        let view = platform.inner();
        if let Some(settings) = webkit2gtk::WebViewExt::settings(&view) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
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

#[cfg(not(target_os = "linux"))]
pub fn lighten(_webview: &tauri::Webview) {}
