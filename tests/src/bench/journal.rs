//! `cargo xtask bench journal`: how many durable records a second the journal takes, beside one connection that commits
//! row by row; and whether a million records make it slower. The last line is the result as JSON.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use amberglass_journal::{Journal, JournalKey, JournalOptions};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{DeviceId, StaffId, audit::EventBody};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    figures::{self, Series},
    machine::{self, Watch},
    raw_rows::{CApi, Sqlx},
};
use crate::crash;

const WRITERS: usize = 64;
/// Records of each side in one round; the sides take turns, so that a noisy moment hits both.
const ALONE: usize = 400;
const TOGETHER_EACH: usize = 60;
const LATENCIES: usize = 1_000;
/// Records that one side appends before the other has its turn.
const TURN: usize = 50;

pub struct Setting {
    /// On a real disk; files are made below it and removed.
    pub folder: PathBuf,
    pub rounds: u32,
    /// In the large journal.
    pub rows: usize,
}

fn event(n: usize) -> EventBody {
    crash::event(Some(&StaffId::new("019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a10")), n)
}

async fn open(file: &Path) -> Result<Journal> {
    let options = JournalOptions {
        device: DeviceId::new("019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a12"),
        keys: vec![JournalKey::generate(&OsEntropy)],
        client: "amberglass/test".into(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    Ok(Journal::open(file, options).await?)
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When the folder is not on a real disk, or something can't be written.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    machine::on_a_real_disk(&setting.folder)?;
    let folder = tempfile::tempdir_in(&setting.folder)?;
    let journal = open(&folder.path().join("journal.db")).await?;
    journal.append(event(0)).await?;
    let sealed = sealed_bytes(&folder.path().join("journal.db")).await?;
    let mut sqlx = Sqlx::open(&folder.path().join("sqlx.db"), sealed).await?;
    let mut c_api = CApi::open(&folder.path().join("c-api.db"), sealed)?;
    let mut grouped = CApi::open(&folder.path().join("c-api-groups.db"), sealed)?;
    grouped.follow()?;

    let (mut alone, mut together, mut raw, mut c) =
        (Series::default(), Series::default(), Series::default(), Series::default());
    // What a group costs SQLite alone: nobody hashes, seals or waits. More than this no journal on it can reach.
    let mut bare_groups = Series::default();
    let (mut one_vs_raw, mut many_vs_raw) = (Series::default(), Series::default());
    let (mut alone_latency, mut together_latency) = (Series::default(), Series::default());
    for round in 0..setting.rounds {
        let base = round as usize * ALONE;
        let (one, latencies) = tokio::spawn(one_by_one(journal.clone(), base)).await??;
        for latency in latencies {
            alone_latency.add(latency);
        }
        let row_by_row;
        (row_by_row, sqlx) = tokio::spawn(row_by_row_from(sqlx, base)).await??;
        let start = Watch::start();
        for n in 0..ALONE {
            c_api.insert(base + n)?;
        }
        c.add(ALONE as f64 / start.micros() * 1e6);
        let start = Watch::start();
        for group in 0..TOGETHER_EACH {
            grouped.insert_group((round as usize * TOGETHER_EACH + group) * WRITERS, WRITERS)?;
        }
        bare_groups.add((TOGETHER_EACH * WRITERS) as f64 / start.micros() * 1e6);
        let (many, latencies) = many_at_once(&journal).await?;
        for latency in latencies {
            together_latency.add(latency);
        }
        alone.add(one);
        raw.add(row_by_row);
        together.add(many);
        one_vs_raw.add(one / row_by_row);
        many_vs_raw.add(many / row_by_row);
    }
    journal.close().await;

    writeln!(out, "{}", figures::head())?;
    for (name, unit, series) in [
        ("journal, one writer", "/s", &alone),
        ("journal, 64 writers", "/s", &together),
        ("one sqlx connection, a row per commit", "/s", &raw),
        ("the C API, a row per commit", "/s", &c),
        ("the C API, 64 rows per commit, with the trigger", "/s", &bare_groups),
    ] {
        writeln!(out, "{}", figures::row(name, unit, series))?;
    }
    writeln!(out, "{}", figures::head_with_tail())?;
    writeln!(out, "{}", figures::row_with_tail("append, one writer", "us", &alone_latency))?;
    writeln!(out, "{}", figures::row_with_tail("append, 64 writers", "us", &together_latency))?;

    let large = large(&folder, setting.rows, out).await?;
    let result = json!({
        "one_writer_vs_raw": round2(one_vs_raw.median()), "writers_64_vs_raw": round2(many_vs_raw.median()),
        "p99_at_1m_rows_vs_empty": round2(large.ratio), "rows": setting.rows,
        "one_writer_per_second": round2(alone.median()), "writers_64_per_second": round2(together.median()),
        "raw_sqlx_per_second": round2(raw.median()), "raw_c_api_per_second": round2(c.median()),
        "bare_groups_of_64_per_second": round2(bare_groups.median()),
        "one_writer_p99_us": round2(alone_latency.percentile(99)),
        "writers_64_p99_us": round2(together_latency.percentile(99)),
        "filled_per_second": round2(Some(large.filled_per_second)),
        "memory_before_mib": round2(Some(large.memory_before)), "memory_after_mib": round2(Some(large.memory_after)),
        "rounds": setting.rounds, "build": if cfg!(debug_assertions) { "debug" } else { "release" },
    });
    writeln!(out, "{result}")?;
    Ok(())
}

fn round2(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 100.0).round() / 100.0)
}

/// Bytes that a body takes in the journal's own file.
async fn sealed_bytes(file: &Path) -> Result<usize> {
    let mut connection = super::raw_rows::read(file).await?;
    let bytes: i64 =
        sqlx::query_scalar("select length(sealed) from records limit 1").fetch_one(&mut connection).await?;
    Ok(usize::try_from(bytes)?)
}

/// On a thread of the runtime, as everything that appends in the product, and as the rows beside it.
async fn one_by_one(journal: Journal, base: usize) -> Result<(f64, Vec<f64>)> {
    let mut latencies = Vec::with_capacity(ALONE);
    let start = Watch::start();
    for n in 0..ALONE {
        let each = Watch::start();
        journal.append(event(base + n)).await?;
        latencies.push(each.micros());
    }
    Ok((ALONE as f64 / start.micros() * 1e6, latencies))
}

async fn row_by_row_from(mut sqlx: Sqlx, base: usize) -> Result<(f64, Sqlx)> {
    let start = Watch::start();
    for n in 0..ALONE {
        sqlx.insert(base + n).await?;
    }
    Ok((ALONE as f64 / start.micros() * 1e6, sqlx))
}

/// Records a second, and what each waited.
async fn many_at_once(journal: &Journal) -> Result<(f64, Vec<f64>)> {
    let start = Watch::start();
    let mut appending = JoinSet::new();
    for writer in 0..WRITERS {
        let journal = journal.clone();
        appending.spawn(async move {
            let mut latencies = Vec::with_capacity(TOGETHER_EACH);
            for n in 0..TOGETHER_EACH {
                let each = Watch::start();
                journal.append(event(writer * TOGETHER_EACH + n)).await?;
                latencies.push(each.micros());
            }
            Ok::<_, anyhow::Error>(latencies)
        });
    }
    let mut all = Vec::with_capacity(WRITERS * TOGETHER_EACH);
    while let Some(done) = appending.join_next().await {
        all.extend(done??);
    }
    let per_second = all.len() as f64 / start.micros() * 1e6;
    Ok((per_second, all))
}

struct Large {
    ratio: Option<f64>,
    filled_per_second: f64,
    memory_before: f64,
    memory_after: f64,
}

/// A journal with many rows beside an empty one, appended to in turns.
async fn large(folder: &tempfile::TempDir, rows: usize, out: &mut impl Write) -> Result<Large> {
    let full = open(&folder.path().join("full.db")).await?;
    let memory_before = machine::resident_mib()?;
    let start = Watch::start();
    crash::fill(&full, None, rows).await?;
    let filled_per_second = rows as f64 / start.micros() * 1e6;
    let memory_after = machine::resident_mib()?;
    let held = full.status().borrow().head.seq;
    ensure!(usize::try_from(held)? == rows, "{held} records where {rows} were appended");
    let empty = open(&folder.path().join("empty.db")).await?;
    let (mut of_full, mut of_empty) = (Series::default(), Series::default());
    for _ in 0..5 {
        let (mut one, mut other) = (Series::default(), Series::default());
        for _ in 0..LATENCIES / TURN {
            for (journal, series) in [(&full, &mut one), (&empty, &mut other)] {
                for n in 0..TURN {
                    let each = Watch::start();
                    journal.append(event(n)).await?;
                    series.add(each.micros());
                }
            }
        }
        of_full.add(one.percentile(99).context("nothing was measured")?);
        of_empty.add(other.percentile(99).context("nothing was measured")?);
    }
    full.close().await;
    empty.close().await;
    writeln!(out, "{}", figures::head())?;
    writeln!(out, "{}", figures::row(&format!("p99 of an append at {rows} rows"), "us", &of_full))?;
    writeln!(out, "{}", figures::row("p99 of an append at none", "us", &of_empty))?;
    let ratio = figures::ratio(&of_full, &of_empty);
    Ok(Large { ratio, filled_per_second, memory_before, memory_after })
}
