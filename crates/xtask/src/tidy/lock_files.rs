//! Lock files say versions and checksums, never a machine's own way to a registry; and they are current.

use anyhow::Result;

use crate::command;
use crate::repository::{Repository, SourceFile};
use crate::tidy::{Finding, numbered};

/// How cargo writes its default registry, wherever that is reached on a machine.
const DEFAULT_REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

pub fn check(sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        for (number, line) in numbered(&file.text) {
            if let Some(word) = word_for(name, line.trim()) {
                findings.push(Finding::new(&file.path, number, word));
            }
        }
    }
    findings
}

fn word_for(file_name: &str, line: &str) -> Option<&'static str> {
    match file_name {
        "Cargo.lock" if line.starts_with("source = ") && line != DEFAULT_REGISTRY => {
            Some("crates come from the default registry")
        }
        "package-lock.json" if line.starts_with("\"resolved\": \"") && !line.starts_with("\"resolved\": \"file:") => {
            Some(
                "names a registry's host: set omit-lockfile-registry-resolved=true in .npmrc and write the lock file again",
            )
        }
        ".npmrc" if line.contains("registry=") || line.contains("registry =") || line.contains("_auth") => {
            Some("which registry is used is the machine's own affair")
        }
        "config.toml" if line.starts_with("[source") || line.starts_with("[registries") => {
            Some("which registry is used is the machine's own affair")
        }
        _ => None,
    }
}

/// In a fresh clone, starting this tool has let cargo write what was missing in the lock file.
///
/// # Errors
/// If git can't tell.
pub fn changed_since_the_commit(repository: &Repository) -> Result<Option<Finding>> {
    if !command::in_ci() {
        return Ok(None);
    }
    let changed =
        command::output(command::program(repository, "git").args(["diff", "--name-only", "HEAD", "--", "Cargo.lock"]))?;
    Ok((!changed.trim().is_empty())
        .then(|| Finding::new("Cargo.lock", 0, "was not current when it was committed: run cargo check and commit it")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn count(path: &str, text: &str) -> usize {
        check(&[file(path, text)]).len()
    }

    #[test]
    fn a_lock_file_that_names_another_source_is_found() {
        assert_eq!(count("Cargo.lock", &format!("name = \"a\"\n{DEFAULT_REGISTRY}\n")), 0);
        assert_eq!(count("Cargo.lock", "source = \"git+https://example.org/a\"\n"), 1);
        assert_eq!(count("ui/package-lock.json", "      \"resolved\": \"https://mirror.example.org/a.tgz\",\n"), 1);
        assert_eq!(count("ui/package-lock.json", "      \"integrity\": \"sha512-a\",\n"), 0);
    }

    #[test]
    fn a_configuration_that_names_a_registry_is_found() {
        assert_eq!(count("ui/.npmrc", "registry=https://mirror.example.org\n"), 1);
        assert_eq!(count("ui/.npmrc", "omit-lockfile-registry-resolved=true\n"), 0);
        assert_eq!(count(".cargo/config.toml", "[source.crates-io]\n"), 1);
    }
}
