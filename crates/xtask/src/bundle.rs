//! What people install: the console's package for the system this runs on, on Linux the server's too, and lists of what
//! is in them. All of it lies in `target/bundle` afterwards.

mod third_party;

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command;
use crate::repository::Repository;
use crate::ui_bundle;

/// Beside the server in its package: checks an export of its audit log.
const SERVER_PROGRAMS: [&str; 2] = ["amberglass-server", "amberglass-verify"];

/// Builds the packages.
///
/// # Errors
/// If something can't be built, or there is no package for this system.
pub fn run(repository: &Repository) -> Result<()> {
    let kind = match OS {
        "linux" => "deb",
        "macos" => "dmg",
        "windows" => "nsis",
        other => bail!("there is no package for {other}"),
    };
    if kind == "deb" && !fs::read_to_string("/etc/os-release").is_ok_and(|text| is_debian_12(&text)) {
        // What is linked on a newer system asks for newer libraries than the packages say.
        bail!("the packages are made on Debian 12, the oldest system that they are for, and this is another one");
    }
    let folder = repository.target().join("bundle");
    // Packages of an earlier version must not lie beside those of this one.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;

    ui_bundle::build_if_older_than_its_sources(repository)?;
    let host = host(repository)?;
    console(repository, kind, &host, &folder)?;
    if OS == "linux" {
        server(repository, &host, &folder)?;
    }
    materials(repository, &host, &folder)?;
    println!("the packages are in {}:", folder.display());
    for file in names_in(&folder)? {
        println!("  {file}");
    }
    Ok(())
}

fn is_debian_12(os_release: &str) -> bool {
    let says = |key: &str, wanted: &str| {
        os_release.lines().any(|line| line.strip_prefix(key).is_some_and(|value| value.trim_matches('"') == wanted))
    };
    says("ID=", "debian") && says("VERSION_ID=", "12")
}

/// tauri's own bundler knows what each system expects of a desktop program.
fn console(repository: &Repository, kind: &str, host: &str, folder: &Path) -> Result<()> {
    let licences = repository.target().join("release").join("amberglass-THIRD-PARTY.txt");
    third_party::of_console(repository, host, &licences)?;
    // Without the drive, which the bundler does not understand in a path of Windows.
    let licences = licences.strip_prefix(repository.root()).unwrap_or(&licences);
    let more = with_licences(kind, &licences.to_string_lossy()).to_string();
    let tauri = repository.ui().join("node_modules").join("@tauri-apps").join("cli").join("tauri.js");
    let mut build = command::program(repository, "node");
    build.arg(tauri).args(["build", "--ci", "--bundles", kind, "--config", &more]);
    // By name: the console is not among what cargo builds unasked.
    build.args(["--", "--locked", "--package", "amberglass"]);
    command::run(&mut build)?;
    let made = repository.target().join("release").join("bundle").join(kind);
    let version = env!("CARGO_PKG_VERSION");
    let packages: Vec<String> =
        names_in(&made)?.into_iter().filter(|name| is_package(name) && name.contains(version)).collect();
    if packages.is_empty() {
        bail!("the bundler has left no package in {}", made.display());
    }
    for name in packages {
        copy(&made.join(&name), &folder.join(&name))?;
    }
    Ok(())
}

/// Not in tauri.conf.json: nothing builds at all where a resource is missing that stands there, and this one is made for
/// packages alone.
fn with_licences(kind: &str, file: &str) -> Value {
    if kind == "deb" {
        json!({ "bundle": { "linux": { "deb": { "files": { "/usr/share/doc/amberglass/THIRD-PARTY.txt": file } } } } })
    } else {
        json!({ "bundle": { "resources": { file: "THIRD-PARTY.txt" } } })
    }
}

fn is_package(name: &str) -> bool {
    ["deb", "dmg", "exe"].iter().any(|kind| Path::new(name).extension().is_some_and(|found| found == *kind))
}

/// The table `[package.metadata.deb]` of its Cargo.toml says what is in it.
fn server(repository: &Repository, host: &str, folder: &Path) -> Result<()> {
    // Where that table looks for it.
    let licences = repository.target().join("release").join("amberglass-server-THIRD-PARTY.txt");
    third_party::of_programs(repository, &SERVER_PROGRAMS, host, &licences)?;
    let mut build = command::cargo(repository);
    build.args(["build", "--locked", "--release"]);
    for program in SERVER_PROGRAMS {
        build.args(["--package", program, "--bin", program]);
    }
    command::run(&mut build)?;
    let mut package = command::cargo(repository);
    package.args(["deb", "--locked", "--no-build", "--no-strip", "--package", "amberglass-server", "--output"]);
    command::run(package.arg(folder))
}

/// What third-party code is in the packages, in CycloneDX: one list for each program, one for the pages.
///
/// Those of the console are named after the system, because the packages of all systems end in one place.
fn materials(repository: &Repository, host: &str, folder: &Path) -> Result<()> {
    let mut list = command::cargo(repository);
    list.args(["cyclonedx", "--format", "json", "--describe", "binaries", "--features", "custom-protocol"]);
    // Of the system that this runs on, as the packages are.
    list.args(["--target", host]);
    command::run(&mut list)?;
    // It writes one beside each Cargo.toml of the workspace and asks nobody where.
    for path in repository.lists_of_materials()? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let program = name.strip_suffix("_bin.cdx.json").unwrap_or_default();
        if program == "amberglass" {
            copy(&path, &folder.join(format!("amberglass-{OS}-{ARCH}.cdx.json")))?;
        } else if OS == "linux" && SERVER_PROGRAMS.contains(&program) {
            copy(&path, &folder.join(format!("{program}.cdx.json")))?;
        }
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    let mut pages = command::npm(repository);
    // What the pages are built with stands beside what is in them: a part of Svelte goes along, and npm counts it to the tools.
    pages.args(["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]);
    let pages = command::output(&mut pages)?;
    let list = folder.join(format!("amberglass-pages-{OS}-{ARCH}.cdx.json"));
    fs::write(list, pages).context("writing the list of the pages")
}

fn host(repository: &Repository) -> Result<String> {
    let answer = command::output(command::program(repository, "rustc").arg("-vV"))?;
    let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it compiles for")?.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_12_is_taken_for_it() {
        assert!(is_debian_12("PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n"));
        for other in [
            "VERSION_ID=\"13\"\nID=debian\n",
            "ID=debian\n",
            "VERSION_ID=\"12\"\nID=other\nID_LIKE=debian\n",
            "VERSION_ID=\"12.1\"\nID=debian\n",
            "",
        ] {
            assert!(!is_debian_12(other), "{other}");
        }
    }

    #[test]
    fn the_licences_are_a_document_on_debian_and_a_resource_elsewhere() {
        let debian = with_licences("deb", "here.txt");
        let file = "/bundle/linux/deb/files/~1usr~1share~1doc~1amberglass~1THIRD-PARTY.txt";
        assert_eq!(debian.pointer(file), Some(&json!("here.txt")));
        assert_eq!(with_licences("dmg", "a.txt"), json!({ "bundle": { "resources": { "a.txt": "THIRD-PARTY.txt" } } }));
    }
}
