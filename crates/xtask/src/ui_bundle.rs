//! `ui/dist`, which the desktop package embeds: without it that package does not compile.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result};

use crate::command;
use crate::repository::Repository;

/// Builds the UI unless the last build had the very same sources.
///
/// # Errors
/// If the sources can't be read or the build fails.
pub fn build_if_older_than_its_sources(repository: &Repository) -> Result<()> {
    let built = fs::read_to_string(stamp(repository)?).unwrap_or_default();
    let there = fs::read_dir(repository.ui().join("dist")).is_ok_and(|mut files| files.next().is_some());
    if there && built == fingerprint(repository)? {
        return Ok(());
    }
    build(repository)
}

/// Builds the UI.
///
/// # Errors
/// If the sources can't be read or the build fails.
pub fn build(repository: &Repository) -> Result<()> {
    let fingerprint = fingerprint(repository)?;
    command::run(command::npm(repository).args(["run", "build"]))?;
    fs::write(stamp(repository)?, fingerprint).context("remembering what the UI was built from")
}

fn stamp(repository: &Repository) -> Result<std::path::PathBuf> {
    Ok(repository.memory()?.join("ui-built-from"))
}

/// By content, not by time: a checkout gives every file a new time.
fn fingerprint(repository: &Repository) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in repository.paths("ui")? {
        path.hash(&mut hasher);
        fs::read(repository.root().join(&path)).with_context(|| format!("reading {path}"))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
