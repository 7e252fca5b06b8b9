//! What people install: the console's package for the system this runs on, on Linux the server's too, and lists of what
//! is in them. All of it lies in `target/bundle` afterwards.

use std::env::consts::OS;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

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
    let folder = repository.target().join("bundle");
    // Packages of an earlier version must not lie beside those of this one.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;

    ui_bundle::build_if_older_than_its_sources(repository)?;
    console(repository, kind, &folder)?;
    if OS == "linux" {
        server(repository, &folder)?;
    }
    materials(repository, &folder)?;
    println!("the packages are in {}:", folder.display());
    for file in names_in(&folder)? {
        println!("  {file}");
    }
    Ok(())
}

/// tauri's own bundler knows what each system expects of a desktop program.
fn console(repository: &Repository, kind: &str, folder: &Path) -> Result<()> {
    let tauri = repository.ui().join("node_modules").join("@tauri-apps").join("cli").join("tauri.js");
    let mut build = command::program(repository, "node");
    // By name: the console is not among what cargo builds unasked.
    build.arg(tauri).args(["build", "--ci", "--bundles", kind, "--", "--locked", "--package", "amberglass"]);
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

fn is_package(name: &str) -> bool {
    ["deb", "dmg", "exe"].iter().any(|kind| Path::new(name).extension().is_some_and(|found| found == *kind))
}

/// The table `[package.metadata.deb]` of its Cargo.toml says what is in it.
fn server(repository: &Repository, folder: &Path) -> Result<()> {
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
fn materials(repository: &Repository, folder: &Path) -> Result<()> {
    let mut list = command::cargo(repository);
    list.args(["cyclonedx", "--format", "json", "--describe", "binaries", "--features", "custom-protocol"]);
    // Of the system that this runs on, as the packages are.
    list.args(["--target", &host(repository)?]);
    command::run(&mut list)?;
    // It writes one beside each Cargo.toml of the workspace and asks nobody where.
    for path in repository.lists_of_materials()? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let of_package = ["amberglass_bin", "amberglass-server_bin", "amberglass-verify_bin"];
        if of_package.iter().any(|program| name == format!("{program}.cdx.json")) {
            copy(&path, &folder.join(name.replace("_bin", "")))?;
        }
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    let mut pages = command::npm(repository);
    // What the pages are built with stands beside what is in them: a part of Svelte goes along, and npm counts it to the tools.
    pages.args(["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]);
    let pages = command::output(&mut pages)?;
    fs::write(folder.join("amberglass-pages.cdx.json"), pages).context("writing the list of the pages")
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
