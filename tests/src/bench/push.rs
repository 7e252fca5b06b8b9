//! `cargo xtask bench push`: how soon everybody hears of what somebody does, with very many consoles on one server, and how
//! much memory the server holds for each of them. The last line is the result as JSON.
//!
//! The consoles are event streams over plain http on loopback, as an operator's TLS proxy would open them: what TLS costs is
//! not in here. They run on the same machine as the server and take their part of it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use amberglass_backend_client::{HttpBackend, HttpBackendOptions, Patience, RequestIds};
use amberglass_domain::ports::{AccessToken, Backend as _, Clock as _};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::auth::Role;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use super::{
    crowd::{self, Crowd},
    figures::{self, Series},
    machine::{self, Quiet},
};
use crate::{
    process,
    stack::{Stack, StackSetting},
};

const WHY: &str = "Measured how soon everybody hears of it";
const HEARTBEAT_SECONDS: i64 = 2;
/// The server takes no more connections than this, and needs some for itself.
const MOST_CONSOLES: usize = 4_000;
/// Of either side, besides one for each console.
const OTHER_FILES: usize = 256;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk.
    pub folder: PathBuf,
    pub consoles: usize,
    /// With a quarter of the consoles, and again with all.
    pub rounds: u32,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start, or a console is not let in, loses its stream or is not reached.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let Setting { bin_dir, folder, consoles, rounds } = setting;
    let (consoles, few) = (*consoles, consoles / 4);
    ensure!((4..=MOST_CONSOLES).contains(&consoles), "from 4 to {MOST_CONSOLES} consoles can be measured");
    let before = Quiet::begin();
    machine::on_a_real_disk(folder)?;
    enough_files(consoles + OTHER_FILES)?;
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 1000).await;
    let others_percent = before.used_percent();
    let dir = tempfile::tempdir_in(folder)?;
    let home = dir.path().join("stack");
    let limits = format!("heartbeat_seconds = {HEARTBEAT_SECONDS}");
    let stack = Stack::start_as(bin_dir, &home, StackSetting { limits, ..StackSetting::default() })?;
    let database = format!("sqlite://{}", home.join("server").join("amberglass.sqlite").display());
    let security = Security::sign_in(&stack.api, &database).await?;
    let tokens = crowd::sign_in(&database, Role::Agent, consoles).await?;
    // What the server needs once is not of any connection.
    security.stop().await?;
    security.lift().await?;
    let idle = server_mib(&stack)?;

    writeln!(out, "{}", figures::head_with_tail())?;
    let mut crowd = Crowd::at(&stack.api)?;
    let (first, rest) = tokens.split_at(few);
    crowd.connect(first).await?;
    let of_few = measure(&mut crowd, &security, *rounds, few, out).await?;
    crowd.connect(rest).await?;
    let connected = two_beats_later(&stack).await?;
    let of_all = measure(&mut crowd, &security, *rounds, consoles, out).await?;
    let held = connected.max(server_mib(&stack)?);
    let kib_per_connection = (held - idle) * 1024.0 / consoles as f64;
    let memory = Series::from_iter([kib_per_connection]);
    writeln!(out, "{}", figures::row_with_tail("the server's memory for each console", "KiB", &memory))?;

    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    let (p99, p99_of_few) = (of_all.percentile(99), of_few.percentile(99));
    let (p99, p99_of_few) = (p99.context("nothing was measured")?, p99_of_few.context("nothing was measured")?);
    let mut result = Map::new();
    result.insert("reach_all_ms".into(), json!(rounded(p99)));
    result.insert("reach_all_median_ms".into(), json!(of_all.median().map(rounded)));
    result.insert("kib_per_connection".into(), json!(rounded(kib_per_connection)));
    result.insert(format!("reach_all_{consoles}_vs_{few}"), json!(rounded(p99 / p99_of_few)));
    result.insert(format!("reach_all_{few}_ms"), json!(rounded(p99_of_few)));
    result.insert("server_idle_mib".into(), json!(rounded(idle)));
    result.insert("server_connected_mib".into(), json!(rounded(held)));
    result.insert("others_percent".into(), json!(others_percent));
    result.insert("consoles".into(), json!(consoles));
    result.insert("rounds".into(), json!(rounds));
    result.insert("database".into(), json!("sqlite"));
    result.insert("tls".into(), json!("none, loopback"));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(writeln!(out, "{}", Value::Object(result))?)
}

/// Milliseconds from each emergency stop to the last console.
async fn measure(
    crowd: &mut Crowd,
    security: &Security,
    rounds: u32,
    consoles: usize,
    out: &mut impl Write,
) -> Result<Series> {
    let (mut stopped, mut lifted) = (Series::default(), Series::default());
    for _ in 0..rounds {
        stopped.add(crowd.reached(security.stop()).await?);
        lifted.add(crowd.reached(security.lift()).await?);
    }
    writeln!(out, "{}", figures::row_with_tail(&format!("emergency stop to the last of {consoles}"), "ms", &stopped))?;
    writeln!(out, "{}", figures::row_with_tail(&format!("lifted, to the last of {consoles}"), "ms", &lifted))?;
    Ok(stopped)
}

/// Who acts.
struct Security {
    backend: HttpBackend,
    access: AccessToken,
}

impl Security {
    async fn sign_in(api: &str, database: &str) -> Result<Self> {
        let backend = HttpBackend::new(&HttpBackendOptions {
            server: api.to_owned(),
            proxy: None,
            client: "amberglass-bench/0".to_owned(),
            patience: Patience::default(),
            request_ids: RequestIds::new(Arc::new(OsEntropy)),
        })?;
        let access = crowd::sign_in(database, Role::Security, 1).await?.pop().context("nobody signed in")?;
        Ok(Self { backend, access })
    }

    async fn stop(&self) -> Result<()> {
        self.backend.emergency_stop(&self.access, WHY).await?;
        Ok(())
    }

    async fn lift(&self) -> Result<()> {
        Ok(self.backend.lift_emergency_stop(&self.access).await?)
    }
}

/// MiB, when each console has been told twice that the server is there.
async fn two_beats_later(stack: &Stack) -> Result<f64> {
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 2 * HEARTBEAT_SECONDS * 1000).await;
    server_mib(stack)
}

fn server_mib(stack: &Stack) -> Result<f64> {
    machine::status_mib(Path::new(&format!("/proc/{}/status", stack.server.id())), "VmRSS:")
}

/// The server inherits what this process may open.
fn enough_files(needed: usize) -> Result<()> {
    if open_files()? >= needed {
        return Ok(());
    }
    let id = std::process::id().to_string();
    let raised = process::run("prlimit", &["--pid", &id, &format!("--nofile={needed}:")], &[]);
    ensure!(
        raised.is_ok() && open_files()? >= needed,
        "{needed} files have to be open at once and the system does not allow it: say `ulimit -n {needed}` before"
    );
    Ok(())
}

/// How many files this process may have open (proc(5), `limits`).
fn open_files() -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).context("no limit of open files is said")?;
    Ok(if soft == "unlimited" { usize::MAX } else { soft.parse()? })
}
