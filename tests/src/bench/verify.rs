//! `cargo xtask bench verify`: how fast an export is checked, beside reading the same file, parsing it and hashing what it
//! holds on as many cores. The last line is the result as JSON.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read as _, Write},
    num::NonZero,
    path::{Path, PathBuf},
};

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    checkpoint::{NoteSigner, TrustedKeys, WriterHead},
};
use amberglass_wire::{
    EventId, UnixMillis,
    audit::ChainedRecord,
    event_stream::ChainHead,
    export::{ChainHeader, ExportEnd, ExportHeader, ExportLine, ExportScope, FORMAT, end_text},
};
use anyhow::{Result, ensure};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    figures::{self, Series},
    machine::{self, Watch},
};
use crate::crash;

const SERVER: &str = "server:bench";
/// As large as the verifier's own.
const PIECE_BYTES: usize = 4 << 20;

pub struct Setting {
    pub folder: PathBuf,
    pub rounds: u32,
    pub records: i64,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When the export can't be written or is not found to be whole.
pub fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    machine::on_a_real_disk(&setting.folder)?;
    let folder = tempfile::tempdir_in(&setting.folder)?;
    let file = folder.path().join("export");
    let signer = NoteSigner::new(SERVER, &[1; 32])?;
    write(&file, setting.records, &signer)?;
    let bytes = file.metadata()?.len();
    let trusted = TrustedKeys::parse(&signer.verifier_key())?;
    let (mut checked, mut plain, mut pairs) = (Series::default(), Series::default(), Series::default());
    for _ in 0..setting.rounds {
        let watch = Watch::start();
        let hashed = parse_and_hash(&file)?;
        let without = watch.seconds();
        let watch = Watch::start();
        let report = amberglass_verify::verify(BufReader::with_capacity(1 << 20, File::open(&file)?), &trusted, &[])?;
        let with = watch.seconds();
        ensure!(report.is_whole(), "{report}");
        ensure!(hashed == setting.records, "{hashed} records were hashed");
        checked.add(setting.records as f64 / with);
        plain.add(setting.records as f64 / without);
        pairs.add(without / with);
    }
    writeln!(out, "{}", figures::head())?;
    writeln!(out, "{}", figures::row("checked by amberglass-verify", "/s", &checked))?;
    writeln!(out, "{}", figures::row("read, parsed and hashed", "/s", &plain))?;
    let result = json!({
        "verify_vs_parse_and_hash": pairs.median().map(|ratio| (ratio * 100.0).round() / 100.0),
        "records_per_second": checked.median().map(f64::round), "plain_per_second": plain.median().map(f64::round),
        "records": setting.records, "file_bytes": bytes, "rounds": setting.rounds,
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
    });
    writeln!(out, "{result}")?;
    Ok(())
}

/// One chain, as a server exports it.
fn write(file: &Path, records: i64, signer: &NoteSigner) -> Result<()> {
    let mut head = ChainHead::default();
    let mut all = Vec::new();
    for n in 1..=records {
        let body = serde_json::to_string(&crash::event(None, usize::try_from(n)?))?;
        let unlinked = UnlinkedRecord {
            id: EventId::new(format!("019b0a3e-5f5e-7c3a-9f0e-{n:012x}")),
            session: None,
            occurred_at: UnixMillis(1_790_000_000_000 + n),
            monotonic_millis: n,
            kind: "page_viewed".into(),
            salt: [7; 16],
            body,
        };
        let record = chain::link(SERVER, &head, unlinked);
        head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        all.push(record);
    }
    let exported_at = UnixMillis(1_790_001_000_000);
    let note = signer.checkpoint(exported_at, vec![WriterHead { writer: SERVER.into(), head }])?;
    let header = ExportHeader {
        format: FORMAT.into(),
        server: SERVER.into(),
        exported_at,
        client: "amberglass/measurement".into(),
        scope: ExportScope::default(),
    };
    let chain = ChainHeader { writer: SERVER.into(), after: 0, through: records, to_head: true };
    let beginning = [ExportLine::Export(header), ExportLine::Chain(chain), ExportLine::Checkpoint { note }];
    let (mut to, mut hasher, mut lines) = (BufWriter::new(File::create(file)?), Sha256::new(), 0_u64);
    for line in beginning.into_iter().chain(all.into_iter().map(ExportLine::Record)) {
        let text = serde_json::to_string(&line)? + "\n";
        to.write_all(text.as_bytes())?;
        hasher.update(&text);
        lines += 1;
    }
    let sha256 = hex::encode(hasher.finalize());
    let note = signer.sign(&end_text(SERVER, exported_at, lines, &sha256))?;
    writeln!(to, "{}", serde_json::to_string(&ExportLine::End(ExportEnd { lines, sha256, note }))?)?;
    Ok(to.flush()?)
}

/// The work that nobody can do without: each line as a record, its commitment and its hash, and the hash of the file. How
/// many records there were.
fn parse_and_hash(file: &Path) -> Result<i64> {
    let mut from = BufReader::with_capacity(1 << 20, File::open(file)?);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (mut hasher, mut records) = (Sha256::new(), 0);
    let mut piece = read(&mut from)?;
    while !piece.is_empty() {
        let lines: Vec<&[u8]> = piece.split(|byte| *byte == b'\n').collect();
        let share = lines.len().div_ceil(cores).max(1);
        let (counted, next) = std::thread::scope(|scope| {
            let workers: Vec<_> = lines
                .chunks(share)
                .map(|some| scope.spawn(move || some.iter().filter(|line| hashed(line)).count()))
                .collect();
            hasher.update(&piece);
            let next = read(&mut from);
            let counted: usize = workers.into_iter().map(|worker| worker.join().unwrap_or_default()).sum();
            (counted, next)
        });
        records += i64::try_from(counted)?;
        piece = next?;
    }
    std::hint::black_box(hasher.finalize());
    Ok(records)
}

fn hashed(line: &[u8]) -> bool {
    let Ok(record) = serde_json::from_slice::<ChainedRecord>(line) else { return false };
    let salt = hex::decode(&record.salt).unwrap_or_default();
    std::hint::black_box((chain::commitment(&salt, record.body.as_bytes()), chain::record_hash(&record)));
    true
}

fn read(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut piece = Vec::new();
    from.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
    from.read_until(b'\n', &mut piece)?;
    Ok(piece)
}
