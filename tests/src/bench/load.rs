//! One load generator for everything that is measured beside each other: wrk, with two threads in all.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::figures::{self, Series};

/// What wrk's own script says once it is done. Microseconds.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\n{"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"#;

/// Where to, and as whom.
pub struct Target<'a> {
    pub address: String,
    pub headers: &'a [(&'a str, String)],
}

#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub requests_per_second: f64,
    pub p50_millis: f64,
    pub p99_millis: f64,
}

#[derive(Deserialize)]
struct Report {
    requests: u64,
    micros: u64,
    failed: u64,
    p50: u64,
    p99: u64,
}

/// Blocks for as long as it is told.
///
/// # Errors
/// When wrk is not installed, or a single request was not answered as it should be.
pub fn run(target: &Target<'_>, connections: u32, seconds: u32, dir: &Path) -> Result<Load> {
    start(target, [2, connections, seconds], &script(dir)?)?.load(target)
}

/// The same connections and threads, half of them at each of two targets, at the same time. Requests are those of both; times
/// are those of the slower.
///
/// # Errors
/// As [`run`].
pub fn run_split(targets: [&Target<'_>; 2], connections: u32, seconds: u32, dir: &Path) -> Result<Load> {
    let script = script(dir)?;
    let half = [1, connections / 2, seconds];
    let [one, other] = targets.map(|target| start(target, half, &script));
    let (one, other) = (one?, other?);
    let [first, second] = targets;
    let (one, other) = (one.load(first)?, other.load(second)?);
    Ok(Load {
        requests_per_second: one.requests_per_second + other.requests_per_second,
        p50_millis: one.p50_millis.max(other.p50_millis),
        p99_millis: one.p99_millis.max(other.p99_millis),
    })
}

fn script(dir: &Path) -> Result<PathBuf> {
    let script = dir.join("report.lua");
    std::fs::write(&script, REPORT)?;
    Ok(script)
}

struct Wrk(Child);

fn start(target: &Target<'_>, [threads, connections, seconds]: [u32; 3], script: &Path) -> Result<Wrk> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", &threads.to_string(), "--connections", &connections.to_string()]);
    wrk.args(["--duration", &format!("{seconds}s")]).arg("--script").arg(script);
    for (name, value) in target.headers {
        wrk.arg("--header").arg(format!("{name}: {value}"));
    }
    wrk.arg(&target.address).stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(Wrk(wrk.spawn().context("wrk does not start: `cargo xtask setup` installs it")?))
}

impl Wrk {
    fn load(self, target: &Target<'_>) -> Result<Load> {
        let output = self.0.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let report: Report =
            said.lines().rev().find_map(|line| serde_json::from_str(line).ok()).context("wrk said nothing")?;
        ensure!(
            report.failed == 0 && report.requests > 0,
            "{} requests failed at {}: {said}",
            report.failed,
            target.address
        );
        let millis = |micros: u64| micros as f64 / 1000.0;
        Ok(Load {
            requests_per_second: report.requests as f64 * 1e6 / report.micros as f64,
            p50_millis: millis(report.p50),
            p99_millis: millis(report.p99),
        })
    }
}

/// Of many rounds.
#[derive(Default)]
pub struct Loads {
    pub rate: Series,
    pub p50: Series,
    pub p99: Series,
}

impl Loads {
    pub fn add(&mut self, load: Load) {
        self.rate.add(load.requests_per_second);
        self.p50.add(load.p50_millis);
        self.p99.add(load.p99_millis);
    }

    /// Three lines of the table.
    pub fn rows(&self, name: &str) -> String {
        [
            figures::row(&format!("{name}: requests"), "/s", &self.rate),
            figures::row(&format!("{name}: half of them within"), "ms", &self.p50),
            figures::row(&format!("{name}: 99 of 100 within"), "ms", &self.p99),
        ]
        .join("\n")
    }
}
