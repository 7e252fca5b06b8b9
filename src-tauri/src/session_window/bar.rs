//! The bar: a webview with our own page, in a web process of its own (never related to the console's: one crash would
//! take both).

use tauri::{
    LogicalPosition, LogicalSize, Runtime, Webview, WebviewUrl, Window,
    webview::{NewWindowResponse, WebviewBuilder},
};

/// Label of the bar's webview; `src-tauri/capabilities/bar.json` names it.
pub const BAR: &str = "bar";
/// Logical pixels.
pub const HEIGHT: f64 = 64.0;

pub fn add<R: Runtime>(window: &Window<R>) -> Result<Webview<R>, tauri::Error> {
    let builder = WebviewBuilder::new(BAR, WebviewUrl::App("bar.html".into()))
        .devtools(false)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .on_new_window(|_, _| NewWindowResponse::Deny);
    let size = LogicalSize::new(super::SIZE.0, HEIGHT);
    window.add_child(builder, LogicalPosition::new(0.0, 0.0), size)
}
