//! The whole product on one machine. Started by `cargo xtask demo`, which has built what this starts.

#![allow(clippy::print_stdout, reason = "this program speaks to the person who started it")]

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use amberglass_server::SAMPLE_STAFF;
use amberglass_tests::{main_job, process::Process, stack::Stack};
use anyhow::Result;
use clap::Parser;

/// Runs Amberglass with sample staff and customers until Ctrl-C.
#[derive(Parser)]
struct Arguments {
    /// Where the built programs are.
    #[arg(long)]
    bin_dir: PathBuf,
    /// Does the main job by itself on a desk without a screen, and leaves pictures and records in this folder.
    #[arg(long)]
    headless: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.headless {
        Some(folder) => {
            let report = main_job::run(&arguments.bin_dir, &folder).await?;
            println!("{}", serde_json::to_string_pretty(&report)?);
            Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        None => interactive(&arguments.bin_dir).await,
    }
}

async fn interactive(bin_dir: &Path) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut stack = Stack::start(bin_dir, folder.path(), None)?;
    println!("Amberglass runs with sample data. The server is at {}.\n", stack.api);
    println!("Sign in as (these accounts do without a second factor, on this machine only):");
    for staff in SAMPLE_STAFF {
        println!("  {:<10} {:<28} password {}", staff.role.as_str(), staff.email, staff.password);
    }
    println!("\nTry the customer Jane Doe. Ctrl-C ends everything.");
    let mut command = Command::new(bin_dir.join("amberglass"));
    command.env("AMBERGLASS_HOME", folder.path().join("console")).env("AMBERGLASS_SERVER", &stack.api);
    let mut console = Process::start("the console", &mut command, &folder.path().join("console.log"))?;
    let mut check = tokio::time::interval(Duration::from_millis(300));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = check.tick() => {
                if !console.is_running() {
                    println!("The console was closed.");
                    break;
                }
                if !stack.server.is_running() {
                    println!("The server ended unexpectedly.");
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
