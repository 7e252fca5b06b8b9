//! Measures. Started by `cargo xtask bench NAME`, which has built what this starts.

#![allow(clippy::print_stdout, reason = "this program speaks to the person who started it")]

use std::path::PathBuf;

use amberglass_tests::bench::{revocation, start};
use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

/// Measures one thing and tells it; the last line is the result as JSON.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// From the click on Start to the painted portal beside a bare window, and memory beside Chromium.
    Start {
        /// Where the built programs are.
        #[arg(long)]
        bin_dir: PathBuf,
        /// The UI built for any browser (`npm run gallery`).
        #[arg(long)]
        ui: PathBuf,
        #[arg(long, default_value_t = 20)]
        pairs: u32,
        #[arg(long, default_value_t = 3)]
        memory_rounds: u32,
    },
    /// From a revocation, and from the last that was heard, to the order to cover the page.
    Revocation {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let measuring = async {
        match Arguments::parse().benchmark {
            Benchmark::Start { bin_dir, ui, pairs, memory_rounds } => {
                let setting = start::Setting { bin_dir, ui, pairs, memory_rounds };
                start::run(&setting, &mut std::io::stdout()).await
            }
            Benchmark::Revocation { rounds } => {
                revocation::run(&revocation::Setting { rounds }, &mut std::io::stdout()).await
            }
        }
    };
    // Whatever runs ends with what holds it.
    tokio::select! {
        measured = measuring => measured,
        _ = tokio::signal::ctrl_c() => bail!("stopped before the end"),
    }
}
