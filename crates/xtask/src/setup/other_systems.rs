//! Systems whose package manager this tool does not drive: it looks, and says what to install.

use std::env::consts::OS;

use anyhow::{Result, bail};

use crate::command;
use crate::repository::Repository;
use crate::setup::packages::{Package, Probe, Purpose};

/// # Errors
/// If something is missing; the word says what, and how to get it where that is known.
pub fn check(repository: &Repository, wanted: &[&Package]) -> Result<()> {
    match OS {
        "linux" => check_linux(repository, wanted),
        "macos" => {
            if command::output(command::program(repository, "xcode-select").arg("-p")).is_err() {
                bail!("the C compiler and linker are missing. Run: xcode-select --install");
            }
            Ok(())
        }
        // This tool was linked here, so the linker is there; the web view ships with the system since Windows 11.
        "windows" => {
            if command::output(command::program(repository, "reg").args(["query", WEBVIEW2])).is_err() {
                println!(
                    "setup: the WebView2 runtime was not found for all accounts. If the console shows no window, install the \
                     \"Evergreen\" runtime from Microsoft's WebView2 page"
                );
            }
            Ok(())
        }
        other => bail!("the console runs on Linux, macOS and Windows, not on {other}"),
    }
}

/// Where the runtime registers itself when it is installed for all accounts.
const WEBVIEW2: &str = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}";

/// Known names of what building needs; the rest is told by program, which a package search finds.
const FEDORA: &str = "sudo dnf install gcc gcc-c++ make pkgconf-pkg-config webkit2gtk4.1-devel librsvg2-devel libappindicator-gtk3-devel dbus-devel";
const ARCH: &str = "sudo pacman -S --needed base-devel pkgconf webkit2gtk-4.1 librsvg libayatana-appindicator dbus";

fn check_linux(repository: &Repository, wanted: &[&Package]) -> Result<()> {
    let found = |package: &Package| match package.probe {
        probe @ Probe::Program(_) => probe.finds_program(),
        Probe::Library(name) => {
            command::output(command::program(repository, "pkg-config").args(["--exists", name])).is_ok()
        }
        Probe::Unseen => true,
    };
    let missing: Vec<&Package> = wanted.iter().copied().filter(|package| !found(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", word(&missing))
}

fn word(missing: &[&Package]) -> String {
    let mut lines = vec!["this machine lacks the following. Install it, then run the same command again:".to_owned()];
    for package in missing {
        let what = match package.probe {
            Probe::Program(name) => format!("program {name}"),
            Probe::Library(name) => format!("library {name} with its headers"),
            Probe::Unseen => package.name.to_owned(),
        };
        lines.push(format!("  {what:<48}{} (Debian: {})", package.reason, package.name));
    }
    if missing.iter().any(|package| package.purpose == Purpose::Build) {
        lines.push(format!("What building needs, on Fedora: {FEDORA}\nOn Arch: {ARCH}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::packages::PACKAGES;

    #[test]
    fn what_is_missing_is_told_by_program_reason_and_debian_name() {
        let missing: Vec<&Package> = PACKAGES.iter().filter(|package| package.name == "xvfb").collect();
        let word = word(&missing);
        assert!(
            word.contains("program Xvfb") && word.contains("a screen in memory") && word.contains("Debian: xvfb"),
            "{word}"
        );
        assert!(!word.contains("dnf"), "{word}");
    }
}
