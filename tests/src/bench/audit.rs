//! `cargo xtask bench audit`: how soon security sees what it asks for in a log of ten million records, on both databases: the
//! list of sessions, the trail of one, and whose session a code on a leaked picture is. The last line is the result as JSON.
//!
//! Asked of a running server by somebody signed in, while others' records go on being written; with what was read lately in
//! memory, and just after nothing was.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    ports::{Clock as _, Entropy as _, uuid_v7},
};
use amberglass_server::store::{AuditFilter, RecordRow, Store};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_testkit::{Engine, SeededEntropy, TestDatabase};
use amberglass_wire::{
    EventId, SessionId,
    audit::TrailResponse,
    event_stream::ChainHead,
    session::{SessionListResponse, SessionResponse},
};
use anyhow::{Context as _, Result, ensure};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{
    audit_fill,
    audit_rows::{LONG, Rows, Session},
    figures::{self, Series},
    machine::{self, Quiet, Watch},
};
use crate::{
    crash,
    stack::{Stack, StackSetting},
    staff::Staff,
    world::{LEO, PASSWORD},
};

/// As `audit show` asks for them.
const SHOWN_AT_ONCE: u32 = 500;
const ENGINES: [(Engine, &str); 2] = [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")];
const LONG_TRAILS: u32 = 30;
const APPEND_EVERY_MILLIS: i64 = 40;
const APPENDED_TOGETHER: usize = 2;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk with 13 GB for ten million; PostgreSQL keeps its own files where the system's temporary ones are.
    pub folder: PathBuf,
    pub rows: u64,
    /// With warm pages; a quarter as many after the pages were dropped.
    pub rounds: u32,
    /// All when there is none.
    pub engines: Vec<Engine>,
}

/// One by the name that is given for it.
///
/// # Errors
/// When there is none of that name.
pub fn engine(name: &str) -> Result<Engine> {
    let found = ENGINES.into_iter().find(|(_, known)| *known == name);
    found.map(|(engine, _)| engine).with_context(|| format!("there is no engine {name}"))
}

/// Milliseconds of one thing.
#[derive(Default)]
struct Times {
    warm: Series,
    cold: Series,
}

impl Times {
    /// Of all.
    fn p99(&self) -> Option<f64> {
        let all: Series = self.warm.values().chain(self.cold.values()).collect();
        all.percentile(99)
    }
}

/// What is asked of one database.
#[derive(Default)]
struct Asked {
    list: Times,
    trail: Times,
    lookup: Times,
    /// The first records of a session by its code, as the operator's command shows them.
    shown: Times,
    long_trail: Series,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start, or is not answered with what was put in.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let before = Quiet::begin();
    machine::on_a_real_disk(&setting.folder)?;
    machine::on_a_real_disk(&std::env::temp_dir())?;
    SystemClock.sleep_until(SystemClock.monotonic_millis() + 1000).await;
    let others_percent = before.used_percent();
    let mut result = Map::new();
    let mut worst: [f64; 3] = [0.0; 3];
    for (engine, name) in ENGINES {
        if !setting.engines.is_empty() && !setting.engines.contains(&engine) {
            continue;
        }
        let asked = one_engine(setting, engine, name, &mut result, out).await?;
        let three = [("list", &asked.list), ("trail", &asked.trail), ("lookup", &asked.lookup)];
        for ((what, times), worst) in three.into_iter().zip(&mut worst) {
            let p99 = times.p99().context("nothing was measured")?;
            *worst = worst.max(p99);
            result.insert(format!("{what}_p99_ms_{name}"), tenths(Some(p99)));
            result.insert(format!("{what}_cold_p99_ms_{name}"), tenths(times.cold.percentile(99)));
        }
        result.insert(format!("shown_p99_ms_{name}"), tenths(asked.shown.p99()));
        result.insert(format!("trail_of_{LONG}_p99_ms_{name}"), tenths(asked.long_trail.percentile(99)));
    }
    for (what, worst) in ["list", "trail", "lookup"].into_iter().zip(worst) {
        result.insert(format!("{what}_p99_ms"), tenths(Some(worst)));
    }
    result.insert("rows".into(), json!(setting.rows));
    result.insert("rounds".into(), json!(setting.rounds));
    result.insert("others_percent".into(), json!(others_percent));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(writeln!(out, "{}", Value::Object(result))?)
}

fn tenths(value: Option<f64>) -> Value {
    json!(value.map(|value| (value * 10.0).round() / 10.0))
}

async fn one_engine(
    setting: &Setting,
    engine: Engine,
    name: &str,
    result: &mut Map<String, Value>,
    out: &mut impl Write,
) -> Result<Asked> {
    let dir = tempfile::tempdir_in(&setting.folder)?;
    let database = TestDatabase::on(engine, dir.path());
    let (programs, home) = (&setting.bin_dir, dir.path().join("stack"));
    let stack_setting = StackSetting { database_url: database.url().to_owned(), ..StackSetting::default() };
    // Makes the tables, and the sample staff, which it does for nobody who has staff.
    drop(Stack::start_as(programs, &home, stack_setting.clone())?);
    let watch = Watch::start();
    let sessions = audit_fill::fill(&database, Rows::new(setting.rows, SystemClock.now())).await?;
    let seconds = watch.seconds();
    writeln!(out, "{name}: {} records of {} sessions in {seconds:.0} s", setting.rows, sessions.len())?;
    result.insert(format!("fill_seconds_{name}"), tenths(Some(seconds)));

    let watch = Watch::start();
    let stack = Stack::start_as(programs, &home, stack_setting)?;
    result.insert(format!("start_seconds_{name}"), tenths(Some(watch.seconds())));
    let desk = Desk::open(&stack, database.url()).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let appending = tokio::spawn(append(desk.store.clone(), stop.clone()));
    let asked = ask(&desk, &sessions, setting.rounds, &files(&database, dir.path())?).await?;
    stop.store(true, Ordering::Relaxed);
    let appends = appending.await??;
    desk.store.close().await;

    writeln!(out, "{}", figures::head_with_tail())?;
    let four = [("list", &asked.list), ("trail", &asked.trail), ("look-up", &asked.lookup), ("shown", &asked.shown)];
    for (what, times) in four {
        writeln!(out, "{}", figures::row_with_tail(&format!("{name}: {what}"), "ms", &times.warm))?;
        writeln!(out, "{}", figures::row_with_tail(&format!("{name}: {what}, pages dropped"), "ms", &times.cold))?;
    }
    let long = format!("{name}: trail of {LONG} records");
    writeln!(out, "{}", figures::row_with_tail(&long, "ms", &asked.long_trail))?;
    writeln!(out, "{}", figures::row_with_tail(&format!("{name}: append meanwhile"), "ms", &appends))?;
    result.insert(format!("append_p99_ms_{name}"), tenths(appends.percentile(99)));
    Ok(asked)
}

async fn ask(desk: &Desk, sessions: &[Session], rounds: u32, files: &[PathBuf]) -> Result<Asked> {
    let dice = SeededEntropy::new(11);
    let pick = |from: &[&Session]| -> Result<Session> {
        let mut bytes = [0; 8];
        dice.fill(&mut bytes);
        let which = u64::from_le_bytes(bytes) % u64::try_from(from.len().max(1))?;
        Ok((*from.get(usize::try_from(which)?).context("there are sessions")?).clone())
    };
    let all: Vec<&Session> = sessions.iter().collect();
    let mut asked = Asked::default();
    for _ in 0..rounds.div_ceil(10) {
        desk.round(&pick(&all)?, &pick(&all)?, sessions.len()).await?;
    }
    for _ in 0..rounds {
        let [list, trail, lookup, shown] = desk.round(&pick(&all)?, &pick(&all)?, sessions.len()).await?;
        asked.list.warm.add(list);
        asked.trail.warm.add(trail);
        asked.lookup.warm.add(lookup);
        asked.shown.warm.add(shown);
    }
    let long: Vec<&Session> = sessions.iter().filter(|session| session.records == LONG).collect();
    for _ in 0..LONG_TRAILS.min(u32::try_from(long.len())?) {
        asked.long_trail.add(desk.trail(&pick(&long)?).await?);
    }
    drop_pages(files)?;
    for _ in 0..rounds.div_ceil(4) {
        let [list, trail, lookup, shown] = desk.round(&pick(&all)?, &pick(&all)?, sessions.len()).await?;
        asked.list.cold.add(list);
        asked.trail.cold.add(trail);
        asked.lookup.cold.add(lookup);
        asked.shown.cold.add(shown);
    }
    Ok(asked)
}

/// Who asks, and what the operator's commands read by.
struct Desk {
    client: reqwest::Client,
    api: String,
    lead: Staff,
    store: Store,
}

impl Desk {
    async fn open(stack: &Stack, database_url: &str) -> Result<Self> {
        // An error says that the process already has one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            api: format!("{}/v1", stack.api),
            lead: Staff::sign_in(&stack.api, LEO, PASSWORD).await?,
            store: Store::open(&database_url.into()).await?,
        })
    }

    /// Milliseconds of the list, of the trail of one session, of looking another up by its code, and of what is shown of that.
    async fn round(&self, one: &Session, other: &Session, sessions: usize) -> Result<[f64; 4]> {
        let (list, found): (f64, SessionListResponse) = self.get("sessions?scope=all&state=any").await?;
        ensure!(found.sessions.len() == sessions.min(200), "{} sessions are listed", found.sessions.len());
        let trail = self.trail(one).await?;
        let watch = Watch::start();
        let id = self.store.session_by_code(&other.code).await?.context("no session has the code")?;
        let by_code = watch.micros() / 1000.0;
        let (by_id, found): (f64, SessionResponse) = self.get(&format!("sessions/{}", id.as_str())).await?;
        ensure!(found.id.as_str() == other.id && found.customer == other.customer, "another session was found");
        let watch = Watch::start();
        let filter = AuditFilter { session: Some(id), ..AuditFilter::default() };
        let page = self.store.audit_page(&filter, 0, SHOWN_AT_ONCE).await?;
        let shown = watch.micros() / 1000.0;
        ensure!(page.len() as u64 == other.records.min(SHOWN_AT_ONCE.into()), "{} records are shown", page.len());
        Ok([list, trail, by_code + by_id, shown])
    }

    async fn trail(&self, session: &Session) -> Result<f64> {
        let (millis, found): (f64, TrailResponse) = self.get(&format!("sessions/{}/trail", session.id)).await?;
        ensure!(found.events.len() as u64 == session.records, "{} of {}", found.events.len(), session.records);
        Ok(millis)
    }

    /// Milliseconds to the last byte of the answer, and what it says.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<(f64, T)> {
        let request = self.client.get(format!("{}/{path}", self.api)).bearer_auth(self.lead.access.0.expose_secret());
        let watch = Watch::start();
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let millis = watch.micros() / 1000.0;
        Ok((millis, serde_json::from_slice(&answer)?))
    }
}

/// A console's worth of records now and then, each time durable. How long each took.
async fn append(store: Store, stop: Arc<AtomicBool>) -> Result<Series> {
    let writer = format!("{}:appends", super::audit_rows::SERVER);
    let (mut head, mut times, mut n) = (ChainHead::default(), Series::default(), 0);
    while !stop.load(Ordering::Relaxed) {
        let mut records = Vec::new();
        for _ in 0..APPENDED_TOGETHER {
            let body = crash::event(None, n);
            let now = SystemClock.now();
            n += 1;
            let unlinked = UnlinkedRecord {
                id: EventId::new(uuid_v7(&SystemClock, &OsEntropy)),
                session: Some(SessionId::new("019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a14")),
                occurred_at: now,
                monotonic_millis: SystemClock.monotonic_millis(),
                kind: body.detail.kind().into(),
                salt: [7; 16],
                body: serde_json::to_string(&body)?,
            };
            let record = chain::link(&writer, &head, unlinked);
            head = ChainHead { seq: record.seq, hash: record.hash.clone() };
            records.push((record, body.subject));
        }
        let rows: Vec<RecordRow<'_>> = records
            .iter()
            .map(|(record, subject)| RecordRow { record, subject, is_page: true, received_at: record.occurred_at })
            .collect();
        let watch = Watch::start();
        let mut tx = store.begin().await?;
        tx.insert_records(&rows).await?;
        tx.commit().await?;
        times.add(watch.micros() / 1000.0);
        SystemClock.sleep_until(SystemClock.monotonic_millis() + APPEND_EVERY_MILLIS).await;
    }
    Ok(times)
}

/// All that the database lies in.
fn files(database: &TestDatabase, dir: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![match database.postgres() {
        Some(postgres) => postgres.server().home().join("data/base"),
        None => dir.to_owned(),
    }];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// From the system's memory; what the database keeps in its own stays.
fn drop_pages(files: &[PathBuf]) -> Result<()> {
    nix::unistd::sync();
    for file in files {
        // Some come and go.
        let Ok(file) = File::open(file) else { continue };
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    }
    Ok(())
}
