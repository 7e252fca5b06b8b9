//! Does the main job with a keyboard and what a screen reader is told, and says how far it has come: for a machine on
//! which the programs are installed and nothing else of ours is.

#![allow(clippy::print_stdout, reason = "it tells whoever started it")]

use std::path::PathBuf;

use amberglass_tests::{
    by_keyboard::{ByKeyboard, Seat},
    console::SignIn,
    stack::Stack,
    workplace::sample_agent,
};
use anyhow::{Context as _, Result};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// Where console and server are installed.
    #[arg(long)]
    installed: PathBuf,
    /// The person's folder, where the console keeps what is theirs.
    #[arg(long)]
    home: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let own = std::env::current_exe()?;
    let own = own.parent().context("a program has a folder")?;
    let folder = tempfile::tempdir()?;
    // What is installed and what was lent, in one folder.
    let programs = folder.path().join("programs");
    std::fs::create_dir(&programs)?;
    for (from, name) in [
        (arguments.installed.as_path(), "amberglass"),
        (arguments.installed.as_path(), "amberglass-server"),
        (own, "amberglass-demo-portal"),
    ] {
        std::os::unix::fs::symlink(from.join(name), programs.join(name))?;
    }
    let stack = Stack::start(&programs, &folder.path().join("stack"), None)?;
    let agent = sample_agent()?;
    let sign_in = SignIn { email: agent.email, password: agent.password };
    let (console, browser) = (arguments.installed.join("amberglass"), own.join("amberglass-sign-in"));
    let seat = Seat { program: &console, api: &stack.api, browser: &browser, sign_in, home: &arguments.home };
    let at = ByKeyboard::start(folder.path(), seat).await?;
    let heard = at.do_the_main_job().await?;
    println!("the main job is done; this was heard while the session ran:");
    for thing in heard {
        println!("{}", thing.line());
    }
    Ok(())
}
