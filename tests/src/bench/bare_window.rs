//! The other side of the comparison: a GTK program that runs already and opens a window with a view when it is told to. No
//! bar, no overlay, no walls; a store of its own like the session window's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::mpsc;

use crate::{desk::Desk, process::Process};

const LIMIT: Duration = Duration::from_secs(20);
/// In the title of each window that it opens.
pub const TITLE: &str = "Bare window";

pub struct BareWindow {
    input: ChildStdin,
    answers: mpsc::UnboundedReceiver<String>,
    _process: Process,
}

impl BareWindow {
    /// Starts the program and waits until its first window stands.
    pub async fn start(desk: &Desk, bin_dir: &Path, log: &Path) -> Result<Self> {
        let mut child = Command::new(bin_dir.join("amberglass-bare-window"))
            .envs(desk.environment().iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log)?)
            .process_group(0)
            .spawn()
            .context("the bare window could not be started")?;
        let input = child.stdin.take().context("no input")?;
        let output = child.stdout.take().context("no output")?;
        let process = Process::adopt("the bare window", child);
        let (sender, answers) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut window = Self { input, answers, _process: process };
        window.hear("ready").await?;
        Ok(window)
    }

    /// Opens a new window with a new view that loads `address`. Answers before anything of it is to be seen.
    pub fn open(&mut self, address: &str) -> Result<()> {
        writeln!(self.input, "open {address}").and_then(|()| self.input.flush()).context("the bare window is gone")
    }

    pub async fn close(&mut self) -> Result<()> {
        writeln!(self.input, "close").and_then(|()| self.input.flush()).context("the bare window is gone")?;
        self.hear("opened").await?;
        self.hear("closed").await
    }

    async fn hear(&mut self, expected: &str) -> Result<()> {
        let line = tokio::time::timeout(LIMIT, self.answers.recv())
            .await
            .with_context(|| format!("the bare window did not say `{expected}`"))?
            .context("the bare window ended")?;
        ensure!(line == expected, "the bare window said `{line}` instead of `{expected}`");
        Ok(())
    }
}
