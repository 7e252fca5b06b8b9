//! What the program takes from its environment, and what it takes out of it before a window exists.

/// Variables that reach into the windows. Removed before Tauri starts. By the three of a Snap the engine takes itself for one,
/// and makes no sandbox: whoever starts a program from within a Snap hands them on.
const REMOVED: [&str; 12] = [
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS",
    "WEBKIT_ENABLE_DEBUG_PERMISSIONS_IN_SANDBOX",
    "WEBKIT_EXEC_PATH",
    "WEBKIT_INJECTED_BUNDLE_PATH",
    "GTK_DEBUG",
    "GTK_MODULES",
    "GTK3_MODULES",
    "GTK_PATH",
    "GTK_EXE_PREFIX",
    "SNAP",
    "SNAP_NAME",
    "SNAP_REVISION",
];

/// Beginnings of those that let somebody attach to the webviews or put another engine in their place: WebDriver is possible only in
/// a build with the `automation` feature, which is never bundled.
const FOR_AUTOMATION: [&str; 3] = ["TAURI_WEBVIEW_AUTOMATION", "WEBKIT_INSPECTOR_", "WEBVIEW2_"];

/// Must run first in `main`, while there is one thread.
#[allow(unsafe_code, reason = "std::env::remove_var is unsafe; the reason it is sound here stands below")]
pub fn clean() {
    let automation = cfg!(feature = "automation");
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_removed(&name.to_string_lossy(), automation)) {
        // SAFETY: called as the first thing in `main`: no other thread exists that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
}

/// Names count without regard to case: to Windows they are the same.
fn is_removed(name: &str, automation: bool) -> bool {
    let name = name.to_uppercase();
    REMOVED.contains(&name.as_str()) || !automation && FOR_AUTOMATION.iter().any(|family| name.starts_with(family))
}

/// What makes the system's loader, or a library of the desktop, put code of others into a program, on Linux and macOS. Those of
/// the libraries are not removed: some systems keep their own modules where only these say.
const PRELOADS: [&str; 12] = [
    "LD_PRELOAD",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_FRAMEWORK_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_FRAMEWORK_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "GIO_EXTRA_MODULES",
    "GIO_MODULE_DIR",
    "GDK_PIXBUF_MODULE_FILE",
    "GTK_IM_MODULE_FILE",
];
/// Of each that goes on record; longer ones are cut.
const PRELOAD_CHARACTERS: usize = 200;

/// Those of them that were set when this program began, each with its value. By then their code runs: nothing here can keep it
/// out, and what it changes it may hide. Whoever reads the record is told all the same.
pub fn preloads() -> Vec<String> {
    PRELOADS
        .iter()
        .filter_map(|name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            let text = format!("{name}={}", value.to_string_lossy());
            Some(text.chars().take(PRELOAD_CHARACTERS).collect())
        })
        .collect()
}

/// What the device is called in the device list: the computer's name.
pub fn device_name() -> String {
    gethostname::gethostname().to_string_lossy().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundled_program_drops_what_could_attach_to_its_windows() {
        let attaching = [
            "TAURI_WEBVIEW_AUTOMATION",
            "WEBKIT_INSPECTOR_SERVER",
            "WEBKIT_INSPECTOR_HTTP_SERVER",
            "WEBVIEW2_ADDITIONAL_BROWSER_ARGUMENTS",
            "webview2_pipe_for_script_debugger",
        ];
        for name in attaching {
            assert!(is_removed(name, false) && !is_removed(name, true), "{name}");
        }
        for name in ["GTK_DEBUG", "GTK_MODULES", "GTK3_MODULES", "GTK_PATH", "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"]
        {
            assert!(is_removed(name, false) && is_removed(name, true), "{name}");
        }
        assert!(!is_removed("GTK_THEME", false) && !is_removed("PATH", false));
    }
}
