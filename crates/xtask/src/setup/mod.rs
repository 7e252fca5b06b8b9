//! What a machine needs. Asks first, installs only what is missing, and says in one line what it is about to do.

mod apt;
mod other_systems;
mod packages;
mod rust;
mod ui;

use std::fs;

use anyhow::Result;

use crate::repository::Repository;
use packages::{PACKAGES, Package, Purpose};

/// The share of the setup that a verb needs.
#[derive(Clone, Copy)]
pub struct Scope {
    purposes: &'static [Purpose],
    /// Standard libraries of the systems that are checked from Linux.
    cross_targets: bool,
    /// Programs that judge the code: clippy, rustfmt, cargo-deny; and what only tests run.
    judges: bool,
    more: More,
}

/// What only some verbs and parts of a release need.
#[derive(Clone, Copy, Default)]
pub struct More {
    /// A nightly compiler and cargo-fuzz.
    pub fuzzer: bool,
    /// What runs Windows programs.
    pub wine: bool,
    /// What builds packages, and tries them.
    pub packages: bool,
}

const NO_MORE: More = More { fuzzer: false, wine: false, packages: false };

impl Scope {
    pub const EVERYTHING: Self = Self::GATE.and(More { fuzzer: true, wine: true, packages: true });
    /// What a change has to pass.
    pub const GATE: Self = Self {
        purposes: &[
            Purpose::Build,
            Purpose::Windows,
            Purpose::Browser,
            Purpose::Database,
            Purpose::Peers,
            Purpose::CrossChecks,
        ],
        cross_targets: true,
        judges: true,
        more: NO_MORE,
    };
    pub const FUZZ: Self = Self::only(&[Purpose::Build]).and(More { fuzzer: true, ..NO_MORE });
    pub const DEMO: Self = Self::only(&[Purpose::Build]);
    pub const HEADLESS_DEMO: Self = Self::only(&[Purpose::Build, Purpose::Windows]);
    pub const BENCH: Self = Self::only(&[Purpose::Build, Purpose::Windows, Purpose::Browser, Purpose::Peers]);
    pub const BUNDLE: Self = Self::only(&[Purpose::Build]).and(More { packages: true, ..NO_MORE });
    pub const PLATFORMS: Self =
        Self { cross_targets: true, judges: true, ..Self::only(&[Purpose::Build, Purpose::CrossChecks]) };

    const fn only(purposes: &'static [Purpose]) -> Self {
        Self { purposes, cross_targets: false, judges: false, more: NO_MORE }
    }

    pub const fn and(self, more: More) -> Self {
        Self { more, ..self }
    }

    fn wants(&self, purpose: Purpose) -> bool {
        self.purposes.contains(&purpose)
            || (self.more.wine && purpose == Purpose::CrossRuns)
            || (self.more.packages && purpose == Purpose::Packages)
    }
}

/// Brings the machine to where the scope wants it; `false` if it was there already.
///
/// # Errors
/// If something is missing that can't be installed from here; the word says what and how.
pub fn run(repository: &Repository, scope: Scope) -> Result<bool> {
    let wanted: Vec<&Package> = PACKAGES.iter().filter(|package| scope.wants(package.purpose)).collect();
    // Before anything takes minutes: a Node that is too old ends it all.
    ui::check_node(repository)?;
    let mut changed = if debian_or_ubuntu() {
        apt::install_missing(repository, &wanted)?
    } else {
        other_systems::check(repository, &wanted)?;
        false
    };
    if scope.cross_targets && cfg!(target_os = "linux") {
        changed |= rust::add_missing_targets(repository)?;
    }
    if scope.judges {
        changed |= rust::add_missing_judges(repository)?;
    }
    if scope.more.fuzzer && cfg!(target_os = "linux") {
        changed |= rust::add_missing_fuzzer(repository)?;
    }
    if scope.more.packages {
        changed |= rust::add_missing_packagers(repository)?;
    }
    changed |= ui::install_packages(repository)?;
    if scope.judges {
        changed |= ui::install_test_packages(repository)?;
    }
    Ok(changed)
}

fn debian_or_ubuntu() -> bool {
    cfg!(target_os = "linux") && fs::read_to_string("/etc/os-release").is_ok_and(|text| says_debian(&text))
}

fn says_debian(os_release: &str) -> bool {
    os_release.lines().any(|line| {
        let value = line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")).unwrap_or_default();
        value.trim_matches('"').split(' ').any(|word| word == "debian" || word == "ubuntu")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_children_are_recognised() {
        assert!(says_debian("NAME=\"Debian GNU/Linux\"\nID=debian\n"));
        assert!(says_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!says_debian("ID=fedora\nVERSION_ID=41\n"));
        assert!(!says_debian("HOME_URL=\"https://example.org/ID=debian\"\n"));
    }
}
