//! Rust's own parts: targets, clippy, rustfmt and a nightly compiler by rustup; verbs that cargo does not bring itself by cargo.

use anyhow::{Context, Result};

use crate::command;
use crate::platforms;
use crate::repository::Repository;

/// The version that is installed where there is none. It builds with the toolchain that the repository pins.
const CARGO_DENY: &str = "0.20.2";
/// The oldest one that reads `deny.toml` as it is written.
const OLDEST_CARGO_DENY: (u32, u32) = (0, 18);

const CARGO_FUZZ: &str = "0.13.2";
const OLDEST_CARGO_FUZZ: (u32, u32) = (0, 12);

const CARGO_DEB: &str = "3.8.0";
const OLDEST_CARGO_DEB: (u32, u32) = (3, 0);

const CARGO_CYCLONEDX: &str = "0.5.9";
const OLDEST_CARGO_CYCLONEDX: (u32, u32) = (0, 5);

/// # Errors
/// If rustup is not there or can't add one.
pub fn add_missing_targets(repository: &Repository) -> Result<bool> {
    let installed = rustup(repository, &["target", "list", "--installed"])?;
    let missing: Vec<&str> =
        [platforms::WINDOWS, platforms::MACOS].into_iter().filter(|target| !has_line(&installed, target)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    command::run(command::program(repository, "rustup").args(["target", "add"]).args(missing))?;
    Ok(true)
}

/// # Errors
/// If rustup is not there, or one of them can't be installed.
pub fn add_missing_judges(repository: &Repository) -> Result<bool> {
    let mut changed = false;
    let installed = rustup(repository, &["component", "list", "--installed"])?;
    let missing: Vec<&str> =
        ["clippy", "rustfmt"].into_iter().filter(|name| !has_component(&installed, name)).collect();
    if !missing.is_empty() {
        command::run(command::program(repository, "rustup").args(["component", "add"]).args(missing))?;
        changed = true;
    }
    Ok(add_missing_verb(repository, "deny", CARGO_DENY, OLDEST_CARGO_DENY)? || changed)
}

/// Fuzzing asks the compiler for what only a nightly one gives. Any will do: nothing that is shipped is built with it.
///
/// # Errors
/// If rustup is not there, or one of them can't be installed.
pub fn add_missing_fuzzer(repository: &Repository) -> Result<bool> {
    let mut changed = false;
    let installed = rustup(repository, &["toolchain", "list"])?;
    if !installed.lines().any(is_nightly) {
        command::run(command::program(repository, "rustup").args([
            "toolchain",
            "install",
            "nightly",
            "--profile",
            "minimal",
        ]))?;
        changed = true;
    }
    Ok(add_missing_verb(repository, "fuzz", CARGO_FUZZ, OLDEST_CARGO_FUZZ)? || changed)
}

/// # Errors
/// If one of them can't be installed.
pub fn add_missing_packagers(repository: &Repository) -> Result<bool> {
    let mut changed = add_missing_verb(repository, "cyclonedx", CARGO_CYCLONEDX, OLDEST_CARGO_CYCLONEDX)?;
    if cfg!(target_os = "linux") {
        changed |= add_missing_verb(repository, "deb", CARGO_DEB, OLDEST_CARGO_DEB)?;
    }
    Ok(changed)
}

/// One of a certain day is another toolchain, which `rustup run nightly` does not take.
fn is_nightly(listed: &str) -> bool {
    listed.strip_prefix("nightly-").is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// A verb of cargo's that does not come with it.
fn add_missing_verb(repository: &Repository, verb: &str, wanted: &str, oldest: (u32, u32)) -> Result<bool> {
    let there = command::output(command::cargo(repository).args([verb, "--version"])).unwrap_or_default();
    if version(&there).is_some_and(|found| found >= oldest) {
        return Ok(false);
    }
    println!("setup: building cargo-{verb} {wanted}, which takes about a minute");
    // Unoptimised: it builds in a quarter of the time and still answers in seconds.
    command::run(
        command::cargo(repository)
            .args(["install", &format!("cargo-{verb}"), "--version", wanted, "--locked", "--debug", "--force"])
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0"),
    )?;
    Ok(true)
}

fn rustup(repository: &Repository, arguments: &[&str]) -> Result<String> {
    command::output(command::program(repository, "rustup").args(arguments))
        .context("rustup has to be there to see to Rust's own parts")
}

fn has_line(answer: &str, wanted: &str) -> bool {
    answer.lines().any(|line| line.trim() == wanted)
}

/// Components are listed with the machine's triple behind their name.
fn has_component(answer: &str, wanted: &str) -> bool {
    answer.lines().any(|line| line.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// Major and minor out of `cargo-deny 0.20.2` or `v20.19.0`.
pub fn version(answer: &str) -> Option<(u32, u32)> {
    let word = answer.split_whitespace().last()?.trim_start_matches('v');
    let mut numbers = word.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nightly_compiler_of_a_certain_day_is_not_the_one_that_is_run() {
        assert!(is_nightly("nightly-x86_64-unknown-linux-gnu"));
        assert!(!is_nightly("nightly-2026-11-01-x86_64-unknown-linux-gnu"));
        assert!(!is_nightly("stable-x86_64-unknown-linux-gnu (default)"));
    }

    #[test]
    fn a_version_is_read_out_of_what_programs_say() {
        assert_eq!(version("cargo-deny 0.20.2\n"), Some((0, 20)));
        assert_eq!(version("v20.19.0\n"), Some((20, 19)));
        assert_eq!(version(""), None);
        assert_eq!(version("error: no such command\n"), None);
    }

    #[test]
    fn a_component_is_found_by_its_own_name_only() {
        let installed = "cargo-x86_64-unknown-linux-gnu\nclippy-x86_64-unknown-linux-gnu\n";
        assert!(has_component(installed, "clippy"));
        assert!(!has_component(installed, "rustfmt"));
        assert!(!has_component("clippyish-x86_64\n", "clippy"));
    }
}
