//! `cargo xtask bench gateway`: what the gateway costs, beside nginx that asks an authority before each request and writes a log.
//! The last line is the result as JSON.
//!
//! The same files behind both, the same load, one after the other and again, so that what else the machine does meets both. Ours
//! as it is shipped: a record for each request, durable before the portal is asked.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    figures::{self, Series},
    load::{self, Loads, Target},
    machine::{self, Quiet},
    nginx::{LARGE, Nginx, SMALL},
    site::{self, Entered, Gateway, Site},
};
use crate::world::AMY;

const CONNECTIONS: u32 = 32;
/// Whose resident memory is looked at.
const MANY_CONNECTIONS: usize = 500;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk.
    pub folder: PathBuf,
    pub rounds: u32,
    /// Of each measurement.
    pub seconds: u32,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start, or a request is not answered with the file.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let Setting { bin_dir, folder, rounds, seconds } = setting;
    let before = Quiet::begin();
    machine::on_a_real_disk(folder)?;
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 1000).await;
    let others_percent = before.used_percent();
    let dir = tempfile::tempdir_in(folder)?;
    let nginx = Nginx::start(dir.path())?;
    let gateway = Site { bin_dir, dir: dir.path(), files: nginx.files }.server("server", "")?;
    let session = gateway.session(AMY).await?;
    let headers = gateway.headers(&session);
    let theirs = |path: &str| Target { address: format!("http://127.0.0.1:{}{path}", nginx.proxy), headers: &[] };

    writeln!(out, "{}", figures::head())?;
    let mut result = Map::new();
    for ((path, length), name) in [(SMALL, "2k"), (LARGE, "1m")] {
        gateway.check(&session, path, length).await?;
        let (mut us, mut them) = (Loads::default(), Loads::default());
        for _ in 0..*rounds {
            let ours = site::target(&gateway, &headers, path);
            us.add(load::run(&ours, CONNECTIONS, *seconds, dir.path())?);
            them.add(load::run(&theirs(path), CONNECTIONS, *seconds, dir.path())?);
        }
        writeln!(out, "{}", us.rows(&format!("gateway, {name}")))?;
        writeln!(out, "{}", them.rows(&format!("nginx, {name}")))?;
        let ratio = |of: &Series, to: &Series| figures::ratio(of, to).context("nothing was measured");
        result.insert(format!("rps_{name}_vs_nginx"), json!(ratio(&us.rate, &them.rate)?));
        result.insert(format!("p99_{name}_vs_nginx"), json!(ratio(&us.p99, &them.p99)?));
        result.insert(format!("rps_{name}"), json!(us.rate.median().map(f64::round)));
        result.insert(format!("rps_{name}_nginx"), json!(them.rate.median().map(f64::round)));
        result.insert(format!("p50_{name}_ms"), json!(us.p50.median()));
        result.insert(format!("p99_{name}_ms"), json!(us.p99.median()));
    }
    let mib = with_many_connections(&gateway, &session).await?;
    result.insert("mib_at_500_connections".into(), json!((mib * 10.0).round() / 10.0));
    result.insert("others_percent".into(), json!(others_percent));
    result.insert("rounds".into(), json!(rounds));
    result.insert("seconds".into(), json!(seconds));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(writeln!(out, "{}", Value::Object(result))?)
}

/// Resident, with so many kept connections that have each asked for a page.
async fn with_many_connections(gateway: &Gateway, session: &Entered) -> Result<f64> {
    let headers: String = gateway.headers(session).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {} HTTP/1.1\r\n{headers}\r\n", SMALL.0);
    let mut open = Vec::new();
    for _ in 0..MANY_CONNECTIONS {
        let mut stream = TcpStream::connect(("127.0.0.1", gateway.port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![0_u8; 16 * 1024];
        let read = stream.read(&mut answer).await?;
        ensure!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(answer.get(..read).unwrap_or_default())
        );
        open.push(stream);
    }
    machine::status_mib(Path::new(&format!("/proc/{}/status", gateway.process.id())), "VmRSS:")
}
