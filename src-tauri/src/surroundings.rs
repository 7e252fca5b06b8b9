//! Facts about computer and program for whoever looks for a fault; nothing about a person.

use tauri::{AppHandle, Manager as _};

use crate::{CLIENT, console_window, desktop_services::Desktop, environment};

/// Each with its name.
pub fn of(app: &AppHandle) -> Vec<(&'static str, String)> {
    let desktop = app.try_state::<Desktop>().map(|desktop| desktop.known()).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "not set".to_owned());
    let mut facts = vec![
        ("program", CLIENT.to_owned()),
        ("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("engine", tauri::webview_version().unwrap_or_else(|error| error.to_string())),
        ("tray", desktop.tray.to_string()),
        ("notifications", desktop.notifications.to_string()),
        ("rests", console_window::rests(app).to_string()),
        ("code of others", (!environment::preloads().is_empty()).to_string()),
    ];
    if cfg!(target_os = "linux") {
        facts.push(("distribution", distribution()));
        facts.push(("desktop", variable("XDG_CURRENT_DESKTOP")));
        facts.push(("kind of session", variable("XDG_SESSION_TYPE")));
        #[cfg(target_os = "linux")]
        facts.push(("engine's sandbox", crate::engine_sandbox::words().to_owned()));
    }
    facts
}

/// As it calls itself (freedesktop.org, os-release).
fn distribution() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "not known".to_owned(), |name| name.trim_matches('"').to_owned())
}
