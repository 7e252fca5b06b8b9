//! Invariants 1 and 9: who may depend on what.

use crate::cargo_metadata::{Package, Workspace};
use crate::repository::SourceFile;
use crate::tidy::{Finding, numbered};

/// The desktop package.
const ROOT: &str = "amberglass";

/// Crates that bring a window system along, beside everything whose name begins with `tauri`.
const WINDOW_CRATES: &[&str] =
    &["wry", "tao", "muda", "tray-icon", "gtk", "gdk", "gio", "glib", "webkit2gtk", "webview2-com"];

/// They hold rules and shapes: no I/O, no clock.
const PURE: &[&str] = &["amberglass-wire", "amberglass-domain", "amberglass-overlay"];

/// What the pure crates may depend on. A new one belongs here only if it opens nothing and asks no clock.
const FIT_FOR_PURE: &[&str] = &[
    "amberglass-domain",
    "amberglass-wire",
    "apollo-parser",
    "async-trait",
    "base64",
    "chrono",
    "ed25519-dalek",
    "hex",
    "hpke",
    "percent-encoding",
    "secrecy",
    "serde",
    "serde_json",
    "sha2",
    "signed_note",
    "skrifa",
    "subtle",
    "thiserror",
    "tiny-skia",
    // For its channels alone; what else it has is searched for in the sources.
    "tokio",
    "toml",
    "ts-rs",
    "url",
    "utoipa",
    "uuid",
    "zeroize",
];

/// What the sources of the pure crates must not name: their dependencies can't show it.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "std::net::ToSocketAddrs",
    "std::net::Udp",
    "std::process",
    "std::thread",
    "tokio::fs",
    "tokio::io",
    "tokio::net",
    "tokio::process",
    "tokio::runtime",
    "tokio::signal",
    "tokio::spawn",
    "tokio::task",
    "tokio::time",
];
const PURE_SOURCES: &[&str] = &["crates/wire/src/", "crates/domain/src/", "crates/overlay/src/"];

pub fn check(workspace: &Workspace, sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = workspace.packages.iter().flat_map(of_package).collect();
    for file in sources.iter().filter(|file| PURE_SOURCES.iter().any(|folder| file.path.starts_with(folder))) {
        findings.extend(impure_names(file));
    }
    findings
}

fn of_package(package: &Package) -> Vec<Finding> {
    let finding = |word: String| Finding::new(&format!("package {}", package.name), 0, word);
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        if package.name != ROOT && (name == ROOT || name.starts_with("tauri") || WINDOW_CRATES.contains(&name)) {
            findings.push(finding(format!("depends on {name}, which only the root package may: everything else has to build without a window system")));
        }
        let shipped = dependency.kind.as_deref() != Some("dev");
        if PURE.contains(&package.name.as_str()) && shipped && !FIT_FOR_PURE.contains(&name) {
            findings.push(finding(format!(
                "depends on {name}; this package does no I/O, and {name} is not on the list of crates known to do none"
            )));
        }
    }
    findings
}

fn impure_names(file: &SourceFile) -> Vec<Finding> {
    numbered(&file.text)
        // Unit tests stand last in a file and may read their fixtures.
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(number, line)| {
            IMPURE.iter().filter(move |name| line.contains(**name)).map(move |name| (number, name))
        })
        .map(|(number, name)| {
            Finding::new(&file.path, number, format!("names {name}; this package does no I/O and reads no clock"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo_metadata::Dependency;
    use crate::tidy::tests::file;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) });
        Package { name: name.to_owned(), dependencies: dependencies.collect(), targets: Vec::new() }
    }

    #[test]
    fn only_the_root_package_may_bring_a_window_system() {
        for name in ["tauri", "tauri-plugin-store", "wry", "gtk", "amberglass"] {
            assert_eq!(of_package(&package("amberglass-app", &[(name, None)])).len(), 1, "{name}");
            assert_eq!(of_package(&package("amberglass-app", &[(name, Some("dev"))])).len(), 1, "{name}");
        }
        assert!(of_package(&package("amberglass", &[("tauri", None), ("wry", None)])).is_empty());
    }

    #[test]
    fn a_pure_package_may_not_gain_a_crate_that_does_io() {
        assert_eq!(of_package(&package("amberglass-domain", &[("reqwest", None)])).len(), 1);
        assert!(of_package(&package("amberglass-domain", &[("serde", None), ("proptest", Some("dev"))])).is_empty());
        assert!(of_package(&package("amberglass-server", &[("reqwest", None)])).is_empty());
    }

    #[test]
    fn the_sources_of_a_pure_package_may_not_name_io() {
        let workspace = Workspace { packages: Vec::new() };
        let text = "use std::fs;\n// std::fs in words\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        let findings =
            check(&workspace, &[file("crates/domain/src/lib.rs", text), file("crates/server/src/lib.rs", text)]);
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["crates/domain/src/lib.rs:1: names std::fs; this package does no I/O and reads no clock"]
        );
    }
}
