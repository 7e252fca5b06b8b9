//! Text size and theme of our own windows, as the person has set them.

use amberglass_app::view::PreferencesView;
use tauri::{AppHandle, Manager as _, Runtime};

use crate::host::CONSOLE;

/// The session window gets its preferences with each of its views.
pub fn apply<R: Runtime>(app: &AppHandle<R>, preferences: &PreferencesView) {
    if let Some(console) = app.get_webview(CONSOLE)
        && let Err(error) = console.set_zoom(f64::from(preferences.text_percent) / 100.0)
    {
        tracing::warn!(%error, "the console keeps its text size");
    }
    set_theme(app, preferences);
}

/// GTK knows one theme for the whole program, and would tell the customer's page of it too: that one is to look as the
/// customer sees it, not as staff like it. Our pages and the overlay follow the preference by themselves.
#[cfg(target_os = "linux")]
fn set_theme<R: Runtime>(_app: &AppHandle<R>, _preferences: &PreferencesView) {}

#[cfg(not(target_os = "linux"))]
fn set_theme<R: Runtime>(app: &AppHandle<R>, preferences: &PreferencesView) {
    use amberglass_app::view::Theme;

    let theme = match preferences.theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    };
    if let Some(window) = app.get_window(CONSOLE)
        && let Err(error) = window.set_theme(theme)
    {
        tracing::warn!(%error, "the console's window keeps its theme");
    }
}
