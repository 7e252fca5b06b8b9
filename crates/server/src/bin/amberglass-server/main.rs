//! The server's program: serves, and does what the operator asks of staff and devices while it serves.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_server::{ServerConfig, operator::Operator};
use amberglass_system::{OsEntropy, SystemClock};
use anyhow::Context as _;
use clap::{Parser, Subcommand};

mod audit;
mod demo;
mod device;
mod emergency;
mod export;
mod gone;
mod journal;
mod output;
mod password;
mod policy;
mod portal;
mod portal_test;
mod rules;
mod serve;
mod staff;

/// A request makes many small allocations and frees them on whatever thread it is by then.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "amberglass-server", version, about = "The backend and gateway of Amberglass")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// server.toml
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

/// Without one of these the program serves.
#[derive(Subcommand)]
enum Command {
    /// Serves one sample portal with sample staff, on this machine only.
    Demo(demo::Demo),
    /// Staff accounts: add, list, disable, enable, set-role, set-password, reset-second-factor.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Consoles that staff have signed in on: list, revoke.
    #[command(subcommand)]
    Device(device::Device),
    /// Portals: list, check, test, disable, enable, and their keys.
    #[command(subcommand)]
    Portal(portal::Portal),
    /// The audit log: show, check, export, keys, erase, retire.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Journals of consoles that can't deliver them any more: recover.
    #[command(subcommand)]
    Journal(journal::Journal),
    /// The policy: check, explain, test. Needs no database.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// A portal's rules: check, explain, report.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// The emergency stop: stop, lift, status.
    #[command(subcommand)]
    Emergency(emergency::Emergency),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let serves = matches!(arguments.command, None | Some(Command::Demo(_)));
    tracing_subscriber::fmt()
        .json()
        // A command's answer stands on the standard output; its log is for what goes wrong.
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("AMBERGLASS_LOG")
                .unwrap_or_else(|_| if serves { "info" } else { "error" }.into()),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let config = arguments.config;
    match arguments.command {
        None => serve::run(load(config)?, clock, entropy).await?,
        Some(Command::Demo(demo)) => serve::run(demo.config()?, clock, entropy).await?,
        Some(Command::Staff(command)) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = staff::run(&operator, command).await;
            operator.close().await;
            done?;
        }
        Some(Command::Device(command)) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = device::run(&operator, command).await;
            operator.close().await;
            done?;
        }
        Some(Command::Portal(portal::Portal::Test(test))) => {
            return portal_test::run(test, config, clock, entropy).await;
        }
        Some(Command::Portal(portal::Portal::Configured(command))) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = portal::run(&operator, command).await;
            operator.close().await;
            return done;
        }
        Some(Command::Audit(command)) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = audit::run(&operator, command).await;
            operator.close().await;
            return done;
        }
        Some(Command::Journal(command)) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = journal::run(&operator, command).await;
            operator.close().await;
            done?;
        }
        Some(Command::Policy(command)) => return policy::run(command, config),
        Some(Command::Rules(command)) => return rules::run(command, config, clock, entropy).await,
        Some(Command::Emergency(command)) => {
            let operator = Operator::open(load(config)?, clock, entropy).await?;
            let done = emergency::run(&operator, command).await;
            operator.close().await;
            done?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn load(path: Option<PathBuf>) -> anyhow::Result<ServerConfig> {
    let path = path.context("say which configuration: --config FILE, or demo for a trial on this machine")?;
    Ok(ServerConfig::load(&path)?)
}
