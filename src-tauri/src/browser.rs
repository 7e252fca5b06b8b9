//! Opens the system browser for sign-in.

use amberglass_app::host::HostError;

/// Honours `$BROWSER` on Linux, as `xdg-open` does only on some desktops.
///
/// # Errors
/// When nothing could be started.
pub fn open(url: &str) -> Result<(), HostError> {
    let no_browser = |error: std::io::Error| HostError::NoBrowser { detail: error.to_string() };
    #[cfg(target_os = "linux")]
    if let Some(browser) = std::env::var_os("BROWSER").filter(|browser| !browser.is_empty()) {
        let mut child = std::process::Command::new(browser).arg(url).spawn().map_err(no_browser)?;
        // Reaped, so that no zombie stays behind; how it ends is the browser's business.
        std::thread::spawn(move || drop(child.wait()));
        return Ok(());
    }
    open::that_detached(url).map_err(no_browser)
}
