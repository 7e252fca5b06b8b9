//! Real windows on a desk without a screen: the console is the built program, driven as a person drives it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod absence;
mod approval;
mod attack_suite;
mod attacks;
mod beside_the_clock;
mod curtain;
mod downloads;
mod first_run;
mod instances;
mod leaves_nothing;
mod lifetime;
mod main_job;
mod one_write;
mod refusals;

use std::path::PathBuf;

/// One desk at a time: two would share two cores, and say nothing more.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The folder of the built programs.
fn bin_dir() -> PathBuf {
    amberglass_tests::stack::programs_beside(env!("CARGO_BIN_EXE_amberglass-sign-in"))
}
