//! What others do on the machine: a bench on a busy machine measures them too. And its time, its disk, its memory.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};

/// Processor time of the whole machine, in ticks (proc(5), `/proc/stat`).
#[derive(Debug, Clone, Copy)]
struct Ticks {
    all: u64,
    idle: u64,
}

/// A time in which the bench itself does nothing.
pub struct Quiet {
    before: Option<Ticks>,
}

impl Quiet {
    pub fn begin() -> Self {
        Self { before: ticks() }
    }

    /// Percent of all processors that were in use since the beginning.
    pub fn used_percent(&self) -> Option<f64> {
        used_percent(self.before?, ticks()?)
    }
}

fn ticks() -> Option<Ticks> {
    parse(&std::fs::read_to_string("/proc/stat").ok()?)
}

fn parse(stat: &str) -> Option<Ticks> {
    let fields: Vec<u64> =
        stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map_while(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; the guest's are part of the first two.
    Some(Ticks { all: fields.iter().take(8).sum(), idle: fields.get(3)? + fields.get(4)? })
}

fn used_percent(before: Ticks, after: Ticks) -> Option<f64> {
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    let idle = after.idle.saturating_sub(before.idle);
    Some(((all.saturating_sub(idle)) as f64 / all as f64 * 1000.0).round() / 10.0)
}

/// Finer than the port's milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Watch(Instant);

impl Watch {
    #[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    #[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    pub fn micros(self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e6
    }

    pub fn seconds(self) -> f64 {
        self.micros() / 1e6
    }
}

/// Memory keeps nothing: what is measured there says nothing about a disk.
///
/// # Errors
/// When the folder is in memory, or can't be asked.
pub fn on_a_real_disk(folder: &Path) -> Result<()> {
    let found = statfs(folder).with_context(|| format!("{} can't be asked", folder.display()))?;
    ensure!(found.filesystem_type() != TMPFS_MAGIC, "{} is in memory; name a folder on a disk", folder.display());
    Ok(())
}

/// Of this process, in MiB (proc(5), `VmRSS`).
///
/// # Errors
/// When the system does not say.
pub fn resident_mib() -> Result<f64> {
    status_mib(Path::new("/proc/self/status"), "VmRSS:")
}

/// The most that this process ever had (proc(5), `VmHWM`).
///
/// # Errors
/// When the system does not say.
pub fn peak_mib() -> Result<f64> {
    status_mib(Path::new("/proc/self/status"), "VmHWM:")
}

/// Of any process, from its file `status` (proc(5)).
///
/// # Errors
/// When the system does not say.
pub fn status_mib(file: &Path, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(file)?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kib.with_context(|| format!("no {name} in {}", file.display()))? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_idle_is_used() {
        let before = parse("cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3 4\n").unwrap();
        let after = parse("cpu  150 0 75 1600 125 0 50 0 9 0\n").unwrap();
        assert_eq!(used_percent(before, after), Some(12.5));
        assert_eq!(used_percent(before, before), None);
        assert!(parse("intr 5").is_none());
    }
}
