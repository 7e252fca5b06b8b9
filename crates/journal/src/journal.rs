//! The handle that everything else holds.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, mpsc as thread_channel},
    time::Duration,
};

use amberglass_domain::{
    chain,
    ports::{Clock, Entropy},
    recovery::RecoveryKey,
};
use amberglass_wire::{
    DeviceId, SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail},
    event_stream::ChainHead,
};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot, watch,
};

use crate::{
    HoldReason, JournalError, JournalKey,
    open::{self, Beginning, Identified},
    scribe::Scribe,
    seal::Seal,
    store::{self, Delivered},
    writer::{Append, Command, Reply, Request, Writer},
};

/// Appends that may wait before the next one has to.
const QUEUED_COMMANDS: usize = 1024;
/// Longest wait of [`Journal::append_blocking`].
const BLOCKING_LIMIT: Duration = Duration::from_secs(3);
/// Pieces in which a full queue is waited for, within [`BLOCKING_LIMIT`].
const BLOCKING_STEP: Duration = Duration::from_millis(5);

/// Whose journal, and the ports.
#[derive(Clone)]
pub struct JournalOptions {
    pub device: DeviceId,
    /// The newest key, and before it one that was to become it if the program died in between.
    pub keys: Vec<JournalKey>,
    /// Name and version of the program.
    pub client: String,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// What is no longer kept: up to which record; zero for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Of bodies.
    pub erased_through: i64,
    /// Of whole records.
    pub retired_through: i64,
}

/// Where a record stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    pub seq: i64,
    pub hash: String,
}

/// The queue after the last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueStatus {
    /// Records that the server has not confirmed, held ones included.
    pub waiting: u64,
    /// When the first of them was written.
    pub oldest_at: Option<UnixMillis>,
    /// Records that the server can't accept; delivery stands still before the first.
    pub held: u64,
    pub hold: Option<HoldReason>,
    pub head: ChainHead,
    /// When the server last confirmed a record.
    pub last_synced_at: Option<UnixMillis>,
}

impl QueueStatus {
    /// Delivery is in order, so only the first waiting record can be held.
    pub(crate) fn set_delivered(
        &mut self,
        through: i64,
        synced_at: Option<UnixMillis>,
        oldest_at: Option<UnixMillis>,
        hold: Option<HoldReason>,
    ) {
        self.waiting = self.head.seq.saturating_sub(through).unsigned_abs();
        self.last_synced_at = synced_at;
        self.oldest_at = oldest_at;
        self.held = u64::from(hold.is_some());
        self.hold = hold;
    }
}

/// One open journal; clones are the same one. It closes when the last clone is dropped, or by [`Journal::close`].
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    commands: mpsc::Sender<Command>,
    readers: SqlitePool,
    seal: Arc<Seal>,
    scribe: Arc<Scribe>,
    status: watch::Receiver<QueueStatus>,
    key: usize,
    key_created_at: UnixMillis,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({})", self.writer())
    }
}

impl Journal {
    /// Opens or creates the journal (mode 0600 on Unix) in a folder that exists, checks all of its chain, and starts its
    /// writer on the current runtime.
    ///
    /// # Errors
    /// [`JournalError::InUse`] while another handle or process has it, [`JournalError::WrongKey`],
    /// [`JournalError::ForeignWriter`], [`JournalError::FormatTooNew`]; [`JournalError::BrokenChain`],
    /// [`JournalError::Unreadable`] or [`JournalError::Damaged`] if it is not as it was written; what the file system
    /// says. Whatever the error, records are left as they are.
    pub async fn open(file: &Path, options: JournalOptions) -> Result<Self, JournalError> {
        let beginning = Beginning { writer: options.device.0.clone(), replaces: None, must_exist: false };
        Self::open_locked(file, open::lock(file)?, options, beginning).await
    }

    pub(crate) async fn open_locked(
        file: &Path,
        lock: File,
        options: JournalOptions,
        beginning: Beginning,
    ) -> Result<Self, JournalError> {
        open::create(file)?;
        let mut connection = store::connect(file).await?;
        let prepared = prepare(&mut connection, &options, &beginning).await;
        let (Identified { seal, replaces, key, key_created_at }, witness, status) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                // To the end, before anybody moves the file: a connection that closes later would do so under its old name.
                let _ = connection.close().await;
                return Err(error);
            }
        };
        let begins = status.head.seq == 0;
        let JournalOptions { device, client, clock, entropy, keys: _ } = options;
        let (seal, scribe) = (Arc::new(seal), Arc::new(Scribe { device, client, clock, entropy }));
        let (status_sender, status) = watch::channel(status);
        let readers = store::readers(file);
        let (commands, queue) = mpsc::channel(QUEUED_COMMANDS);
        let records = (seal.clone(), scribe.clone(), witness);
        let writer = Writer::new(file, (connection, lock), records, status_sender, readers.clone());
        tokio::spawn(writer.run(queue));
        let journal = Self { inner: Arc::new(Inner { commands, readers, seal, scribe, status, key, key_created_at }) };
        if let Some(replaces) = replaces.filter(|_| begins) {
            journal.record(replaces).await?;
        }
        Ok(journal)
    }

    /// The name of the chain: the device's id, or a later chain of it (`domain::chain::device_of`).
    pub fn writer(&self) -> &str {
        self.inner.seal.writer()
    }

    pub fn device(&self) -> &DeviceId {
        &self.inner.scribe.device
    }

    /// From 1; more after losses.
    pub fn chain_number(&self) -> u32 {
        chain::number_in_device(self.writer())
    }

    /// Which of [`JournalOptions::keys`] turned out to be the newest, when it was opened.
    pub fn opened_with_key(&self) -> usize {
        self.inner.key
    }

    /// Since when the newest key counted, when it was opened.
    pub fn key_created_at(&self) -> UnixMillis {
        self.inner.key_created_at
    }

    /// Durable (fsynced) when it returns. Session and kind of the record are those of the body. Appends that arrive
    /// together share one commit.
    ///
    /// # Errors
    /// Nothing may happen that was to be recorded: see [`JournalError`].
    pub async fn append(&self, body: EventBody) -> Result<Appended, JournalError> {
        let record = self.inner.scribe.unlinked(&body)?;
        let (reply, answer) = oneshot::channel();
        let append = Command::Append(Append { record, reply: Reply::Task(reply) });
        self.inner.commands.send(append).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }

    /// As [`Journal::append`], from a thread that the runtime does not own, such as a window's event loop. Waits three
    /// seconds at most.
    ///
    /// # Errors
    /// Also [`JournalError::TimedOut`], after which the record may or may not come to exist.
    pub fn append_blocking(&self, body: EventBody) -> Result<Appended, JournalError> {
        let record = self.inner.scribe.unlinked(&body)?;
        let (reply, answer) = thread_channel::sync_channel(1);
        let mut command = Command::Append(Append { record, reply: Reply::Thread(reply) });
        let mut left = BLOCKING_LIMIT;
        loop {
            match self.inner.commands.try_send(command) {
                Ok(()) => break,
                Err(TrySendError::Closed(_)) => return Err(JournalError::Closed),
                Err(TrySendError::Full(_)) if left.is_zero() => return Err(JournalError::TimedOut),
                Err(TrySendError::Full(refused)) => command = refused,
            }
            std::thread::park_timeout(BLOCKING_STEP);
            left = left.saturating_sub(BLOCKING_STEP);
        }
        match answer.recv_timeout(left.max(BLOCKING_STEP)) {
            Ok(result) => result,
            Err(thread_channel::RecvTimeoutError::Timeout) => Err(JournalError::TimedOut),
            Err(thread_channel::RecvTimeoutError::Disconnected) => Err(JournalError::Closed),
        }
    }

    /// The state of the queue, and every change of it.
    pub fn status(&self) -> watch::Receiver<QueueStatus> {
        self.inner.status.clone()
    }

    /// The records of one session that the server has not confirmed, in order.
    ///
    /// # Errors
    /// When the file can't be read, or a record is not as it was written.
    pub async fn unsent_of(&self, session: &SessionId) -> Result<Vec<ChainedRecord>, JournalError> {
        let rows = store::read_waiting_of(&self.inner.readers, session.as_str()).await?;
        rows.into_iter().map(|row| self.inner.seal.open(row)).collect()
    }

    /// The record of the session window that was opened last, if nothing on record says that it was closed: asked at the
    /// start of a program, it tells of a session in which the one before died.
    ///
    /// # Errors
    /// When the file can't be read, or the record is not as it was written.
    pub async fn left_open(&self) -> Result<Option<ChainedRecord>, JournalError> {
        let row = store::read_left_open(&self.inner.readers).await?;
        row.map(|row| self.inner.seal.open(row)).transpose()
    }

    /// Lets a held record be tried again; a running [`crate::Syncer`] does so at once.
    ///
    /// # Errors
    /// When it can't be written down.
    pub async fn retry_held(&self) -> Result<(), JournalError> {
        self.ask(|reply| Request::ReleaseHeld { reply }).await
    }

    /// Encrypts with another key from here on; older bodies stay readable with it. The key has to be in the key store
    /// before, and has to stay there also when this fails: it is not known then which one the file has.
    ///
    /// # Errors
    /// When it can't be written down.
    pub async fn rotate_key(&self, key: JournalKey) -> Result<(), JournalError> {
        self.ask(|reply| Request::RotateKey { key, reply }).await
    }

    /// Lets the server read what is here, should the key store be lost.
    ///
    /// # Errors
    /// When it can't be written down.
    pub async fn seal_to(&self, recovery: RecoveryKey) -> Result<(), JournalError> {
        self.ask(|reply| Request::SealTo { recovery, reply }).await
    }

    /// Believes checkpoints of these keys of servers from here on; each new one goes on record.
    ///
    /// # Errors
    /// When it can't be written down.
    pub async fn trust(&self, verifier_keys: Vec<String>) -> Result<(), JournalError> {
        self.ask(|reply| Request::Trust { verifier_keys, reply }).await
    }

    /// Lets go of what was delivered: bodies of records that were all written before the one time, whole records from
    /// before the other, as far as a server's signed checkpoint leads back to them. It goes on record in the same commit.
    ///
    /// # Errors
    /// When it can't be written down; nothing is gone then.
    pub async fn tidy(&self, erase_before: UnixMillis, retire_before: UnixMillis) -> Result<Tidied, JournalError> {
        self.ask(|reply| Request::Tidy { erase_before, retire_before, reply }).await
    }

    /// Writes what still waits, closes the file and gives up the lock. Other clones get [`JournalError::Closed`].
    pub async fn close(self) {
        let (reply, closed) = oneshot::channel();
        if self.inner.commands.send(Command::Close { reply }).await.is_ok() {
            // Fails only when the writer is gone already.
            let _ = closed.await;
        }
    }

    /// The next records to deliver, or why there are none.
    pub(crate) async fn next_batch(&self, records: usize, bytes: usize) -> Result<NextBatch, JournalError> {
        let limit = i64::try_from(records).unwrap_or(i64::MAX);
        let Delivered { through, hold, .. } = store::read_delivery(&self.inner.readers).await?;
        if let Some(reason) = hold {
            return Ok(NextBatch::Held(reason));
        }
        let mut batch = Vec::new();
        let mut size = 0_usize;
        for row in store::read_after(&self.inner.readers, through, limit).await? {
            let seq = row.seq;
            match self.inner.seal.open(row) {
                Ok(record) => {
                    size = size.saturating_add(serde_json::to_vec(&record)?.len());
                    if size > bytes && !batch.is_empty() {
                        break;
                    }
                    batch.push(record);
                }
                // What stands before it can still be delivered.
                Err(_) if !batch.is_empty() => break,
                Err(error) => {
                    tracing::error!(%error, seq, "a record cannot be delivered because it is not as it was written");
                    return Ok(NextBatch::Unreadable { seq });
                }
            }
        }
        Ok(NextBatch::Records(batch))
    }

    #[cfg(test)]
    pub(crate) async fn record_at(&self, seq: i64) -> Result<Option<ChainedRecord>, JournalError> {
        let rows = store::read_after(&self.inner.readers, seq.saturating_sub(1), 1).await?;
        rows.into_iter().filter(|row| row.seq == seq).map(|row| self.inner.seal.open(row)).next().transpose()
    }

    pub(crate) async fn hash_at(&self, seq: i64) -> Result<Option<String>, JournalError> {
        store::read_hash_at(&self.inner.readers, seq).await
    }

    /// `note`: what the server has signed of it.
    pub(crate) async fn acknowledge(&self, held: ChainHead, note: Option<String>) -> Result<(), JournalError> {
        self.ask(|reply| Request::Acknowledge { held, note, reply }).await
    }

    /// Puts something of the journal's own on record.
    pub(crate) async fn record(&self, detail: EventDetail) -> Result<(), JournalError> {
        self.ask(|reply| Request::Record { detail: Box::new(detail), reply }).await
    }

    pub(crate) async fn count_attempt(&self) -> Result<(), JournalError> {
        self.ask(|reply| Request::CountAttempt { reply }).await
    }

    pub(crate) async fn hold(&self, seq: i64, reason: HoldReason) -> Result<(), JournalError> {
        self.ask(|reply| Request::Hold { seq, reason, reply }).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, JournalError>>) -> Request,
    ) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.inner.commands.send(Command::Do(request(reply))).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }
}

/// Everything that is looked at before the first record can be written.
async fn prepare(
    connection: &mut SqliteConnection,
    options: &JournalOptions,
    beginning: &Beginning,
) -> Result<(Identified, crate::witness::Witness, QueueStatus), JournalError> {
    store::migrate(connection).await?;
    let made = (options.entropy.as_ref(), options.clock.now());
    let identified = open::identify(connection, options.device.as_str(), beginning, &options.keys, made).await?;
    let head = open::check(connection, &identified.seal).await?;
    let witness = open::witness(connection).await?;
    let status = open::status(connection, head).await?;
    Ok((identified, witness, status))
}

/// What there is to deliver.
pub(crate) enum NextBatch {
    /// In order; empty when everything was delivered.
    Records(Vec<ChainedRecord>),
    /// Delivery stands still before the first waiting record.
    Held(HoldReason),
    /// The first waiting record is not as it was written.
    Unreadable { seq: i64 },
}
