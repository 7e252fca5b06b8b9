//! The lints for the systems this machine is not; `wine` runs what of Windows can be run here.
//!
//! Clippy compiles no Rust to machine code and links nothing, but build scripts of dependencies do compile C. No C compiler
//! for macOS can be installed on Linux, and MinGW would take its time for what nobody links, so two scripts stand in that
//! write empty files: all Rust code is checked, C code is not. `wine` compiles that for Windows, too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command;
use crate::repository::Repository;

pub const WINDOWS: &str = "x86_64-pc-windows-gnu";
pub const MACOS: &str = "aarch64-apple-darwin";

/// All but the tests that drive X11 windows, signals and process groups, and exist only on Linux.
pub const ALL: &[&str] = &["--workspace", "--exclude", "amberglass-tests", "--all-targets"];

/// What people of these systems install, with all of ours that it is made of: whatever is not known to stay here.
pub const SHIPPED: &[&str] = &[
    "--workspace",
    "--exclude=amberglass-demo-portal",
    "--exclude=amberglass-fuzz-targets",
    "--exclude=amberglass-server",
    "--exclude=amberglass-testkit",
    "--exclude=amberglass-tests",
    "--exclude=xtask",
    "--lib",
    "--bins",
];

/// With the lints that hold on Linux, of [`ALL`] or of what is [`SHIPPED`]. One command for both systems: what runs while
/// compiling is compiled once, and neither processor waits for the end of one system's check.
///
/// # Errors
/// If the program does not compile for one of the systems, or a lint finds something.
pub fn check(repository: &Repository, packages: &[&str]) -> Result<()> {
    let stand_ins = StandIns::write(&repository.memory()?.join("stand-ins"))?;
    let mut cargo = command::cargo(repository);
    cargo.args(["clippy", "--locked"]).args(packages);
    for target in [WINDOWS, MACOS] {
        let name = target.replace('-', "_");
        cargo.args(["--target", target]);
        for (tool, stand_in) in [
            ("CC", &stand_ins.compiler),
            ("CXX", &stand_ins.compiler),
            ("AR", &stand_ins.archiver),
            ("RANLIB", &stand_ins.archiver),
        ] {
            cargo.env(format!("{tool}_{name}"), stand_in);
        }
    }
    command::run(cargo.env("SDKROOT", &stand_ins.folder).args(["--", "-D", "warnings"]))
}

struct StandIns {
    folder: PathBuf,
    compiler: PathBuf,
    archiver: PathBuf,
}

const COMPILER: &str = r#"#!/bin/sh
# Stands in for a C compiler: an empty object wherever one is asked for.
while [ $# -gt 0 ]; do
    if [ "$1" = -o ] && [ $# -gt 1 ]; then
        : > "$2"
        shift
    fi
    shift
done
"#;

const ARCHIVER: &str = r#"#!/bin/sh
# Stands in for an archiver: called as `ar OPERATION ARCHIVE OBJECT...`, it leaves an archive without members.
if [ $# -gt 1 ]; then
    printf '!<arch>\n' > "$2"
fi
"#;

impl StandIns {
    fn write(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self {
            compiler: script(folder, "cc", COMPILER)?,
            archiver: script(folder, "ar", ARCHIVER)?,
            folder: folder.to_path_buf(),
        })
    }
}

/// Written only when it differs: a new time would run the build scripts again that depend on it.
fn script(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(path);
    }
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("making {} executable", path.display()))?;
    }
    Ok(path)
}
