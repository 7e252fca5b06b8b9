//! `cargo xtask bench drain`: how fast a long queue goes to a real server over loopback, beside the same rows put from memory
//! into the same table, in batches of the same size, each in one durable transaction. The last line is the result as JSON.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use amberglass_domain::chain::{self, UnlinkedRecord};
use amberglass_journal::JournalKey;
use amberglass_server::store::{RecordRow, Store};
use amberglass_system::OsEntropy;
use amberglass_testkit::{Engine, TestDatabase};
use amberglass_wire::{EventId, UnixMillis, audit::ChainedRecord, event_stream::ChainHead};
use anyhow::{Context as _, Result, bail, ensure};
use secrecy::ExposeSecret as _;
use serde_json::{Map, json};

use super::{
    figures::{self, Series},
    machine::{self, Watch},
};
use crate::{
    crash::{self, DEVICE_KEY, JOURNAL_KEY},
    stack::{Stack, StackSetting},
    staff::Staff,
    world::{AMY, PASSWORD},
};

/// As many as a console sends at once.
const BATCH: usize = 256;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk; PostgreSQL keeps its own files where the system's temporary ones are.
    pub folder: PathBuf,
    pub records: usize,
    pub rounds: u32,
}

/// What one drain came to.
struct Drained {
    seconds: f64,
    console_above_idle_mib: f64,
    server_above_idle_mib: f64,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When not everything arrives, or something does not start.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    machine::on_a_real_disk(&setting.folder)?;
    machine::on_a_real_disk(&std::env::temp_dir())?;
    let mut result = Map::new();
    writeln!(out, "{}", figures::head())?;
    let mut console_peak = 0.0_f64;
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        let (mut drained, mut inserted, mut pairs) = (Series::default(), Series::default(), Series::default());
        let mut server_peak = 0.0_f64;
        for _ in 0..setting.rounds {
            let plain = insert(setting, engine).await?;
            let one = drain(setting, engine).await?;
            drained.add(setting.records as f64 / one.seconds);
            inserted.add(setting.records as f64 / plain);
            pairs.add(plain / one.seconds);
            console_peak = console_peak.max(one.console_above_idle_mib);
            server_peak = server_peak.max(one.server_above_idle_mib);
        }
        writeln!(out, "{}", figures::row(&format!("{name}: drained"), "/s", &drained))?;
        writeln!(out, "{}", figures::row(&format!("{name}: inserted from memory"), "/s", &inserted))?;
        let round = |value: Option<f64>| value.map(|value| (value * 100.0).round() / 100.0);
        result.insert(format!("{name}_vs_insert"), json!(round(pairs.median())));
        result.insert(format!("{name}_per_second"), json!(round(drained.median())));
        result.insert(format!("{name}_insert_per_second"), json!(round(inserted.median())));
        result.insert(format!("{name}_server_peak_mib"), json!(round(Some(server_peak))));
    }
    result.insert("console_peak_mib".into(), json!((console_peak * 10.0).round() / 10.0));
    result.insert("records".into(), json!(setting.records));
    result.insert("rounds".into(), json!(setting.rounds));
    result.insert("build".into(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(writeln!(out, "{}", serde_json::Value::Object(result))?)
}

async fn drain(setting: &Setting, engine: Engine) -> Result<Drained> {
    let dir = tempfile::tempdir_in(&setting.folder)?;
    let database = TestDatabase::on(engine, dir.path());
    let stack_setting = StackSetting {
        limits: "heartbeat_seconds = 2".into(),
        database_url: database.url().to_owned(),
        ..StackSetting::default()
    };
    let stack = Stack::start_as(&setting.bin_dir, &dir.path().join("stack"), stack_setting)?;
    let staff = Staff::sign_in(&stack.api, AMY, PASSWORD).await?;
    let folder = dir.path().join("console");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join(DEVICE_KEY), staff.device.to_secret_text().expose_secret())?;
    std::fs::write(folder.join(JOURNAL_KEY), JournalKey::generate(&OsEntropy).to_secret_text().expose_secret())?;
    let child = |more: &[&str]| -> Result<String> {
        let mut command = Command::new(setting.bin_dir.join("amberglass-journal-child"));
        command.arg("--folder").arg(&folder).args(["--server", &stack.api, "--device", staff.tokens.device.as_str()]);
        command
            .args(["--staff", staff.tokens.staff.id.as_str()])
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let output = command.output()?;
        ensure!(output.status.success(), "the console's journal failed");
        Ok(String::from_utf8(output.stdout)?)
    };
    child(&["--fill", &setting.records.to_string()])?;
    let idle = server_mib(&stack, "VmRSS:")?;
    let said = child(&["--drain"])?;
    let words: Vec<&str> = said.trim().split(' ').collect();
    let ["drained", seq, _, seconds, above] = words[..] else { bail!("the journal said: {said}") };
    ensure!(seq.parse::<usize>()? == setting.records, "{seq} records where {} were appended", setting.records);
    let server_above_idle_mib = server_mib(&stack, "VmHWM:")? - idle;
    Ok(Drained { seconds: seconds.parse()?, console_above_idle_mib: above.parse()?, server_above_idle_mib })
}

fn server_mib(stack: &Stack, name: &str) -> Result<f64> {
    machine::status_mib(Path::new(&format!("/proc/{}/status", stack.server.id())), name)
}

/// Seconds for the same rows from memory.
async fn insert(setting: &Setting, engine: Engine) -> Result<f64> {
    let dir = tempfile::tempdir_in(&setting.folder)?;
    let database = TestDatabase::on(engine, dir.path());
    let store = Store::open(&database.url().into()).await?;
    let records = records(setting.records)?;
    let subject = crash::event(None, 0).subject;
    let watch = Watch::start();
    for some in records.chunks(BATCH) {
        let mut tx = store.begin().await?;
        let rows: Vec<RecordRow<'_>> = some
            .iter()
            .map(|record| RecordRow { record, subject: &subject, is_page: false, received_at: record.occurred_at })
            .collect();
        tx.insert_records(&rows).await?;
        tx.commit().await?;
    }
    let seconds = watch.seconds();
    let head = store.chain_head_of(WRITER).await?;
    ensure!(usize::try_from(head.seq)? == setting.records, "{} rows were inserted", head.seq);
    store.close().await;
    Ok(seconds)
}

const WRITER: &str = "019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a12";

fn records(count: usize) -> Result<Vec<ChainedRecord>> {
    let staff = amberglass_wire::StaffId::new("019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a10");
    let mut head = ChainHead::default();
    (0..count)
        .map(|n| {
            let body = crash::event(Some(&staff), n);
            let unlinked = UnlinkedRecord {
                id: EventId::new(format!("019b0a3e-5f5e-7c3a-9f0e-{n:012x}")),
                session: body.subject.session.clone(),
                occurred_at: UnixMillis(1_790_000_000_000),
                monotonic_millis: i64::try_from(n)?,
                kind: body.detail.kind().into(),
                salt: [7; 16],
                body: serde_json::to_string(&body).context("an event is JSON")?,
            };
            let record = chain::link(WRITER, &head, unlinked);
            head = ChainHead { seq: record.seq, hash: record.hash.clone() };
            Ok(record)
        })
        .collect()
}
