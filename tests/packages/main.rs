//! What `cargo xtask bundle` has made: installed in a bare Debian, used there, and taken out again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod attaching;
mod bare_system;
mod installed;

use std::path::{Path, PathBuf};

/// The folder of the packages.
fn bundle() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("bundle")
}

/// The one package whose file name begins like this.
fn package(beginning: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir(bundle())
        .expect("the packages are made by `cargo xtask bundle`")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(beginning))
        .collect();
    assert_eq!(found.len(), 1, "{beginning}: {found:?}");
    found.remove(0)
}

fn console_package() -> PathBuf {
    package("Amberglass_")
}

fn server_package() -> PathBuf {
    package("amberglass-server_")
}
