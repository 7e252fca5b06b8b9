//! Starting other programs: what they print streams through, how they ended is told in words.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::repository::Repository;

/// Variables that `cargo run` sets for this tool. Build scripts of dependencies watch some of them, so handing them on
/// would rebuild these crates each time somebody goes from `cargo xtask` to plain `cargo` or back.
const SET_BY_CARGO_RUN: &[&str] =
    &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];

/// A program started at the top of the repository, without input.
pub fn program(repository: &Repository, name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(repository.root()).stdin(Stdio::null());
    for (variable, _) in env::vars_os() {
        let text = variable.to_string_lossy();
        if SET_BY_CARGO_RUN.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// Cargo, the one that runs this tool.
pub fn cargo(repository: &Repository) -> Command {
    let mut command = program(repository, env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if in_ci() {
        // Nothing is built twice in a fresh clone, so what incremental builds keep would only cost time and disk.
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_TERM_COLOR", "never");
    }
    command
}

/// npm in the UI's folder.
pub fn npm(repository: &Repository) -> Command {
    let mut command = program(repository, if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(repository.ui());
    command
}

pub fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// Runs the command to its end; its output streams through.
///
/// # Errors
/// If it can't be started or ends with anything but success.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("+ {line}");
    let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs the command quietly and returns what it printed on standard output.
///
/// # Errors
/// If it can't be started or ends with anything but success; its standard error is part of the word.
pub fn output(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command.output().with_context(|| format!("`{line}` could not be started"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// Becomes the command where the system can do that, so that signals and the exit code are the command's own.
///
/// # Errors
/// If it can't be started.
pub fn become_program(command: &mut Command) -> Result<ExitCode> {
    let line = line_of(command);
    command.stdin(Stdio::inherit());
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(command);
        Err(error).with_context(|| format!("`{line}` could not be started"))
    }
    #[cfg(not(unix))]
    {
        let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok(ExitCode::from(code))
    }
}

/// Where a program is on the search path, if it is there.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

fn line_of(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}
