//! What somebody without the console would have open: Chromium with the console's UI in one window and the portal in an
//! incognito one.

use std::{path::Path, process::Command, time::Duration};

use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result};

use super::family::Family;
use crate::{desk::Desk, process::Process};

const LIMIT: Duration = Duration::from_secs(30);
/// Nothing that fetches by itself, no GPU process that a machine without a graphics card would only pretend with.
pub const FLAGS: [&str; 10] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--password-store=basic",
    "--window-size=1280,840",
];

pub struct Chromium {
    process: Process,
    marker: String,
}

impl Chromium {
    /// Opens both windows; `dir` gets its profile. Comes back when both show their page.
    pub async fn start(desk: &Desk, dir: &Path, console: &str, portal: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let log = dir.join("chromium.log");
        let process = Process::start("Chromium", &mut command(desk, dir, &[console]), &log)?;
        wait_until("Chromium's window with the console", LIMIT, || async {
            desk.window_exists("Amberglass - Chromium").then_some(())
        })
        .await;
        // Hands the address over to the one that runs; once there is a window it has done its work.
        let second = Process::start("Chromium", &mut command(desk, dir, &["--incognito", portal]), &log)?;
        wait_until("Chromium's window with the portal", LIMIT, || async {
            desk.window_exists("Barkside - Chromium").then_some(())
        })
        .await;
        drop(second);
        Ok(Self { process, marker: marker(dir) })
    }

    pub fn family(&self) -> Result<Family> {
        let first = i32::try_from(self.process.id()).context("no process id")?;
        Ok(Family { first, marker: self.marker.clone(), apart: Vec::new() })
    }
}

fn marker(dir: &Path) -> String {
    format!("AMBERGLASS_BENCH_CHROMIUM={}", dir.display())
}

fn command(desk: &Desk, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("chromium");
    command.args(FLAGS).arg(format!("--user-data-dir={}", dir.join("profile").display())).args(arguments);
    command.envs(desk.environment().iter().cloned()).env("AMBERGLASS_BENCH_CHROMIUM", dir);
    command
}
