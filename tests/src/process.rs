//! Child processes that end with their owner: each leads a process group of its own and is ended by its id.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// How long a process may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A running process group. Ends with the value.
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command` with its errors in `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let output = errors.try_clone()?;
        Self::spawn(name, command.stdout(output).stderr(errors))
    }

    /// Starts `command` and waits for the one line of JSON by which it says that it is ready.
    pub fn start_until_ready(
        name: &str,
        command: &mut Command,
        log: &Path,
        limit: Duration,
    ) -> Result<(Self, serde_json::Value)> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut process = Self::spawn(name, command.stdout(Stdio::piped()).stderr(errors))?;
        let output = process.child.stdout.take().context("the process has no output")?;
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(output).lines();
            let _ = send.send(lines.next());
            // Read on, so that the process never blocks on a full pipe.
            lines.for_each(drop);
        });
        let line = receive.recv_timeout(limit).with_context(|| format!("{name} did not say that it is ready"))?;
        let line = line.with_context(|| format!("{name} ended before it was ready, see {}", log.display()))??;
        let ready = serde_json::from_str(&line).with_context(|| format!("{name} said: {line}"))?;
        Ok((process, ready))
    }

    fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Takes over a child that leads its own process group.
    pub fn adopt(name: &str, child: Child) -> Self {
        Self { name: name.to_owned(), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends the whole group without warning, as a crash would.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }

    fn wait_for_end(&mut self) -> bool {
        // A channel nobody sends on: the only bounded wait there is outside an async runtime.
        let (_send, receive) = mpsc::channel::<()>();
        for _ in 0..GRACE.as_millis() / 20 {
            if !self.is_running() {
                return true;
            }
            let _ = receive.recv_timeout(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            self.signal(Signal::SIGTERM);
            if !self.wait_for_end() {
                report(&self.name);
            }
        }
        // Whatever of its group is left: children that outlived it.
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

#[allow(clippy::print_stderr, reason = "a test tool speaks to the person who runs it")]
fn report(name: &str) {
    eprintln!("{name} did not end when asked and was killed");
}

/// Runs a short command to its end and gives its output.
pub fn run(program: &str, arguments: &[impl AsRef<OsStr>], environment: &[(String, String)]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} could not be started"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
