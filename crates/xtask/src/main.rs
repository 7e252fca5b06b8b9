//! The one tool of the repository: people, the README and CI call `cargo xtask VERB` and nothing else.
//!
//! It starts other programs and reads files; it must never depend on a crate of the product, so that it builds in
//! seconds on a machine that has only Rust, a C linker and Node. Start reading at [`gate`] for what a change has to
//! pass, at [`setup`] for what a machine has to have.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command-line tool: it speaks on its standard output"
)]

mod bench;
mod bundle;
mod cargo_metadata;
mod command;
mod demo;
mod fuzz;
mod gate;
mod platforms;
mod repository;
mod setup;
mod stopwatch;
mod tidy;
mod ui_bundle;
mod wine;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use crate::repository::Repository;
use crate::setup::{More, Scope};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs and checks Amberglass")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing to build, run and check everything (every other verb does its share of this first)
    Setup,
    /// Run the whole product on this machine: server, sample portal, console. Ctrl-C ends all of it
    Demo {
        /// Do the main job without a screen and write screenshots, trail.jsonl and demo.json into DIR
        #[arg(long, value_name = "DIR")]
        headless: Option<PathBuf>,
    },
    /// Run every check a change has to pass, or only the named parts
    Test {
        #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(gate::part_names()))]
        parts: Vec<String>,
        /// Also what takes too long for every change and has to pass before a release: all attacks, Windows programs in Wine, packages installed in a bare system, ten minutes of fuzzing each
        #[arg(long)]
        release: bool,
    },
    /// Feed what the gateway decides on what a fuzzer makes up: all targets, or one
    Fuzz {
        target: Option<String>,
        /// For each target
        #[arg(long, default_value_t = fuzz::MINUTES, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
    },
    /// Build what people install, into target/bundle: the console for the system this runs on, on Linux the server too, and lists of what is in them
    Bundle,
    /// Lint the whole program for Windows and macOS from Linux
    CheckPlatforms,
    /// Run one benchmark; its last line is its result as JSON
    Bench {
        name: String,
        /// For the benchmark itself, such as `--rounds 20`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    let repository = Repository::find()?;
    match verb {
        Verb::Setup => {
            let changed = setup::run(&repository, Scope::EVERYTHING)?;
            println!("{}", if changed { "setup: done" } else { "setup: everything is there" });
            Ok(ExitCode::SUCCESS)
        }
        Verb::Demo { headless } => {
            setup::run(&repository, if headless.is_some() { Scope::HEADLESS_DEMO } else { Scope::DEMO })?;
            demo::run(&repository, headless.as_deref())
        }
        Verb::Test { parts, release } => {
            let wants = |name: &str| release || parts.iter().any(|part| part == name);
            let more = More { fuzzer: wants(gate::FUZZ), wine: wants(gate::WINE), packages: wants(gate::PACKAGES) };
            setup::run(&repository, Scope::GATE.and(more))?;
            gate::run(&repository, &parts, release)
        }
        Verb::Fuzz { target, minutes } => {
            setup::run(&repository, Scope::FUZZ)?;
            fuzz::run(&repository, target.as_deref(), minutes)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Bundle => {
            setup::run(&repository, Scope::BUNDLE)?;
            bundle::run(&repository)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::CheckPlatforms => {
            setup::run(&repository, Scope::PLATFORMS)?;
            ui_bundle::build_if_older_than_its_sources(&repository)?;
            platforms::check(&repository, platforms::ALL)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Bench { name, arguments } => {
            let benchmark = bench::named(&name)?;
            setup::run(&repository, Scope::BENCH)?;
            bench::run(&repository, benchmark, &arguments)
        }
    }
}
