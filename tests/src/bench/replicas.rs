//! `cargo xtask bench replicas`: what two servers on one PostgreSQL pass beside one, what one passes on PostgreSQL beside SQLite,
//! and how soon a session that is ended at one of them is refused by both. Fails when that is later than the product promises.
//! The last line is the result as JSON.
//!
//! The same files, load and connections as in `bench gateway`, in turns. Each database as it is run in earnest: what it says is
//! on disk is there. Everything is on this machine, the database and the load too: a second server has no processors of its own
//! here, so what two pass is less than what two machines would.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use amberglass_domain::ports::{Backend as _, Clock as _};
use amberglass_system::SystemClock;
use amberglass_testkit::postgres::{Database, Server};
use amberglass_wire::session::EndSessionRequest;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::{
    figures::{self, Series},
    load::{self, Loads},
    machine::{self, Quiet, Watch},
    nginx::{LARGE, Nginx, SMALL},
    revocation::{COVERED_WHILE_CONNECTED_MILLIS, pause_of},
    site::{self, Entered, Gateway, Site},
};
use crate::{
    staff::Staff,
    world::{AMY, LEO, PASSWORD},
};

const CONNECTIONS: u32 = 32;
/// Between two looks of one who watches for the end.
const LOOK_MILLIS: i64 = 3;
/// What others ask for meanwhile, at each server.
const LIGHT_LOAD_MILLIS: i64 = 10;
/// That many answers after the first refused one have to be refused, too.
const STILL_REFUSED: u32 = 20;
const PATIENCE_SECONDS: f64 = 20.0;
/// A token lasts five minutes.
const ROUNDS_OF_ONE_SIGN_IN: u32 = 20;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk; PostgreSQL keeps its own files where the system's temporary ones are.
    pub folder: PathBuf,
    pub rounds: u32,
    /// Of each measurement.
    pub seconds: u32,
    pub revocations: u32,
}

/// One server on SQLite, and two on one PostgreSQL.
struct Servers {
    sqlite: Gateway,
    first: Gateway,
    second: Gateway,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start, a request is not answered with the file, or a revocation is not seen in time.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let before = Quiet::begin();
    machine::on_a_real_disk(&setting.folder)?;
    machine::on_a_real_disk(&std::env::temp_dir())?;
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 1000).await;
    let others_percent = before.used_percent();
    let dir = tempfile::tempdir_in(&setting.folder)?;
    let nginx = Nginx::start(dir.path())?;
    let database = Server::start_durable().database();
    let site = Site { bin_dir: &setting.bin_dir, dir: dir.path(), files: nginx.files };
    let (sqlite, first) = (site.server("sqlite", "")?, site.server("first", &database.url())?);
    let second = site.replica(&first, "second", &database.url())?;
    let servers = Servers { sqlite, first, second };

    let mut result = Map::new();
    // Viewed at both servers to the end.
    let shared = servers.first.session(LEO).await?;
    throughput(setting, (&servers, &shared), dir.path(), &mut result, out).await?;
    result.insert("bytes_per_record_sqlite".into(), json!(bytes_of_sqlite(&dir.path().join("sqlite"))?));
    result.insert("bytes_per_record_postgres".into(), json!(bytes_of_postgres(&database)?));
    let (here, there) = revocations(setting.revocations, &servers, &shared).await?;
    writeln!(out, "{}", figures::head_with_tail())?;
    writeln!(out, "{}", figures::row_with_tail("ended here, refused here", "ms", &here))?;
    writeln!(out, "{}", figures::row_with_tail("ended here, refused at the other", "ms", &there))?;
    let mut worst = 0.0_f64;
    for (which, series) in [("ending", &here), ("other", &there)] {
        let p99 = series.percentile(99).context("nothing was measured")?;
        worst = worst.max(p99);
        result.insert(format!("revoked_on_{which}_server_p50_ms"), tenths(series.median()));
        result.insert(format!("revoked_on_{which}_server_p99_ms"), tenths(Some(p99)));
    }
    result.insert("revoked_promised_ms".into(), json!(COVERED_WHILE_CONNECTED_MILLIS));
    result.insert("others_percent".into(), json!(others_percent));
    result.insert("rounds".into(), json!(setting.rounds));
    result.insert("seconds".into(), json!(setting.seconds));
    result.insert("revocations".into(), json!(setting.revocations));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    writeln!(out, "{}", Value::Object(result))?;
    ensure!(worst <= COVERED_WHILE_CONNECTED_MILLIS, "a session that was ended was refused after {worst:.0} ms only");
    Ok(())
}

fn tenths(value: Option<f64>) -> Value {
    json!(value.map(|value| (value * 10.0).round() / 10.0))
}

/// `shared` is that on PostgreSQL; there is another on SQLite.
async fn throughput(
    setting: &Setting,
    (servers, shared): (&Servers, &Entered),
    dir: &Path,
    result: &mut Map<String, Value>,
    out: &mut impl Write,
) -> Result<()> {
    let Servers { sqlite, first, second } = servers;
    let on_sqlite = sqlite.session(AMY).await?;
    let [alone, here, there] = [sqlite.headers(&on_sqlite), first.headers(shared), second.headers(shared)];
    writeln!(out, "{}", figures::head())?;
    for ((path, length), name) in [(SMALL, "2k"), (LARGE, "1m")] {
        sqlite.check(&on_sqlite, path, length).await?;
        first.check(shared, path, length).await?;
        second.check(shared, path, length).await?;
        let [alone, here, there] = [(sqlite, &alone), (first, &here), (second, &there)]
            .map(|(gateway, headers)| site::target(gateway, headers, path));
        let [mut on_sqlite, mut one, mut two] = [(); 3].map(|()| Loads::default());
        for _ in 0..setting.rounds {
            on_sqlite.add(load::run(&alone, CONNECTIONS, setting.seconds, dir)?);
            one.add(load::run(&here, CONNECTIONS, setting.seconds, dir)?);
            two.add(load::run_split([&here, &there], CONNECTIONS, setting.seconds, dir)?);
        }
        let ratio = |of: &Series, to: &Series| figures::ratio(of, to).context("nothing was measured");
        result.insert(format!("rps_{name}_two_vs_one"), json!(ratio(&two.rate, &one.rate)?));
        result.insert(format!("rps_{name}_postgres_vs_sqlite"), json!(ratio(&one.rate, &on_sqlite.rate)?));
        let three = [("sqlite", "one server on SQLite", &on_sqlite), ("one", "one on PostgreSQL", &one)];
        for (key, what, loads) in three.into_iter().chain([("two", "two on PostgreSQL", &two)]) {
            writeln!(out, "{}", loads.rows(&format!("{what}, {name}")))?;
            result.insert(format!("rps_{name}_{key}"), json!(loads.rate.median().map(f64::round)));
            result.insert(format!("p50_{name}_{key}_ms"), json!(loads.p50.median()));
            result.insert(format!("p99_{name}_{key}_ms"), json!(loads.p99.median()));
        }
    }
    Ok(())
}

/// Of the whole database with its indexes, for each record in it; most of them are requests that were measured.
fn bytes_of_sqlite(data: &Path) -> Result<i64> {
    let connection = rusqlite::Connection::open(data.join("amberglass.sqlite"))?;
    let question = "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size), \
                    (SELECT COUNT(*) FROM audit_events)";
    let (bytes, records): (i64, i64) = connection.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    bytes.checked_div(records).context("nothing is on record")
}

fn bytes_of_postgres(database: &Database) -> Result<i64> {
    let question = "SELECT pg_total_relation_size('audit_events') / COUNT(*) FROM audit_events";
    Ok(database.sql(question).map_err(anyhow::Error::msg)?.parse()?)
}

/// Milliseconds from the request that ends a session to the first answer that refuses it: at the server which was asked, and at
/// the other. Pages of `steady` are asked for meanwhile.
async fn revocations(rounds: u32, servers: &Servers, steady: &Entered) -> Result<(Series, Series)> {
    let Servers { first, second, sqlite: _ } = servers;
    let stop = Arc::new(AtomicBool::new(false));
    let mut loads = Vec::new();
    for gateway in [first, second] {
        loads.push(tokio::spawn(steadily(Viewer::new(gateway, steady)?, stop.clone())));
    }
    let measured = async {
        let (mut here, mut there) = (Series::default(), Series::default());
        let mut lead = None;
        for round in 0..rounds {
            if round % ROUNDS_OF_ONE_SIGN_IN == 0 {
                lead = Some(Staff::sign_in(&first.api, LEO, PASSWORD).await?);
            }
            let (one, other) = revocation(lead.as_ref().context("signed in")?, servers, pause_of(round)).await?;
            here.add(one);
            there.add(other);
        }
        anyhow::Ok((here, there))
    };
    let measured = measured.await;
    stop.store(true, Ordering::Relaxed);
    for load in loads {
        load.await??;
    }
    measured
}

/// `pause` lies between the first pages and the end, so that rounds differ in how they stand to the servers' own looks.
async fn revocation(lead: &Staff, servers: &Servers, pause: i64) -> Result<(f64, f64)> {
    let Servers { first, second, sqlite: _ } = servers;
    let session = first.session(AMY).await?;
    for gateway in [first, second] {
        gateway.check(&session, SMALL.0, SMALL.1).await?;
    }
    let watch = Watch::start();
    let here = tokio::spawn(first_refusal(Viewer::new(first, &session)?, watch));
    let there = tokio::spawn(first_refusal(Viewer::new(second, &session)?, watch));
    SystemClock.sleep_until(SystemClock.monotonic_millis() + pause).await;
    let asked = watch.micros();
    let request = EndSessionRequest { note: None, reason: Some("The customer has called and wants it to stop".into()) };
    lead.backend.end_session(&lead.access, &session.id, request).await?;
    let (here, there) = (here.await??, there.await??);
    ensure!(here >= asked && there >= asked, "a session was refused before anybody ended it");
    Ok(((here - asked) / 1000.0, (there - asked) / 1000.0))
}

/// A page that asks on one connection.
struct Viewer {
    client: reqwest::Client,
    address: String,
    headers: [(&'static str, String); 3],
}

impl Viewer {
    fn new(gateway: &Gateway, session: &Entered) -> Result<Self> {
        Ok(Self { client: site::client()?, address: gateway.address(SMALL.0), headers: gateway.headers(session) })
    }

    /// Whether the file came; `None` when the connection broke first.
    async fn look(&self) -> Result<Option<bool>> {
        let mut request = self.client.get(&self.address);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let Ok(answer) = request.send().await else { return Ok(None) };
        let status = answer.status();
        // What is cut in the middle had begun to pass.
        drop(answer.bytes().await);
        ensure!(status.is_success() || status.is_client_error(), "a page is answered with {status}");
        Ok(Some(status.is_success()))
    }
}

/// Microseconds on `watch` at which the first refused answer was there.
async fn first_refusal(viewer: Viewer, watch: Watch) -> Result<f64> {
    let (mut first, mut refused) = (None, 0);
    while refused <= STILL_REFUSED {
        let passed = viewer.look().await?;
        let now = watch.micros();
        match passed {
            Some(false) => {
                first = first.or(Some(now));
                refused += 1;
            }
            Some(true) if first.is_some() => bail!("a page passed after one was refused"),
            Some(true) | None => ensure!(watch.seconds() < PATIENCE_SECONDS, "the session was never refused"),
        }
        SystemClock.sleep_until(SystemClock.monotonic_millis() + LOOK_MILLIS).await;
    }
    first.context("it was refused")
}

/// What others do meanwhile. Their pages pass.
async fn steadily(viewer: Viewer, stop: Arc<AtomicBool>) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        ensure!(viewer.look().await? == Some(true), "a page of another session did not come");
        SystemClock.sleep_until(SystemClock.monotonic_millis() + LIGHT_LOAD_MILLIS).await;
    }
    Ok(())
}
