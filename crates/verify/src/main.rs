//! `amberglass-verify`: says whether an export of the audit log is whole, without a server and without a network.

use std::{
    fs::File,
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use amberglass_domain::checkpoint::TrustedKeys;
use amberglass_verify::{Witnesses, verify, witnesses};
use anyhow::{Context as _, ensure};
use clap::Parser;

/// Checks an export of an Amberglass audit log. Ends with 0 when it is whole, 1 when it is not, 2 when nothing can be said.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// As `amberglass-server audit export` writes it, or - for the standard input.
    export: PathBuf,
    /// Public keys that are trusted, as `amberglass-server audit keys` writes them, kept where that server cannot change them.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Checkpoints that somebody else has kept, such as a server's `checkpoint_file`; may be given again.
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // With the standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let text = std::fs::read_to_string(&arguments.keys)
        .with_context(|| format!("the keys in {} could not be read", arguments.keys.display()))?;
    let trusted =
        TrustedKeys::parse(&text).with_context(|| format!("{} holds something else", arguments.keys.display()))?;
    ensure!(trusted.names().next().is_some(), "{} names no key", arguments.keys.display());
    let mut seen = Vec::new();
    for path in &arguments.witness {
        let read = open(path).and_then(|file| Ok(witnesses(BufReader::new(file), &trusted)?));
        let Witnesses { checkpoints, unreadable } =
            read.with_context(|| format!("the witness {} cannot be believed", path.display()))?;
        seen.extend(checkpoints);
        if !unreadable.is_empty() {
            let words = format!("{}: lines {unreadable:?} hold no checkpoint and were passed over", path.display());
            writeln!(io::stderr().lock(), "warning: {words}").context("the warning could not be written")?;
        }
    }
    let report = if arguments.export == Path::new("-") {
        verify(io::stdin().lock(), &trusted, &seen)
    } else {
        verify(BufReader::with_capacity(1 << 20, open(&arguments.export)?), &trusted, &seen)
    }
    .with_context(|| format!("{} could not be checked", arguments.export.display()))?;
    let answer = if arguments.json { report.to_json()? } else { report.to_string() };
    writeln!(io::stdout().lock(), "{answer}").context("the answer could not be written")?;
    Ok(report.is_whole())
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{} could not be opened", path.display()))
}
