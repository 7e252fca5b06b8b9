//! Debian and Ubuntu: `dpkg-query` tells what is missing, `apt-get` brings it.

use std::io::{self, IsTerminal};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::repository::Repository;
use crate::setup::packages::{PACKAGES, Package, Purpose};

/// # Errors
/// If something is missing and can't be installed: no right to do so, or apt-get failed.
pub fn install_missing(repository: &Repository, wanted: &[&Package]) -> Result<bool> {
    // Exits with 1 as soon as one name is unknown to it, so its exit code says nothing here.
    let answer = command::program(repository, "dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"])
        .args(PACKAGES.iter().map(|package| package.name))
        .stderr(Stdio::null())
        .output()?;
    let mut missing = missing(wanted, &String::from_utf8_lossy(&answer.stdout));
    // A browser may come from elsewhere: Ubuntu has this one only as a snap, and then the one without a window not at all.
    let is_there = |package: &Package| package.purpose == Purpose::Browser && package.probe.finds_program();
    let has_browser = wanted.iter().any(|package| is_there(package));
    missing.retain(|package| {
        package.purpose != Purpose::Browser
            || (!is_there(package) && (!has_browser || is_known(repository, package.name)))
    });
    if missing.is_empty() {
        return Ok(false);
    }
    println!("setup: these system packages are missing");
    for package in &missing {
        println!("  {:<30}{}", package.name, package.reason);
    }

    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let Some(privilege) = privilege(repository) else {
        bail!(
            "installing system packages needs root. Run this, then the same command again:\n\n  \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {}\n",
            names.join(" ")
        );
    };
    let update = command::run(apt_get(repository, privilege).arg("update"));
    if let Err(error) = update {
        // A source of somebody else may be down; whether that matters the installation tells.
        println!("setup: {error:#}; trying with the lists that are there");
    }
    command::run(apt_get(repository, privilege).args(["install", "-y", "--no-install-recommends"]).args(names))
        .context("if it is only the browser that apt does not have, as on Ubuntu, run: sudo snap install chromium")?;
    Ok(true)
}

/// Whether apt could bring it.
fn is_known(repository: &Repository, name: &str) -> bool {
    command::output(command::program(repository, "apt-cache").args(["show", name])).is_ok()
}

/// What `dpkg-query` does not call installed, in the order of the table.
fn missing<'table>(wanted: &[&'table Package], answer: &str) -> Vec<&'table Package> {
    let installed: Vec<&str> = answer.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    wanted.iter().copied().filter(|package| !installed.contains(&package.name)).collect()
}

/// What has to stand before a command so that it runs as root.
fn privilege(repository: &Repository) -> Option<&'static [&'static str]> {
    let says =
        |name: &str, arguments: &[&str]| command::output(command::program(repository, name).args(arguments)).ok();
    if says("id", &["-u"]).is_some_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    if says("sudo", &["-n", "true"]).is_some() {
        return Some(&["sudo", "-n"]);
    }
    // It asks for the password, so somebody has to be there.
    (command::on_path("sudo").is_some() && io::stdin().is_terminal()).then_some(&["sudo"])
}

fn apt_get(repository: &Repository, privilege: &[&str]) -> std::process::Command {
    // `env` and not this process's variables: sudo hands none on.
    let mut words = privilege.iter().chain(&[
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-o",
        "DPkg::Lock::Timeout=120",
    ]);
    let mut apt_get = command::program(repository, words.next().copied().unwrap_or("apt-get"));
    apt_get.args(words);
    if privilege == ["sudo"] {
        apt_get.stdin(Stdio::inherit());
    }
    apt_get
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_but(gone: &str) -> String {
        PACKAGES
            .iter()
            .filter(|package| package.name != gone)
            .map(|package| format!("{} installed\n", package.name))
            .collect()
    }

    fn names(answer: &str) -> Vec<&'static str> {
        missing(&PACKAGES.iter().collect::<Vec<_>>(), answer).iter().map(|package| package.name).collect()
    }

    #[test]
    fn a_package_dpkg_does_not_know_is_missing() {
        assert_eq!(names(&all_but("xvfb")), ["xvfb"]);
        assert!(names(&all_but("nothing of ours")).is_empty());
        assert_eq!(names("").len(), PACKAGES.len());
    }

    #[test]
    fn a_package_that_was_removed_but_left_its_configuration_is_missing() {
        assert_eq!(names(&(all_but("dunst") + "dunst config-files\n")), ["dunst"]);
    }

    #[test]
    fn a_package_whose_name_begins_like_an_installed_one_is_missing_all_the_same() {
        assert_eq!(names(&(all_but("dbus") + "dbus-user-session installed\n")), ["dbus"]);
    }
}
