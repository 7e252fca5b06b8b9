//! The program starts when the person signs in to the computer, if they want that.

use amberglass_app::host::StartWithDesktopError;
use tauri::{AppHandle, Wry, plugin::TauriPlugin};
use tauri_plugin_autostart::ManagerExt as _;

use crate::console_window::RESTING;

pub fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::Builder::new().arg(RESTING).build()
}

/// # Errors
/// When the desktop does not let it be set; it stays as it was.
pub fn set(app: &AppHandle, starts: bool) -> Result<(), StartWithDesktopError> {
    let autostart = app.autolaunch();
    let set = if starts { autostart.enable() } else { autostart.disable() };
    set.map_err(|error| StartWithDesktopError { detail: error.to_string() })
}
