//! One load generator for everything that is measured beside each other: wrk, with two threads.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

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
    let script = dir.join("report.lua");
    std::fs::write(&script, REPORT)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "2", "--connections", &connections.to_string(), "--duration", &format!("{seconds}s")]);
    wrk.arg("--script").arg(&script);
    for (name, value) in target.headers {
        wrk.arg("--header").arg(format!("{name}: {value}"));
    }
    let output = wrk.arg(&target.address).output().context("wrk does not start: `cargo xtask setup` installs it")?;
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
