//! What cargo says about the members of the workspace.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command;
use crate::repository::Repository;

#[derive(Deserialize)]
pub struct Workspace {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    #[serde(default)]
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` for normal ones, else `dev` or `build`.
    pub kind: Option<String>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

impl Workspace {
    /// # Errors
    /// If cargo can't read the workspace, or the lock file is not current.
    pub fn read(repository: &Repository) -> Result<Self> {
        let mut cargo = command::cargo(repository);
        cargo.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
        serde_json::from_str(&command::output(&mut cargo)?).context("cargo metadata printed something unexpected")
    }

    /// The names of the test binaries beside the unit tests, without repetition.
    pub fn integration_tests(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .packages
            .iter()
            .flat_map(|package| &package.targets)
            .filter(|target| target.kind.iter().any(|kind| kind == "test"))
            .map(|target| target.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
