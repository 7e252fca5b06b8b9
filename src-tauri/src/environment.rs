//! What the program takes from its environment, and what it takes out of it before a window exists.

/// Variables that let somebody attach to the webviews or reach into the windows. Removed before Tauri starts; WebDriver
/// stays possible only in a build with the `automation` feature, which is never bundled.
#[cfg(not(feature = "automation"))]
const REMOVED: [&str; 10] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    "WEBVIEW2_ADDITIONAL_BROWSER_ARGUMENTS",
    "WEBVIEW2_BROWSER_EXECUTABLE_FOLDER",
    "WEBVIEW2_USER_DATA_FOLDER",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS",
    "GTK_DEBUG",
    "GTK_MODULES",
    "GTK_PATH",
];
#[cfg(feature = "automation")]
const REMOVED: [&str; 4] = ["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "GTK_DEBUG", "GTK_MODULES", "GTK_PATH"];

/// Must run first in `main`, while there is one thread.
#[allow(unsafe_code, reason = "std::env::remove_var is unsafe; the reason it is sound here stands below")]
pub fn clean() {
    for name in REMOVED {
        // SAFETY: called as the first thing in `main`: no other thread exists that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
}

/// What the device is called in the device list: the computer's name.
pub fn device_name() -> String {
    gethostname::gethostname().to_string_lossy().chars().take(60).collect()
}
