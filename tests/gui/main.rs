//! Real windows on a desk without a screen: the console is the built program, driven as a person drives it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod attacks;
mod curtain;
mod first_run;
mod instances;
mod lifetime;
mod main_job;
mod refusals;

use std::path::PathBuf;

/// One desk at a time: two would share two cores, and say nothing more.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The folder of the built programs. `cargo xtask test build` fills it.
fn bin_dir() -> PathBuf {
    let helper = PathBuf::from(env!("CARGO_BIN_EXE_amberglass-sign-in"));
    let folder = helper.parent().expect("a folder").to_owned();
    for program in ["amberglass", "amberglass-server", "amberglass-demo-portal"] {
        assert!(folder.join(program).exists(), "{program} is not built: run `cargo xtask test build` first");
    }
    folder
}
