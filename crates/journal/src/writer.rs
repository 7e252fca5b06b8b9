//! The one task that writes, on the one connection that writes.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, mpsc as thread_channel},
};

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    recovery::RecoveryKey,
};
use amberglass_wire::{
    UnixMillis,
    audit::{ChainedRecord, EventDetail},
    event_stream::ChainHead,
};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Appended, HoldReason, JournalError, JournalKey, QueueStatus, Tidied, open,
    scribe::Scribe,
    seal::{Seal, Sealing},
    store::{self, KeyRow, Retired},
    witness::{Looked, Witness},
};

/// Most appends that share one commit; stays far below SQLite's limit of bound values.
const MAX_GROUP: usize = 256;

type Answer<T = ()> = oneshot::Sender<Result<T, JournalError>>;

pub(crate) enum Command {
    Append(Append),
    Do(Request),
    Close { reply: oneshot::Sender<()> },
}

/// What is asked of the writer beside appends.
pub(crate) enum Request {
    Acknowledge {
        held: ChainHead,
        note: Option<String>,
        reply: Answer,
    },
    CountAttempt {
        reply: Answer,
    },
    Hold {
        seq: i64,
        reason: HoldReason,
        reply: Answer,
    },
    ReleaseHeld {
        reply: Answer,
    },
    /// Something of the journal's own.
    Record {
        detail: Box<EventDetail>,
        reply: Answer,
    },
    RotateKey {
        key: JournalKey,
        reply: Answer,
    },
    SealTo {
        recovery: RecoveryKey,
        reply: Answer,
    },
    Trust {
        verifier_keys: Vec<String>,
        reply: Answer,
    },
    Tidy {
        erase_before: UnixMillis,
        retire_before: UnixMillis,
        reply: Answer<Tidied>,
    },
}

pub(crate) struct Append {
    pub(crate) record: UnlinkedRecord,
    pub(crate) reply: Reply,
}

/// What happens in the same transaction as the record that tells of it.
enum Beside {
    Key(Box<KeyRow>),
    Pin(String),
    Tidy { erase_through: i64, retire: Option<Retired> },
}

/// Who waits for an append.
pub(crate) enum Reply {
    Task(oneshot::Sender<Result<Appended, JournalError>>),
    Thread(thread_channel::SyncSender<Result<Appended, JournalError>>),
}

impl Reply {
    /// Whoever no longer waits is not told; the record stands all the same.
    fn send(self, result: Result<Appended, JournalError>) {
        match self {
            Self::Task(reply) => {
                let _ = reply.send(result);
            }
            Self::Thread(reply) => {
                let _ = reply.try_send(result);
            }
        }
    }
}

/// Waits for a command and takes what comes with it; `false` once nobody can send any more.
///
/// Whoever the last commit woke is about to append again. The first of them wakes this task, which would then run before
/// the others and commit one record alone, while they wait for the disk. Going to the end of the line lets them all in; it
/// costs a lone writer some microseconds.
async fn gather(commands: &mut mpsc::Receiver<Command>, arrived: &mut Vec<Command>) -> bool {
    if commands.recv_many(arrived, MAX_GROUP).await == 0 {
        return false;
    }
    loop {
        tokio::task::yield_now().await;
        let before = arrived.len();
        while arrived.len() < MAX_GROUP
            && let Ok(command) = commands.try_recv()
        {
            arrived.push(command);
        }
        if arrived.len() == before || arrived.len() >= MAX_GROUP {
            return true;
        }
    }
}

pub(crate) struct Writer {
    file: PathBuf,
    /// Gone after an error, when it is not known what reached the file; the next command opens a new one.
    connection: Option<SqliteConnection>,
    seal: Arc<Seal>,
    scribe: Arc<Scribe>,
    witness: Witness,
    head: ChainHead,
    status: watch::Sender<QueueStatus>,
    readers: SqlitePool,
    /// Given up last.
    _lock: File,
}

impl Writer {
    pub(crate) fn new(
        file: &Path,
        (connection, lock): (SqliteConnection, File),
        (seal, scribe, witness): (Arc<Seal>, Arc<Scribe>, Witness),
        status: watch::Sender<QueueStatus>,
        readers: SqlitePool,
    ) -> Self {
        let head = status.borrow().head.clone();
        let file = file.to_owned();
        Self { file, connection: Some(connection), seal, scribe, witness, head, status, readers, _lock: lock }
    }

    /// Runs until the journal is closed or nobody holds it any more. Who no longer waits for an answer is not told.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut arrived = Vec::with_capacity(MAX_GROUP);
        let mut closing = None;
        while closing.is_none() && gather(&mut commands, &mut arrived).await {
            let mut group = Vec::with_capacity(arrived.len());
            for command in arrived.drain(..) {
                match command {
                    Command::Append(append) => group.push(append),
                    Command::Close { reply } => closing = Some(reply),
                    Command::Do(request) => {
                        // In the order in which they came.
                        self.append(std::mem::take(&mut group)).await;
                        self.obey(request).await;
                    }
                }
            }
            self.append(group).await;
        }
        // Nothing more is taken; what already waits gets `Closed` when the queue is dropped.
        drop(commands);
        self.readers.close().await;
        self.disconnect().await;
        drop(self);
        if let Some(reply) = closing {
            let _ = reply.send(());
        }
    }

    async fn obey(&mut self, request: Request) {
        match request {
            Request::Acknowledge { held, note, reply } => {
                let _ = reply.send(self.acknowledge(&held, note).await);
            }
            Request::CountAttempt { reply } => {
                let _ = reply.send(self.count_attempt().await);
            }
            Request::Hold { seq, reason, reply } => {
                let _ = reply.send(self.hold(seq, reason).await);
            }
            Request::ReleaseHeld { reply } => {
                let _ = reply.send(self.release_held().await);
            }
            Request::Record { detail, reply } => {
                let _ = reply.send(self.record(*detail, None).await);
            }
            Request::RotateKey { key, reply } => {
                let _ = reply.send(self.rotate_key(key).await);
            }
            Request::SealTo { recovery, reply } => {
                let _ = reply.send(self.seal_to(&recovery).await);
            }
            Request::Trust { verifier_keys, reply } => {
                let _ = reply.send(self.trust(verifier_keys).await);
            }
            Request::Tidy { erase_before, retire_before, reply } => {
                let _ = reply.send(self.tidy(erase_before, retire_before).await);
            }
        }
    }

    /// Writes a group in one commit and answers everyone in it.
    async fn append(&mut self, group: Vec<Append>) {
        if group.is_empty() {
            return;
        }
        let (records, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|append| (append.record, append.reply)).unzip();
        match self.write(records, None).await {
            Ok(appended) => {
                for (reply, appended) in replies.into_iter().zip(appended) {
                    reply.send(Ok(appended));
                }
            }
            Err(error) => {
                tracing::error!(%error, records = replies.len(), "records could not be written to the journal");
                for reply in replies {
                    reply.send(Err(error.clone()));
                }
            }
        }
    }

    async fn write(
        &mut self,
        records: Vec<UnlinkedRecord>,
        beside: Option<Beside>,
    ) -> Result<Vec<Appended>, JournalError> {
        self.connected().await?;
        let oldest = records.first().map(|record| record.occurred_at);
        let mut head = self.head.clone();
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let record = chain::link(self.seal.writer(), &head, record);
            head = ChainHead { seq: record.seq, hash: record.hash.clone() };
            let sealed = self.seal.seal(&record, self.scribe.entropy.as_ref())?;
            rows.push((record, sealed));
        }
        let connection = self.connected().await?;
        let result = match &beside {
            None => store::insert(connection, &rows).await,
            Some(beside) => insert_beside(connection, &rows, beside).await,
        };
        self.settle(result).await?;
        self.head = head.clone();
        self.status.send_modify(|status| {
            status.waiting = status.waiting.saturating_add(rows.len() as u64);
            status.oldest_at = status.oldest_at.or(oldest);
            status.head = head;
        });
        Ok(rows.into_iter().map(|(record, _)| Appended { seq: record.seq, hash: record.hash }).collect())
    }

    async fn record(&mut self, detail: EventDetail, beside: Option<Beside>) -> Result<(), JournalError> {
        let record = self.scribe.own(detail)?;
        self.write(vec![record], beside).await.map(|_| ())
    }

    async fn acknowledge(&mut self, held: &ChainHead, note: Option<String>) -> Result<(), JournalError> {
        let clock = self.scribe.clock.clone();
        let looked =
            note.as_deref().and_then(|note| self.witness.look(note, self.seal.writer(), clock.monotonic_millis()));
        let Looked { signer, keep, own, contradictions, due } = looked.unwrap_or_default();
        // Only what vouches for the very record is worth keeping beside it.
        let vouched = note.as_deref().filter(|_| own.as_ref() == Some(held));
        let connection = self.connected().await?;
        let kept = (signer.as_str(), keep.as_slice(), note.as_deref().unwrap_or_default());
        let result = acknowledge(connection, held.seq, vouched, clock.now(), kept).await;
        self.settle(result).await?;
        self.witness.kept(keep);
        self.show_delivered().await?;
        for contradiction in contradictions {
            tracing::error!(?contradiction, "a server contradicts what it has signed before");
            self.record(contradiction.clone(), None).await?;
            self.witness.told(&contradiction);
        }
        if let Some(note) = note.filter(|_| due) {
            self.record(EventDetail::CheckpointWitnessed { note }, None).await?;
            self.witness.recorded(clock.monotonic_millis());
        }
        Ok(())
    }

    /// Each new key on record before anything that it signed is believed.
    async fn trust(&mut self, verifier_keys: Vec<String>) -> Result<(), JournalError> {
        for verifier_key in verifier_keys {
            if self.witness.trusted.holds(&verifier_key) {
                continue;
            }
            let name = verifier_key.split('+').next().unwrap_or_default().to_owned();
            let mut trusted = self.witness.trusted.clone();
            if !name.starts_with("server:") || trusted.add(&verifier_key).is_err() {
                tracing::warn!(verifier_key, "what the server calls a key of its own is none");
                continue;
            }
            let pinned = EventDetail::ServerKeyPinned { name, verifier_key: verifier_key.clone() };
            self.record(pinned, Some(Beside::Pin(verifier_key))).await?;
            self.witness.trusted = trusted;
        }
        Ok(())
    }

    async fn rotate_key(&mut self, key: JournalKey) -> Result<(), JournalError> {
        let connection = self.connected().await?;
        let read = store::key_rows(connection).await;
        let last = self.settle(read).await?.pop().ok_or(JournalError::WrongKey)?;
        let (writer, entropy) = (self.seal.writer().to_owned(), self.scribe.entropy.clone());
        let first_seq = self.head.seq.saturating_add(1);
        let sealing = Sealing::new(last.number.saturating_add(1), first_seq, key);
        let older = self.seal.with_newest(|newest| sealing.seal_older(&writer, newest.key(), entropy.as_ref()))?;
        let recovery_key = last.recovery_key;
        let recovery = match recovery_key.as_deref().map(RecoveryKey::parse) {
            Some(Ok(recovery)) => Some(sealing.seal_for(&writer, &recovery, entropy.as_ref())?),
            Some(Err(_)) | None => None,
        };
        let row = KeyRow {
            number: last.number.saturating_add(1),
            first_seq,
            key_check: sealing.key_check(&writer, entropy.as_ref())?,
            older: Some(older),
            recovery,
            recovery_key,
            created_at: self.scribe.clock.now().0,
        };
        let number = u32::try_from(row.number).unwrap_or(u32::MAX);
        self.seal.add(sealing);
        let written = self.record(EventDetail::JournalKeyRotated { number }, Some(Beside::Key(Box::new(row)))).await;
        // Without a connection it is not known which key the file has by now: the next one tells.
        if written.is_err() && self.connection.is_some() {
            self.seal.keep_through(last.number);
        }
        written
    }

    async fn seal_to(&mut self, recovery: &RecoveryKey) -> Result<(), JournalError> {
        let connection = self.connected().await?;
        let read = store::key_rows(connection).await;
        let text = recovery.to_text();
        if self.settle(read).await?.last().is_some_and(|row| row.recovery_key.as_ref() == Some(&text)) {
            return Ok(());
        }
        let (writer, entropy) = (self.seal.writer(), self.scribe.entropy.as_ref());
        let sealed = self.seal.with_newest(|newest| newest.seal_for(writer, recovery, entropy))?;
        let result = store::set_recovery(self.connected().await?, &sealed, &text).await;
        self.settle(result).await
    }

    async fn tidy(&mut self, erase_before: UnixMillis, retire_before: UnixMillis) -> Result<Tidied, JournalError> {
        let (trusted, seal) = (self.witness.trusted.clone(), self.seal.clone());
        let vouched = move |note: &str| Some(trusted.checkpoint(note).ok()?.head_of(seal.writer())?.seq);
        let connection = self.connected().await?;
        let read = what_may_go(connection, erase_before, retire_before, vouched).await;
        let Some((tidied, retire)) = self.settle(read).await? else { return Ok(Tidied::default()) };
        let Tidied { erased_through, retired_through } = tidied;
        // All that is gone, so that the last of these records accounts for everything.
        let detail = EventDetail::JournalTidied { erased_through, retired_through };
        self.record(detail, Some(Beside::Tidy { erase_through: erased_through, retire })).await?;
        // What was erased is not left in the write-ahead log.
        let result = store::truncate_log(self.connected().await?).await;
        self.settle(result).await?;
        Ok(tidied)
    }

    async fn count_attempt(&mut self) -> Result<(), JournalError> {
        let result = store::count_attempt(self.connected().await?).await;
        self.settle(result).await
    }

    async fn hold(&mut self, seq: i64, reason: HoldReason) -> Result<(), JournalError> {
        let result = store::hold(self.connected().await?, seq, reason).await;
        self.settle(result).await?;
        self.show_delivered().await
    }

    async fn release_held(&mut self) -> Result<(), JournalError> {
        let result = store::release_held(self.connected().await?).await;
        self.settle(result).await?;
        self.show_delivered().await
    }

    async fn show_delivered(&mut self) -> Result<(), JournalError> {
        // Before the head is read: with a connection that has to be opened anew comes the head that the file has.
        self.connected().await?;
        let head = self.head.clone();
        let result = open::status(self.connected().await?, head).await;
        let status = self.settle(result).await?;
        self.status.send_replace(status);
        Ok(())
    }

    /// The connection, opened anew after an error. What is in the file then counts: a commit that failed may have
    /// reached it. The last record that was confirmed must still be there.
    async fn connected(&mut self) -> Result<&mut SqliteConnection, JournalError> {
        if self.connection.is_none() {
            let mut connection = store::connect(&self.file).await?;
            let known = self.head.seq;
            if known > 0 && store::hash_at(&mut connection, known).await?.as_ref() != Some(&self.head.hash) {
                return Err(JournalError::HeadLost { seq: known });
            }
            let keys = store::key_rows(&mut connection).await?;
            self.seal.keep_through(keys.last().map_or(0, |row| row.number));
            let head = store::head(&mut connection).await?;
            let status = open::status(&mut connection, head.clone()).await?;
            self.head = head;
            self.status.send_replace(status);
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(JournalError::Closed)
    }

    /// After an error the connection is not trusted any more.
    async fn settle<T>(&mut self, result: Result<T, JournalError>) -> Result<T, JournalError> {
        if result.is_err() {
            self.disconnect().await;
        }
        result
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the journal's connection did not close cleanly");
        }
    }
}

async fn insert_beside(
    connection: &mut SqliteConnection,
    rows: &[(ChainedRecord, Vec<u8>)],
    beside: &Beside,
) -> Result<(), JournalError> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    if let Beside::Key(row) = beside {
        store::insert_key(&mut transaction, row).await?;
    }
    store::insert(&mut transaction, rows).await?;
    match beside {
        Beside::Key(_) => {}
        Beside::Pin(verifier_key) => {
            let at = rows.first().map_or(UnixMillis(0), |(record, _)| record.occurred_at);
            store::pin_server_key(&mut transaction, verifier_key, at).await?;
        }
        Beside::Tidy { erase_through, retire } => {
            if let Some(retire) = retire {
                store::retire(&mut transaction, retire).await?;
            }
            store::erase(&mut transaction, *erase_through).await?;
        }
    }
    Ok(transaction.commit().await?)
}

/// How far the records were delivered, and what servers have signed: one commit.
async fn acknowledge(
    connection: &mut SqliteConnection,
    held: i64,
    vouched: Option<&str>,
    at: UnixMillis,
    (signer, keep, note): (&str, &[(String, ChainHead)], &str),
) -> Result<(), JournalError> {
    if keep.is_empty() {
        return store::acknowledge(connection, held, vouched, at).await;
    }
    let mut transaction = connection.begin_with("begin immediate").await?;
    store::acknowledge(&mut transaction, held, vouched, at).await?;
    for (writer, head) in keep {
        store::keep_witness(&mut transaction, writer, signer, head, note, at).await?;
    }
    Ok(transaction.commit().await?)
}

/// What will be gone with what is gone already: bodies, and records as far as a server's signed word leads back to them.
/// Nothing when nothing would change.
async fn what_may_go(
    connection: &mut SqliteConnection,
    erase_before: UnixMillis,
    retire_before: UnixMillis,
    vouched: impl Fn(&str) -> Option<i64>,
) -> Result<Option<(Tidied, Option<Retired>)>, JournalError> {
    let delivered = store::delivery(connection).await?;
    let head = store::head(connection).await?;
    let gone = store::retired(connection).await?.map_or(0, |retired| retired.through);
    let erase = store::written_before(connection, erase_before).await?.min(delivered.through);
    // The last note may be older than the last delivery: it speaks of no more than its own record.
    let signed = delivered.note.as_deref().and_then(vouched).unwrap_or(0);
    let old = store::written_before(connection, retire_before).await?;
    let through = old.min(delivered.through).min(signed).min(head.seq.saturating_sub(1));
    let retire = match (delivered.note, store::hash_at(connection, through).await?) {
        (Some(note), Some(hash)) if through > gone => Some(Retired { through, hash, note }),
        _ => None,
    };
    let erased = store::erased_through(connection).await?;
    let changes = erase > erased || retire.is_some();
    let retired_through = retire.as_ref().map_or(gone, |retire| retire.through);
    let tidied = Tidied { erased_through: erase.max(erased).max(retired_through), retired_through };
    Ok(changes.then_some((tidied, retire)))
}
