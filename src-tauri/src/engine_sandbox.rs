//! Whether the engine's processes run in the engine's own sandbox (WebKitGTK: bubblewrap), which keeps a page that has taken
//! its process over from files, keys and programs of the account.
//!
//! Asking for it where it cannot start leaves a window with nothing in it, and it can be asked for only before the first
//! window. So the mechanism itself is tried first, once.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Where Debian, Fedora, Arch and others have what WebKitGTK starts; it looks nowhere else either.
const BUBBLEWRAP: &str = "/usr/bin/bwrap";
const BUS_PROXY: &str = "/usr/bin/xdg-dbus-proxy";
/// By this file the engine takes itself for a program in a sandbox of its own, and makes none.
const FLATPAK: &str = "/.flatpak-info";

static SANDBOX: OnceLock<Sandbox> = OnceLock::new();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sandbox {
    Asked,
    /// The programs that it needs are not installed.
    NotInstalled,
    /// The system lets no program of this account make one.
    NotAllowed,
    /// The engine leaves it to what it takes for a Flatpak around it.
    LeftToAnother,
}

/// Must run before the first window, while there is one thread.
#[allow(unsafe_code, reason = "std::env::set_var is unsafe; the reason it is sound here stands below")]
pub fn ask() {
    let sandbox = find();
    if sandbox == Sandbox::Asked {
        // SAFETY: called from the beginning of `main`: no other thread exists that could read the environment.
        unsafe { std::env::set_var("WEBKIT_FORCE_SANDBOX", "1") };
    }
    let _ = SANDBOX.set(sandbox);
}

/// For the log, which begins later.
pub fn say() {
    if SANDBOX.get() == Some(&Sandbox::Asked) {
        tracing::info!("{}", words());
    } else {
        tracing::warn!("{}", words());
    }
}

/// What was found, as a sentence.
pub fn words() -> &'static str {
    match SANDBOX.get() {
        Some(Sandbox::Asked) => "web processes run in the engine's sandbox",
        Some(Sandbox::NotInstalled) => {
            "web processes run without the engine's sandbox: install bubblewrap and xdg-dbus-proxy"
        }
        Some(Sandbox::NotAllowed) => {
            "web processes run without the engine's sandbox: this system allows no user namespaces"
        }
        Some(Sandbox::LeftToAnother) => {
            "web processes run without the engine's sandbox: by the file /.flatpak-info it takes itself for a Flatpak"
        }
        None => "nobody has looked whether web processes can run in the engine's sandbox",
    }
}

fn find() -> Sandbox {
    if Path::new(FLATPAK).exists() {
        return Sandbox::LeftToAnother;
    }
    if !Path::new(BUBBLEWRAP).exists() || !Path::new(BUS_PROXY).exists() {
        return Sandbox::NotInstalled;
    }
    let tried = Command::new(BUBBLEWRAP)
        .args(["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if tried.is_ok_and(|status| status.success()) { Sandbox::Asked } else { Sandbox::NotAllowed }
}
