//! What of Windows can be run on Linux.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command;
use crate::platforms::WINDOWS;
use crate::repository::Repository;

/// What is the same everywhere, and has tests that need nothing of Linux.
const EVERYWHERE: [&str; 4] = ["amberglass-wire", "amberglass-domain", "amberglass-overlay", "amberglass-journal"];
/// Debian has it off the search path.
const DEBIANS_WINE: &str = "/usr/lib/wine/wine64";

/// Rust's standard library takes its random bytes from a library of Windows that Wine has only since version 9.
const RANDOM_BYTES: &str = "#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return SystemFunction036(data, (ULONG)length);
}
";

/// The console for Windows linked in full, and the unit tests of what is the same everywhere run as Windows programs.
///
/// # Errors
/// If one of them does not link, a test fails, or there is no Wine.
pub fn run(repository: &Repository) -> Result<()> {
    let mut link = command::cargo(repository);
    link.args(["build", "--locked", "--package", "amberglass", "--bin", "amberglass", "--target", WINDOWS]);
    command::run(link.args(["--features", "custom-protocol"]))?;

    let folder = repository.memory()?.join("wine");
    let libraries = folder.join("libraries");
    fs::create_dir_all(&libraries).with_context(|| format!("making {}", libraries.display()))?;
    add_random_bytes(repository, &libraries)?;
    let mut cargo = command::cargo(repository);
    cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", wine()?);
    // A Windows of its own, and no word about what Wine has not built in.
    cargo.env("WINEPREFIX", folder.join("prefix")).env("WINEDEBUG", "-all");
    cargo.env("WINEPATH", format!("Z:{}", libraries.display()).replace('/', "\\"));
    cargo.args(["test", "--locked", "--lib", "--target", WINDOWS]);
    for package in EVERYWHERE {
        cargo.args(["--package", package]);
    }
    command::run(&mut cargo)
}

fn wine() -> Result<PathBuf> {
    let found = command::on_path("wine64").or_else(|| command::on_path("wine"));
    let debians = || Some(PathBuf::from(DEBIANS_WINE)).filter(|path| path.exists());
    found.or_else(debians).context("Wine runs the Windows programs, and it is not here")
}

fn add_random_bytes(repository: &Repository, libraries: &Path) -> Result<()> {
    let source = libraries.join("random_bytes.c");
    fs::write(&source, RANDOM_BYTES).with_context(|| format!("writing {}", source.display()))?;
    let mut compiler = command::program(repository, "x86_64-w64-mingw32-gcc");
    compiler.arg("-shared").arg("-o").arg(libraries.join("bcryptprimitives.dll")).arg(&source).arg("-ladvapi32");
    command::run(&mut compiler)
}
