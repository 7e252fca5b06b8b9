//! Writes a part of the audit log so that somebody else can check it without this server.
//!
//! Each chain is a stretch between two signed checkpoints (or its own beginning): every record of it is there, those out
//! of scope as stubs, so that nothing can be left out unseen and nobody else's bodies are given away. Records that say who
//! erased what is in scope are there whole too.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use amberglass_domain::{chain::device_of, checkpoint::CheckpointError, ports::Clock};
use amberglass_wire::{
    UnixMillis,
    event_stream::ChainHead,
    export::{ChainHeader, ExportEnd, ExportHeader, ExportLine, ExportScope, FORMAT, end_text},
};
use sha2::{Digest as _, Sha256};

use super::{AuditLog, CLIENT, gone::Gone};
use crate::store::{CheckpointRow, Store, StoreError, Stretch};

/// Records that are read at once.
const PAGE: u32 = 500;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("a line could not be written as JSON")]
    Encode(#[source] serde_json::Error),
    #[error("the export could not be written")]
    Write(#[source] io::Error),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub chains: u64,
    pub records: u64,
    pub stubs: u64,
}

/// Lines on their way out, counted and hashed.
struct Lines<W> {
    out: W,
    hasher: Sha256,
    lines: u64,
}

impl<W: Write> Lines<W> {
    fn add(&mut self, line: &ExportLine) -> Result<(), ExportError> {
        let mut text = serde_json::to_vec(line).map_err(ExportError::Encode)?;
        text.push(b'\n');
        self.out.write_all(&text).map_err(ExportError::Write)?;
        self.hasher.update(&text);
        self.lines = self.lines.saturating_add(1);
        Ok(())
    }

    /// The line that closes the file, and covers all before it.
    fn end(mut self, audit: &AuditLog, exported_at: UnixMillis) -> Result<(), ExportError> {
        let sha256 = hex::encode(std::mem::take(&mut self.hasher).finalize());
        let signer = audit.signer();
        let note = signer.sign(&end_text(signer.name(), exported_at, self.lines, &sha256))?;
        let lines = self.lines;
        self.add(&ExportLine::End(ExportEnd { lines, sha256, note }))?;
        self.out.flush().map_err(ExportError::Write)
    }
}

/// One chain of an export, with the checkpoints that stand at its ends.
struct Section {
    chain: ChainHeader,
    checkpoints: Vec<String>,
}

/// Writes what is in scope to `out` as JSON Lines.
///
/// # Errors
/// When the log cannot be read or `out` not be written; what was written then has no end and is no export.
pub async fn export(
    audit: &AuditLog,
    store: &Store,
    clock: &dyn Clock,
    scope: &ExportScope,
    out: impl Write,
) -> Result<Exported, ExportError> {
    let exported_at = clock.now();
    // Whoever had begun to write before is done then: what was signed until now is in the export.
    drop(store.begin().await?);
    let mut lines = Lines { out, hasher: Sha256::new(), lines: 0 };
    lines.add(&ExportLine::Export(ExportHeader {
        format: FORMAT.into(),
        server: audit.signer().name().to_owned(),
        exported_at,
        client: CLIENT.into(),
        scope: scope.clone(),
    }))?;
    let mut exported = Exported::default();
    let everything = *scope == ExportScope::default();
    let gone = Gone::read(store).await?;
    // Whole in any scope: without them nothing would say who erased what is in scope.
    let explaining = gone.explaining(store.erased_in_scope(scope).await?);
    let none = BTreeSet::new();
    for stretch in stretches(store.stretches(scope).await?, &explaining, &gone) {
        let explains = explaining.get(&stretch.writer).unwrap_or(&none);
        let Section { chain, checkpoints } = section(audit, store, &stretch, everything).await?;
        exported.chains = exported.chains.saturating_add(1);
        let (writer, mut after, through) = (chain.writer.clone(), chain.after, chain.through);
        lines.add(&ExportLine::Chain(chain))?;
        for note in checkpoints {
            lines.add(&ExportLine::Checkpoint { note })?;
        }
        loop {
            let page = store.chain_in_scope(scope, &writer, after, through, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = last.seq;
            for (record, in_scope) in page {
                if in_scope || explains.contains(&record.seq) {
                    exported.records = exported.records.saturating_add(1);
                    lines.add(&ExportLine::Record(record))?;
                } else {
                    exported.stubs = exported.stubs.saturating_add(1);
                    lines.add(&ExportLine::Stub(record.into()))?;
                }
            }
        }
    }
    lines.end(audit, exported_at)?;
    Ok(exported)
}

/// Those in scope, widened to what explains them and without what is retired.
fn stretches(in_scope: Vec<Stretch>, explaining: &BTreeMap<String, BTreeSet<i64>>, gone: &Gone) -> Vec<Stretch> {
    let mut all: BTreeMap<String, (i64, i64)> =
        in_scope.into_iter().map(|stretch| (stretch.writer, (stretch.first, stretch.last))).collect();
    for (writer, numbers) in explaining {
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { continue };
        let stretch = all.entry(writer.clone()).or_insert((*first, *last));
        *stretch = (stretch.0.min(*first), stretch.1.max(*last));
    }
    all.into_iter()
        .filter_map(|(writer, (first, last))| {
            let first = first.max(gone.through(&writer).saturating_add(1));
            (first <= last).then_some(Stretch { writer, first, last })
        })
        .collect()
}

/// Widens a stretch to the checkpoints around it, or to the beginning and the end of the chain; to its end in any case when
/// everything was asked for.
async fn section(audit: &AuditLog, store: &Store, stretch: &Stretch, everything: bool) -> Result<Section, ExportError> {
    let writer = stretch.writer.as_str();
    // Before the head, so that no note names a record that came after it.
    let signer = device_of(writer);
    let last_own = store.last_checkpoint_of(signer, writer, 0, i64::MAX).await?;
    let below = store.checkpoint_below(writer, stretch.first).await?;
    let after = below.as_ref().map_or(0, |row| row.head.seq);
    let above = if everything { None } else { store.checkpoint_from(writer, stretch.last).await? };
    let head: ChainHead = store.chain_head_of(writer).await?;
    let (through, closing) = match above {
        Some(CheckpointRow { head, note, .. }) => (head.seq, note),
        None => (head.seq, audit.sign_head(writer, head.clone())?),
    };
    let to_head = through == head.seq;
    // At the chain's end whatever the device has ever signed: it may have seen more than is held.
    let own = match to_head {
        true => last_own,
        false => store.last_checkpoint_of(signer, writer, after, through).await?,
    };
    let checkpoints = below.map(|row| row.note).into_iter().chain([closing]).chain(own.map(|row| row.note)).collect();
    let chain = ChainHeader { writer: writer.to_owned(), after, through, to_head };
    Ok(Section { chain, checkpoints })
}
