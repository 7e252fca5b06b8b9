//! Signed heads of the chains: for consoles, which keep them as witnesses, and for a file outside of the database.
//!
//! A server signs the head of what a device has delivered, with that of its own chain, and every minute the heads of all
//! chains that have moved.

use std::{
    collections::HashMap,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use amberglass_domain::{
    checkpoint::{CheckpointError, NoteSigner, WriterHead},
    ports::Clock,
};
use amberglass_wire::{
    audit::{Contradiction, EventDetail, EventSubject},
    event_stream::ChainHead,
    export::ExportLine,
};
use tokio_util::sync::CancellationToken;

use super::{
    AuditError, AuditLog,
    alarms::{Contradicted, device_of_writer, is_hash},
    signed_before::signed_before,
};
use crate::store::{CheckpointRow, StoreError, Tx};

/// Between two looks at all chains.
const INTERVAL_MILLIS: i64 = 60_000;
/// Heads in one note, which may be a megabyte at the most.
const MAX_HEADS: usize = 500;

/// What a server writes is its own or its operator's.
fn is_server(writer: &str) -> bool {
    writer.starts_with("server:")
}

impl AuditLog {
    /// The public key that others pin, in the form of a verifier key.
    pub fn verifier_key(&self) -> String {
        self.shared.signer.verifier_key()
    }

    /// Puts this server's key among those that are listed, and on record when it is a new one.
    ///
    /// # Errors
    /// When it cannot be put on record.
    pub(crate) async fn enrol(&self) -> Result<(), AuditError> {
        let (name, key) = (self.shared.signer.name().to_owned(), self.verifier_key());
        let mut tx = self.shared.store.begin().await?;
        if tx.add_signer(&name, &key, self.shared.clock.now()).await? {
            let detail = EventDetail::SignerAdded { name, verifier_key: key };
            self.append_in(&mut tx, EventSubject::default(), detail).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// `server:<id>`, under which checkpoints are signed.
    pub fn signer(&self) -> &NoteSigner {
        &self.shared.signer
    }

    /// What is held of a device's chain and where this server's own chain stands, signed; kept when `new` says that its head is
    /// a new one.
    pub(super) async fn sign_delivery(
        &self,
        tx: &mut Tx,
        writer: &str,
        head: &ChainHead,
        new: bool,
    ) -> Result<Option<String>, super::DeliveryError> {
        if head.seq == 0 {
            return Ok(None);
        }
        // Read while the lock is held: an export that begins later has this record in it.
        let issued_at = self.shared.clock.now();
        let own = WriterHead { writer: self.writer().to_owned(), head: self.head() };
        let heads = std::iter::once(WriterHead { writer: writer.to_owned(), head: head.clone() })
            .chain((own.head.seq > 0).then_some(own))
            .collect();
        let note = self.shared.signer.checkpoint(issued_at, heads)?;
        if new {
            let (signer, writer) = (self.shared.signer.name().to_owned(), writer.to_owned());
            let row = CheckpointRow { signer, writer, head: head.clone(), issued_at, note: note.clone() };
            tx.insert_checkpoint(&row).await?;
        }
        Ok(Some(note))
    }

    /// Signs where a chain stands now, for whoever takes records away.
    pub(super) fn sign_head(&self, writer: &str, head: ChainHead) -> Result<String, CheckpointError> {
        let heads = vec![WriterHead { writer: writer.to_owned(), head }];
        self.shared.signer.checkpoint(self.shared.clock.now(), heads)
    }
}

/// Looks at all chains every minute.
pub struct Checkpoints {
    audit: AuditLog,
    clock: Arc<dyn Clock>,
    /// Outside of the database; each note is one line of JSON, as in an export.
    file: Option<PathBuf>,
    /// What was seen last.
    seen: HashMap<String, ChainHead>,
    /// What was signed before this server started was held against the log.
    looked_back: bool,
}

/// Why a checkpoint was not issued. What was to be in it is in the next one.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the checkpoint could not be written to {path}; it is in the database")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Checkpoints {
    pub fn new(audit: AuditLog, clock: Arc<dyn Clock>, file: Option<PathBuf>) -> Self {
        Self { audit, clock, file, seen: HashMap::new(), looked_back: false }
    }

    /// Until stopped, and once more then.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = self.clock.monotonic_millis().saturating_add(INTERVAL_MILLIS);
            let stopped = stop.run_until_cancelled(self.clock.sleep_until(next)).await.is_none();
            match self.issue().await {
                Ok(notes) => self.audit.metrics().signed(notes.len()),
                Err(error) => {
                    self.audit.metrics().not_signed();
                    tracing::error!(error = &error as &dyn std::error::Error, "no checkpoint");
                }
            }
            if stopped {
                return;
            }
        }
    }

    /// Signs the heads that have moved since the last time, in as many notes as it takes. Nothing when none has.
    ///
    /// # Errors
    /// When the log cannot be read or written, or the file outside of it; what was to be signed is in the next notes.
    pub async fn issue(&mut self) -> Result<Vec<String>, IssueError> {
        let store = self.audit.shared.store.clone();
        // Before the heads are read: what is delivered meanwhile must not look as if it were missing.
        let before = if self.looked_back { None } else { Some(self.signed_before().await) };
        let heads = store.chain_heads().await?;
        let held: HashMap<&str, &ChainHead> = heads.iter().map(|known| (known.writer.as_str(), &known.head)).collect();
        match before {
            None => {}
            Some(Ok(signed)) => {
                for WriterHead { writer, head } in signed {
                    self.look_at(&writer, head, held.get(writer.as_str()).copied()).await?;
                }
                self.looked_back = true;
            }
            // That it can't be compared with the past must not keep anything from being signed now.
            Some(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "what was signed before can't be read yet");
            }
        }
        let moved: Vec<WriterHead> =
            heads.iter().filter(|known| self.seen.get(&known.writer) != Some(&known.head)).cloned().collect();
        // Also of one that has grown: it may have grown from another past.
        for WriterHead { writer, head } in &moved {
            if let Some(seen) = self.seen.get(writer) {
                self.look_at(writer, seen.clone(), Some(head)).await?;
            }
        }
        let gone: Vec<String> =
            self.seen.keys().filter(|writer| !held.contains_key(writer.as_str())).cloned().collect();
        for writer in gone {
            if let Some(seen) = self.seen.get(&writer) {
                self.look_at(&writer, seen.clone(), None).await?;
            }
            self.seen.remove(&writer);
        }
        // What is no hash can stand in no note, and must not keep the others from being signed.
        let (moved, unsound): (Vec<_>, Vec<_>) = moved.into_iter().partition(|known| is_hash(&known.head.hash));
        for WriterHead { writer, head } in unsound {
            tracing::error!(writer, seq = head.seq, "the last record of a chain stands in the database without a hash");
        }
        let issued_at = self.clock.now();
        let mut notes = Vec::new();
        for some in moved.chunks(MAX_HEADS) {
            let note = self.audit.signer().checkpoint(issued_at, some.to_vec())?;
            let mut tx = store.begin().await?;
            // Those of devices are kept with each delivery.
            for WriterHead { writer, head } in some.iter().filter(|known| is_server(&known.writer)) {
                tx.insert_checkpoint(&CheckpointRow {
                    signer: self.audit.signer().name().to_owned(),
                    writer: writer.clone(),
                    head: head.clone(),
                    issued_at,
                    note: note.clone(),
                })
                .await?;
            }
            tx.commit().await?;
            if let Some(path) = self.file.clone() {
                let line = ExportLine::Checkpoint { note: note.clone() };
                add_line(&path, &line).map_err(|source| IssueError::File { path, source })?;
            }
            notes.push(note);
        }
        // Not before: what did not reach the file is signed again.
        self.seen.extend(moved.into_iter().map(|known| (known.writer, known.head)));
        Ok(notes)
    }

    async fn signed_before(&self) -> Result<Vec<WriterHead>, StoreError> {
        signed_before(&self.audit.shared.store, self.audit.signer(), self.file.as_deref()).await
    }

    /// Whether the log still has what a server signed of a chain that stands at `held` now.
    async fn look_at(&self, writer: &str, signed: ChainHead, held: Option<&ChainHead>) -> Result<(), StoreError> {
        let held = held.cloned().unwrap_or_default();
        // Nothing is there of a record that was retired.
        let stands = self.audit.shared.store.chain(writer, signed.seq.saturating_sub(1), 1).await?;
        let stands = stands.first().map(|stored| &stored.record).filter(|record| record.seq == signed.seq);
        if held.seq < signed.seq || stands.is_some_and(|record| record.hash != signed.hash) {
            self.lost(writer, signed, held).await;
        }
        Ok(())
    }

    /// A chain that does not hold any more what a server had signed of it.
    async fn lost(&self, writer: &str, shown: ChainHead, held: ChainHead) {
        let cause = if shown.seq > held.seq { Contradiction::RolledBack } else { Contradiction::Fork };
        let found = Contradicted { writer: writer.to_owned(), cause, held, shown };
        self.audit.contradict(device_of_writer(writer).as_ref(), &found).await;
    }
}

fn add_line(path: &Path, line: &ExportLine) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut options = std::fs::OpenOptions::new();
    options.read(true).create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // A line that a full disk or a loss of power has torn must not take this one with it.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.insert(0, '\n');
        }
    }
    // One write, so that two servers can share the file.
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
