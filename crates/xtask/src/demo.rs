//! The whole product on one machine. What is started, and in which order, is the program `amberglass-demo`'s part.

use std::path::{self, Path};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::command;
use crate::repository::Repository;
use crate::ui_bundle;

/// Builds what the demo needs and becomes it.
///
/// # Errors
/// If something can't be built or the demo can't be started.
pub fn run(repository: &Repository, headless: Option<&Path>) -> Result<ExitCode> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    build_programs(repository, headless.is_some())?;

    let programs = repository.target().join("debug");
    let mut demo =
        command::program(repository, programs.join(format!("amberglass-demo{}", std::env::consts::EXE_SUFFIX)));
    demo.arg("--bin-dir").arg(&programs);
    if let Some(folder) = headless {
        // As the caller's folder sees it, not as the top of the repository does.
        demo.arg("--headless").arg(path::absolute(folder).context("the folder for the screenshots")?);
    }
    command::become_program(&mut demo)
}

/// Builds all programs of the product.
///
/// Always the whole workspace and never single packages: cargo joins the features of what it is asked for, and another
/// set of packages would compile half of the dependencies a second time. Without this tool, because on some systems a
/// running program can't be replaced.
///
/// # Errors
/// If the build fails.
pub fn build_programs(repository: &Repository, automation: bool) -> Result<()> {
    let mut cargo = command::cargo(repository);
    cargo.args(["build", "--workspace", "--exclude", "xtask", "--bins"]);
    if automation {
        cargo.args(["--features", "automation"]);
    }
    command::run(&mut cargo)
}
