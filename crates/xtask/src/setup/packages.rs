//! The one table of what the system has to bring.

use crate::command;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Compiling and running the program.
    Build,
    /// Driving it in real windows without a screen.
    Windows,
    /// Driving the UI in a browser.
    Browser,
    /// The server's tests on PostgreSQL.
    Database,
    /// What the gateway is measured beside.
    Peers,
    /// Compiling for Windows.
    CrossChecks,
    /// Running what was compiled for it.
    CrossRuns,
    /// Building what people install, and trying it in a bare system.
    Packages,
}

/// How a system without Debian's package list is asked.
#[derive(Clone, Copy)]
pub enum Probe {
    Program(&'static str),
    Library(&'static str),
    /// It shows at run time only.
    Unseen,
}

impl Probe {
    /// Whether it names a program that is on the search path.
    pub fn finds_program(self) -> bool {
        match self {
            Self::Program(name) => command::on_path(name).is_some(),
            Self::Library(_) | Self::Unseen => false,
        }
    }
}

pub struct Package {
    /// Debian's name.
    pub name: &'static str,
    pub purpose: Purpose,
    pub reason: &'static str,
    pub probe: Probe,
}

pub const PACKAGES: &[Package] = &[
    row(
        "build-essential",
        Purpose::Build,
        "C compiler and linker: SQLite, zstd and ring contain C",
        Probe::Program("cc"),
    ),
    row("pkg-config", Purpose::Build, "finds the libraries below", Probe::Program("pkg-config")),
    row(
        "libwebkit2gtk-4.1-dev",
        Purpose::Build,
        "the web view of console, bar and portal",
        Probe::Library("webkit2gtk-4.1"),
    ),
    row("librsvg2-dev", Purpose::Build, "GTK draws its icons with it", Probe::Library("librsvg-2.0")),
    row("libayatana-appindicator3-dev", Purpose::Build, "the tray icon", Probe::Library("ayatana-appindicator3-0.1")),
    row("libdbus-1-dev", Purpose::Build, "the way to the keyring", Probe::Library("dbus-1")),
    row("xvfb", Purpose::Windows, "a screen in memory", Probe::Program("Xvfb")),
    row("libgl1-mesa-dri", Purpose::Windows, "WebKitGTK draws with it where there is no graphics card", Probe::Unseen),
    row("openbox", Purpose::Windows, "a window manager: focus, stacking, full screen", Probe::Program("openbox")),
    row("weston", Purpose::Windows, "a Wayland compositor, in a window on that screen", Probe::Program("weston")),
    row(
        "xdotool",
        Purpose::Windows,
        "keys and clicks for the portal, which WebDriver can't reach",
        Probe::Program("xdotool"),
    ),
    row("dbus", Purpose::Windows, "a session bus of its own for each console", Probe::Program("dbus-run-session")),
    row("dbus-x11", Purpose::Windows, "lets GTK programs find that bus", Probe::Program("dbus-launch")),
    row("webkit2gtk-driver", Purpose::Windows, "WebDriver for console and bar", Probe::Program("WebKitWebDriver")),
    row("xdg-utils", Purpose::Windows, "opens the system browser for the sign-in", Probe::Program("xdg-open")),
    row("glib-networking", Purpose::Windows, "TLS for WebKitGTK", Probe::Unseen),
    row("gnome-keyring", Purpose::Windows, "a keyring", Probe::Program("gnome-keyring-daemon")),
    row("libsecret-tools", Purpose::Windows, "looks into that keyring", Probe::Program("secret-tool")),
    row("dunst", Purpose::Windows, "receives notifications", Probe::Program("dunst")),
    row("xfce4-panel", Purpose::Windows, "shows the tray", Probe::Program("xfce4-panel")),
    row("x11-utils", Purpose::Windows, "asks windows for their size and properties", Probe::Program("xwininfo")),
    row("fonts-dejavu-core", Purpose::Windows, "letters: a bare system has none", Probe::Unseen),
    row("chromium", Purpose::Browser, "what the console is measured beside", Probe::Program("chromium")),
    row(
        "chromium-headless-shell",
        Purpose::Browser,
        "the same without a window, in which the UI is tested",
        Probe::Program("chromium-headless-shell"),
    ),
    row(
        "postgresql",
        Purpose::Database,
        "the database of several servers; the tests start their own",
        Probe::Program("initdb"),
    ),
    row("nginx", Purpose::Peers, "what the gateway is measured beside", Probe::Program("nginx")),
    row("wrk", Purpose::Peers, "the load on both", Probe::Program("wrk")),
    row(
        "gcc-mingw-w64-x86-64",
        Purpose::CrossChecks,
        "compiles C and resources for Windows",
        Probe::Program("x86_64-w64-mingw32-gcc"),
    ),
    row("g++-mingw-w64-x86-64", Purpose::CrossChecks, "the same for C++", Probe::Program("x86_64-w64-mingw32-g++")),
    row("wine64", Purpose::CrossRuns, "runs Windows programs", Probe::Unseen),
    row("dpkg-dev", Purpose::Packages, "finds what a package depends on", Probe::Program("dpkg-shlibdeps")),
    row("mmdebstrap", Purpose::Packages, "a bare Debian to install packages in", Probe::Program("mmdebstrap")),
    row("bubblewrap", Purpose::Packages, "runs programs in it", Probe::Program("bwrap")),
    row("desktop-file-utils", Purpose::Packages, "judges the desktop entry", Probe::Program("desktop-file-validate")),
    row("appstream", Purpose::Packages, "judges what software centres show", Probe::Program("appstreamcli")),
];

const fn row(name: &'static str, purpose: Purpose, reason: &'static str, probe: Probe) -> Package {
    Package { name, purpose, reason, probe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_stands_in_the_table_once_and_says_what_it_is_for() {
        for (index, package) in PACKAGES.iter().enumerate() {
            assert!(!package.reason.is_empty(), "{}", package.name);
            assert!(PACKAGES.iter().skip(index + 1).all(|other| other.name != package.name), "{} twice", package.name);
        }
    }

    #[test]
    fn each_purpose_has_a_package() {
        use Purpose::{Browser, Build, CrossChecks, CrossRuns, Database, Packages, Peers, Windows};
        for purpose in [Build, Windows, Browser, Database, Peers, CrossChecks, CrossRuns, Packages] {
            assert!(PACKAGES.iter().any(|package| package.purpose == purpose), "{purpose:?}");
        }
    }
}
