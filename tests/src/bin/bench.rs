//! Measures. Started by `cargo xtask bench NAME`, which has built what this starts.

#![allow(clippy::print_stdout, reason = "this program speaks to the person who started it")]

use std::path::PathBuf;

use amberglass_testkit::Engine;
use amberglass_tests::bench::{
    audit, crash, decision, desktop, drain, gateway, journal, push, replicas, revocation, start, verify,
};
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
    /// Start, memory and idle wake-ups of the installed console, open and at rest, beside Chromium.
    Desktop {
        /// Where the packages are (`cargo xtask bundle`).
        #[arg(long)]
        packages: PathBuf,
        #[arg(long)]
        bin_dir: PathBuf,
        /// The UI built for any browser (`npm run gallery`).
        #[arg(long)]
        ui: PathBuf,
        #[arg(long, default_value_t = 12)]
        pairs: u32,
        #[arg(long, default_value_t = 3)]
        memory_rounds: u32,
        /// How long is counted how often each side wakes up.
        #[arg(long, default_value_t = 60)]
        idle_seconds: u32,
        /// Gets pictures of the two screens.
        #[arg(long)]
        pictures: Option<PathBuf>,
    },
    /// From a revocation, and from the last that was heard, to the order to cover the page.
    Revocation {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// From a lead's decision to the word of it in the console of who asked.
    Decision {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// Durable records a second, beside a connection that commits row by row.
    Journal {
        /// On a real disk.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 15)]
        rounds: u32,
        /// In the large journal.
        #[arg(long, default_value_t = 1_000_000)]
        rows: usize,
    },
    /// A long queue to a real server, beside the same rows from memory into the same table.
    Drain {
        #[arg(long)]
        bin_dir: PathBuf,
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 100_000)]
        records: usize,
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// A journal that is killed again and again.
    Crash {
        #[arg(long)]
        bin_dir: PathBuf,
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 2_000)]
        rounds: u32,
    },
    /// Records a second that the verifier checks, beside reading, parsing and hashing them.
    Verify {
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 7)]
        rounds: u32,
        #[arg(long, default_value_t = 300_000)]
        records: i64,
    },
    /// What the gateway costs, beside nginx that asks before each request.
    Gateway {
        #[arg(long)]
        bin_dir: PathBuf,
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        #[arg(long, default_value_t = 8)]
        seconds: u32,
    },
    /// What two servers on one PostgreSQL pass beside one, and how soon both refuse a session that was ended at one.
    Replicas {
        #[arg(long)]
        bin_dir: PathBuf,
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        #[arg(long, default_value_t = 8)]
        seconds: u32,
        #[arg(long, default_value_t = 30)]
        revocations: u32,
    },
    /// From an emergency stop to the last of many connected consoles, and what the server holds for each.
    Push {
        #[arg(long)]
        bin_dir: PathBuf,
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// Of as many staff; a quarter of them is measured first.
        #[arg(long, default_value_t = 2_000)]
        consoles: usize,
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// How soon lists, trails and look-ups are answered in a long audit log, on SQLite and PostgreSQL.
    Audit {
        #[arg(long)]
        bin_dir: PathBuf,
        /// On a real disk with room for the log: 1.3 GB a million.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
        #[arg(long, default_value_t = 400)]
        rounds: u32,
        /// `sqlite` or `postgres`, as often as it is given; both without it.
        #[arg(long = "engine", value_parser = audit::engine)]
        engines: Vec<Engine>,
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
            Benchmark::Desktop { packages, bin_dir, ui, pairs, memory_rounds, idle_seconds, pictures } => {
                let setting = desktop::Setting { packages, bin_dir, ui, pairs, memory_rounds, idle_seconds, pictures };
                desktop::run(&setting, &mut std::io::stdout()).await
            }
            Benchmark::Revocation { rounds } => {
                revocation::run(&revocation::Setting { rounds }, &mut std::io::stdout()).await
            }
            Benchmark::Decision { rounds } => {
                decision::run(&decision::Setting { rounds }, &mut std::io::stdout()).await
            }
            Benchmark::Journal { folder, rounds, rows } => {
                journal::run(&journal::Setting { folder, rounds, rows }, &mut std::io::stdout()).await
            }
            Benchmark::Drain { bin_dir, folder, records, rounds } => {
                drain::run(&drain::Setting { bin_dir, folder, records, rounds }, &mut std::io::stdout()).await
            }
            Benchmark::Crash { bin_dir, folder, rounds } => {
                crash::run(&crash::Setting { bin_dir, folder, rounds }, &mut std::io::stdout()).await
            }
            Benchmark::Verify { folder, rounds, records } => {
                verify::run(&verify::Setting { folder, rounds, records }, &mut std::io::stdout())
            }
            Benchmark::Gateway { bin_dir, folder, rounds, seconds } => {
                let setting = gateway::Setting { bin_dir, folder, rounds, seconds };
                gateway::run(&setting, &mut std::io::stdout()).await
            }
            Benchmark::Replicas { bin_dir, folder, rounds, seconds, revocations } => {
                let setting = replicas::Setting { bin_dir, folder, rounds, seconds, revocations };
                replicas::run(&setting, &mut std::io::stdout()).await
            }
            Benchmark::Audit { bin_dir, folder, rows, rounds, engines } => {
                audit::run(&audit::Setting { bin_dir, folder, rows, rounds, engines }, &mut std::io::stdout()).await
            }
            Benchmark::Push { bin_dir, folder, consoles, rounds } => {
                push::run(&push::Setting { bin_dir, folder, consoles, rounds }, &mut std::io::stdout()).await
            }
        }
    };
    // Whatever runs ends with what holds it.
    tokio::select! {
        measured = measuring => measured,
        _ = tokio::signal::ctrl_c() => bail!("stopped before the end"),
    }
}
