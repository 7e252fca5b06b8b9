//! Real windows on a desk without a screen: the console is the built program, driven as a person drives it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod absence;
mod approval;
mod attack_suite;
mod attacks;
mod beside_the_clock;
mod between;
mod clipboard;
mod curtain;
mod downloads;
mod engine_sandbox;
mod first_run;
mod foreign_code;
mod instances;
mod leaves_nothing;
mod lifetime;
mod main_job;
mod one_write;
mod refusals;
mod resting;
mod spoken;
mod stuck;
mod wayland;

use std::path::PathBuf;

use amberglass_tests::workplace::{Setting, Workplace};

/// One desk at a time: two would share two cores, and say nothing more.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The folder of the built programs.
fn bin_dir() -> PathBuf {
    amberglass_tests::stack::programs_beside(env!("CARGO_BIN_EXE_amberglass-sign-in"))
}

/// A desk at which an agent has signed in, and a portal whose pages attack the session window and try to reach this other origin.
async fn hostile_place(other: &str) -> Workplace {
    let programs = bin_dir();
    let setting = Setting { hostile: Some(other.to_owned()), ..Setting::usual(&programs) };
    let place = Workplace::open(setting).await.unwrap();
    place.sign_in().await.unwrap();
    place
}
