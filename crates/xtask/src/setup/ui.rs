//! Node, the UI's packages, and those of what only tests run with it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;
use crate::repository::Repository;
use crate::setup::rust::version;

/// What vite 8 asks for.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// # Errors
/// If Node or npm is missing, or Node too old.
pub fn check_node(repository: &Repository) -> Result<()> {
    let (major, minor) = OLDEST_NODE;
    let Ok(answer) = command::output(command::program(repository, "node").arg("--version")) else {
        bail!(
            "the UI is built with Node, and there is no `node` on the search path. Install Node {major}.{minor} or newer with its npm"
        );
    };
    if version(&answer).is_none_or(|found| found < OLDEST_NODE) {
        bail!("the UI is built with Node {major}.{minor} or newer, and this is {}. Install a newer one", answer.trim());
    }
    if !cfg!(windows) && command::on_path("npm").is_none() {
        bail!(
            "Node is there, but its `npm` is not. Install npm, which most distributions ship as a package of its own"
        );
    }
    Ok(())
}

/// Brings `ui/node_modules` to what the lock file says.
///
/// # Errors
/// If the lock file can't be read or npm fails.
pub fn install_packages(repository: &Repository) -> Result<bool> {
    install_into(repository, &repository.ui())
}

/// The same for the OpenID Connect provider that the server's tests sign in with.
///
/// # Errors
/// If the lock file can't be read or npm fails.
pub fn install_test_packages(repository: &Repository) -> Result<bool> {
    install_into(repository, &repository.root().join("tests").join("fixtures").join("openid-provider"))
}

fn install_into(repository: &Repository, folder: &Path) -> Result<bool> {
    let wanted = read(&folder.join("package-lock.json")).context("the lock file names the packages")?;
    // npm writes this one last, so it is missing after an installation that was cut off.
    let there = read(&folder.join("node_modules").join(".package-lock.json"));
    if there.is_ok_and(|there| is_what_the_lock_file_says(&wanted, &there)) {
        return Ok(false);
    }
    // No package's own install script runs on the machine of whoever builds this.
    let mut npm = command::npm(repository);
    npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    command::run(&mut npm)?;
    Ok(true)
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// Each package that is there is in the lock file in this version, and each that has to be there is there. Optional ones
/// are for other systems.
fn is_what_the_lock_file_says(wanted: &Value, there: &Value) -> bool {
    let packages = |lock: &Value| lock.get("packages").and_then(Value::as_object).cloned().unwrap_or_default();
    let (wanted, there) = (packages(wanted), packages(there));
    let same = |left: Option<&Value>, right: &Value| {
        left.is_some_and(|left| {
            ["version", "integrity", "link"].iter().all(|field| left.get(field) == right.get(field))
        })
    };
    let optional = |package: &Value| {
        ["optional", "devOptional"].iter().any(|field| package.get(field) == Some(&Value::Bool(true)))
    };
    // The entry without a name is the UI itself.
    !there.is_empty()
        && there.iter().all(|(path, package)| same(wanted.get(path), package))
        && wanted
            .iter()
            .filter(|(path, _)| !path.is_empty())
            .all(|(path, package)| optional(package) || there.contains_key(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted() -> Value {
        json!({"packages": {
            "": {"name": "ui"},
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"},
            "node_modules/a-darwin": {"version": "1.0.0", "integrity": "sha512-b", "optional": true},
        }})
    }

    #[test]
    fn packages_as_in_the_lock_file_are_left_alone() {
        let there = json!({"packages": {"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"}}});
        assert!(is_what_the_lock_file_says(&wanted(), &there));
    }

    #[test]
    fn another_version_a_missing_package_and_a_left_over_one_are_seen() {
        for there in [
            json!({"packages": {"node_modules/a": {"version": "1.0.1", "integrity": "sha512-a"}}}),
            json!({"packages": {"node_modules/a-darwin": {"version": "1.0.0", "integrity": "sha512-b", "optional": true}}}),
            json!({"packages": {"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"}, "node_modules/z": {"version": "1.0.0"}}}),
            json!({}),
        ] {
            assert!(!is_what_the_lock_file_says(&wanted(), &there), "{there}");
        }
    }
}
