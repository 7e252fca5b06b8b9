//! The one task that writes, on the one connection that writes.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, mpsc as thread_channel},
};

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    ports::Entropy,
};
use amberglass_wire::{UnixMillis, event_stream::ChainHead};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{Appended, HoldReason, JournalError, QueueStatus, open, seal::Seal, store};

/// Most appends that share one commit; stays far below SQLite's limit of bound values.
const MAX_GROUP: usize = 256;

type Answer = oneshot::Sender<Result<(), JournalError>>;

pub(crate) enum Command {
    Append(Append),
    Acknowledge { held: i64, at: UnixMillis, reply: Answer },
    CountAttempt { reply: Answer },
    Hold { seq: i64, reason: HoldReason, reply: Answer },
    ReleaseHeld { reply: Answer },
    Close { reply: oneshot::Sender<()> },
}

pub(crate) struct Append {
    pub(crate) record: UnlinkedRecord,
    pub(crate) reply: Reply,
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

pub(crate) struct Writer {
    file: PathBuf,
    /// Gone after an error, when it is not known what reached the file; the next command opens a new one.
    connection: Option<SqliteConnection>,
    seal: Arc<Seal>,
    entropy: Arc<dyn Entropy>,
    head: ChainHead,
    status: watch::Sender<QueueStatus>,
    readers: SqlitePool,
    /// Given up last.
    _lock: File,
}

impl Writer {
    pub(crate) fn new(
        file: &Path,
        connection: SqliteConnection,
        lock: File,
        seal: Arc<Seal>,
        entropy: Arc<dyn Entropy>,
        status: watch::Sender<QueueStatus>,
        readers: SqlitePool,
    ) -> Self {
        let head = status.borrow().head.clone();
        let file = file.to_owned();
        Self { file, connection: Some(connection), seal, entropy, head, status, readers, _lock: lock }
    }

    /// Runs until the journal is closed or nobody holds it any more. Who no longer waits for an answer is not told.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut arrived = Vec::with_capacity(MAX_GROUP);
        let mut closing = None;
        while closing.is_none() && commands.recv_many(&mut arrived, MAX_GROUP).await > 0 {
            let mut group = Vec::new();
            for command in arrived.drain(..) {
                match command {
                    Command::Append(append) => group.push(append),
                    Command::Close { reply } => closing = Some(reply),
                    Command::Acknowledge { held, at, reply } => {
                        self.append(std::mem::take(&mut group)).await;
                        let _ = reply.send(self.acknowledge(held, at).await);
                    }
                    Command::CountAttempt { reply } => {
                        self.append(std::mem::take(&mut group)).await;
                        let _ = reply.send(self.count_attempt().await);
                    }
                    Command::Hold { seq, reason, reply } => {
                        self.append(std::mem::take(&mut group)).await;
                        let _ = reply.send(self.hold(seq, reason).await);
                    }
                    Command::ReleaseHeld { reply } => {
                        self.append(std::mem::take(&mut group)).await;
                        let _ = reply.send(self.release_held().await);
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

    /// Writes a group in one commit and answers everyone in it.
    async fn append(&mut self, group: Vec<Append>) {
        if group.is_empty() {
            return;
        }
        let (records, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|append| (append.record, append.reply)).unzip();
        match self.write(records).await {
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

    async fn write(&mut self, records: Vec<UnlinkedRecord>) -> Result<Vec<Appended>, JournalError> {
        self.connected().await?;
        let oldest = records.first().map(|record| record.occurred_at);
        let mut head = self.head.clone();
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let record = chain::link(self.seal.writer().as_str(), &head, record);
            head = ChainHead { seq: record.seq, hash: record.hash.clone() };
            let sealed = self.seal.seal(&record, self.entropy.as_ref())?;
            rows.push((record, sealed));
        }
        let result = store::insert(self.connected().await?, &rows).await;
        self.settle(result).await?;
        self.head = head.clone();
        self.status.send_modify(|status| {
            status.waiting = status.waiting.saturating_add(rows.len() as u64);
            status.oldest_at = status.oldest_at.or(oldest);
            status.head = head;
        });
        Ok(rows.into_iter().map(|(record, _)| Appended { seq: record.seq, hash: record.hash }).collect())
    }

    async fn acknowledge(&mut self, held: i64, at: UnixMillis) -> Result<(), JournalError> {
        let result = store::acknowledge(self.connected().await?, held, at).await;
        self.settle(result).await?;
        self.show_delivered().await
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
