//! Delivers the journal: in order, idempotently, for as long as it takes.

use std::sync::Arc;

use amberglass_domain::{
    chain::GENESIS,
    checkpoint::{WriterHead, claimed},
    device_key::DeviceKey,
    ports::{Clock, Entropy, JournalSink, SignedBatch},
};
use amberglass_wire::{
    audit::{ChainedRecord, Contradiction, EventDetail},
    event_stream::ChainHead,
    journal::JournalBatchRequest,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{Delivery, HoldReason, Journal, JournalError, classify, journal::NextBatch};

/// Most records of one batch.
const MAX_RECORDS: usize = 256;
/// Most bytes of one batch as JSON, uncompressed; a single larger record still goes alone.
const MAX_BYTES: usize = 256 * 1024;
/// First and longest pause between attempts, in milliseconds.
const FIRST_PAUSE_MILLIS: i64 = 1_000;
const LONGEST_PAUSE_MILLIS: i64 = 60_000;

/// What one attempt came to.
#[derive(Debug, Clone)]
pub enum SyncOutcome {
    /// Everything was delivered before.
    Idle,
    /// The server confirmed so many records.
    Delivered {
        records: u64,
    },
    /// The server holds less than it once confirmed; delivery goes on behind `after`.
    Resumed {
        after: i64,
    },
    /// The next batch will be smaller.
    Split,
    /// The server asked for a pause.
    Wait {
        seconds: u32,
    },
    /// The server did not take it, for a reason that passes.
    Retry,
    SignInFirst,
    /// Delivery stands still until [`Journal::retry_held`].
    Held {
        reason: HoldReason,
    },
    /// The journal itself could not be read or written.
    JournalFailed(JournalError),
}

/// Where delivery stands, for whoever wants to know what happens next.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// How many attempts have begun in this run. Known at once, though nobody is woken for it: whoever wants to hear
    /// what comes of a change waits for the end of an attempt after these.
    pub begun: u64,
    /// How many of them are over.
    pub attempts: u64,
    /// What the latest came to; `None` before the first.
    pub outcome: Option<SyncOutcome>,
    pub next: NextAttempt,
}

/// When the next attempt comes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NextAttempt {
    #[default]
    AtOnce,
    /// Once there is something that can be delivered.
    WithWork,
    /// At this monotonic time, or earlier when nudged.
    At { monotonic_millis: i64 },
    /// The server asked for it: not before this monotonic time, whatever happens.
    NotBefore { monotonic_millis: i64 },
}

/// Owns delivery: one per journal.
pub struct Syncer {
    journal: Journal,
    sink: Arc<dyn JournalSink>,
    device_key: Arc<DeviceKey>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Records of the next batch: halved when the server refuses, doubled when it accepts.
    limit: usize,
    /// Attempts in a row that brought nothing forward.
    failures: u32,
    progress: watch::Sender<Progress>,
}

impl Syncer {
    pub fn new(
        journal: Journal,
        sink: Arc<dyn JournalSink>,
        device_key: Arc<DeviceKey>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let progress = watch::Sender::default();
        Self { journal, sink, device_key, clock, entropy, limit: MAX_RECORDS, failures: 0, progress }
    }

    /// Where delivery stands after each attempt of [`Syncer::run`]. It closes with the syncer.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Delivers until stopped or until the journal is closed. An append wakes it while it is idle; `nudge` (connectivity
    /// is back, somebody signed in) also ends the pause after a failure, but never one that the server asked for.
    pub async fn run(mut self, nudge: Arc<Notify>, stop: CancellationToken) {
        // Cancelling in the middle of an attempt is safe: what was not confirmed is sent again.
        stop.run_until_cancelled(self.deliver_until_closed(&nudge)).await;
    }

    async fn deliver_until_closed(&mut self, nudge: &Notify) {
        let mut status = self.journal.status();
        loop {
            self.progress.send_if_modified(|progress| {
                progress.begun = progress.begun.saturating_add(1);
                false
            });
            let outcome = self.sync_once().await;
            if matches!(outcome, SyncOutcome::JournalFailed(JournalError::Closed)) {
                return;
            }
            let next = self.next_after(&outcome);
            self.progress.send_modify(|progress| {
                progress.attempts = progress.attempts.saturating_add(1);
                progress.outcome = Some(outcome);
                progress.next = next;
            });
            match next {
                NextAttempt::AtOnce => {}
                NextAttempt::WithWork => tokio::select! {
                    () = nudge.notified() => {}
                    woken = status.wait_for(|status| status.waiting > 0 && status.held == 0) => {
                        if woken.is_err() {
                            return;
                        }
                    }
                },
                NextAttempt::At { monotonic_millis } => tokio::select! {
                    () = nudge.notified() => {}
                    () = self.clock.sleep_until(monotonic_millis) => {}
                },
                NextAttempt::NotBefore { monotonic_millis } => self.clock.sleep_until(monotonic_millis).await,
            }
            // The writer is gone once nothing sends the status any more.
            if status.has_changed().is_err() {
                return;
            }
        }
    }

    /// One attempt with the next batch.
    pub async fn sync_once(&mut self) -> SyncOutcome {
        let outcome = match self.attempt().await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%error, "the journal could not be delivered because it could not be read or written");
                SyncOutcome::JournalFailed(error)
            }
        };
        match &outcome {
            SyncOutcome::Idle | SyncOutcome::Delivered { .. } | SyncOutcome::Held { .. } => self.failures = 0,
            SyncOutcome::Resumed { .. }
            | SyncOutcome::Retry
            | SyncOutcome::SignInFirst
            | SyncOutcome::JournalFailed(_) => self.failures = self.failures.saturating_add(1),
            SyncOutcome::Split | SyncOutcome::Wait { .. } => {}
        }
        outcome
    }

    async fn attempt(&mut self) -> Result<SyncOutcome, JournalError> {
        let records = match self.journal.next_batch(self.limit, MAX_BYTES).await? {
            NextBatch::Records(records) => records,
            NextBatch::Held(reason) => return Ok(SyncOutcome::Held { reason }),
            NextBatch::Unreadable { seq } => return self.hold(seq, HoldReason::Unreadable).await,
        };
        let (Some(first), Some(last)) = (records.first().map(|r| r.seq), records.last().map(|r| r.seq)) else {
            return Ok(SyncOutcome::Idle);
        };
        let count = records.len();
        let result = self.sink.deliver(self.signed(records)?).await;
        let delivery = classify(&result);
        if let Err(error) = &result {
            tracing::info!(%error, first, last, ?delivery, "a batch of the journal was not taken");
        }
        let note = result.ok().and_then(|response| response.checkpoint);
        match delivery {
            Delivery::Acknowledged { held } => self.acknowledged(first, &held, note).await,
            Delivery::Split if count == 1 => self.hold(first, HoldReason::TooLarge).await,
            // Among several records the bad one is found by halving, and everything before it is delivered.
            Delivery::Hold { reason: HoldReason::Rejected } | Delivery::Split if count > 1 => {
                self.limit = (count / 2).max(1);
                Ok(SyncOutcome::Split)
            }
            Delivery::Split => Ok(SyncOutcome::Retry),
            Delivery::Hold { reason } => self.hold(first, reason).await,
            Delivery::Wait { seconds } => {
                self.journal.count_attempt().await?;
                Ok(SyncOutcome::Wait { seconds })
            }
            Delivery::Retry => {
                self.journal.count_attempt().await?;
                Ok(SyncOutcome::Retry)
            }
            Delivery::SignInFirst => {
                self.journal.count_attempt().await?;
                Ok(SyncOutcome::SignInFirst)
            }
        }
    }

    fn signed(&self, records: Vec<ChainedRecord>) -> Result<SignedBatch, JournalError> {
        let (device, now) = (self.journal.device().clone(), self.clock.now());
        // A device's id always can stand in a note; without one the records go all the same.
        let checkpoint = records.last().and_then(|last| {
            let head = ChainHead { seq: last.seq, hash: last.hash.clone() };
            let heads = vec![WriterHead { writer: self.journal.writer().to_owned(), head }];
            self.device_key.note_signer(&device).ok()?.checkpoint(now, heads).ok()
        });
        Ok(SignedBatch::new(device, &self.device_key, now, &JournalBatchRequest { records, checkpoint })?)
    }

    /// Believes the server only about records that are ours.
    async fn acknowledged(
        &mut self,
        first: i64,
        held: &ChainHead,
        note: Option<String>,
    ) -> Result<SyncOutcome, JournalError> {
        let ours = match held.seq {
            0 => held.hash.is_empty() || held.hash == GENESIS,
            seq => self.journal.hash_at(seq).await?.as_ref() == Some(&held.hash),
        };
        if !ours {
            tracing::error!(seq = held.seq, "the server holds a record of this device that is not in its journal");
            return self.hold(first, HoldReason::Fork).await;
        }
        let signer = note.as_deref().and_then(claimed).map(|checkpoint| checkpoint.signer).unwrap_or_default();
        self.journal.acknowledge(held.clone(), note).await?;
        if held.seq >= first {
            self.limit = self.limit.saturating_mul(2).min(MAX_RECORDS);
            Ok(SyncOutcome::Delivered { records: held.seq.abs_diff(first).saturating_add(1) })
        } else if held.seq.saturating_add(1) < first {
            tracing::warn!(after = held.seq, "the server lost records that it had confirmed; they are sent again");
            let confirmed = first.saturating_sub(1);
            let hash = self.journal.hash_at(confirmed).await?.unwrap_or_default();
            let detail = EventDetail::ServerContradicted {
                signer,
                cause: Contradiction::RolledBack,
                held: ChainHead { seq: confirmed, hash },
                shown: held.clone(),
            };
            self.journal.record(detail).await?;
            Ok(SyncOutcome::Resumed { after: held.seq })
        } else {
            // It has all that lies before the batch, and took nothing of it.
            Ok(SyncOutcome::Retry)
        }
    }

    async fn hold(&self, seq: i64, reason: HoldReason) -> Result<SyncOutcome, JournalError> {
        tracing::error!(seq, ?reason, "delivery of the journal stands still");
        self.journal.hold(seq, reason).await?;
        Ok(SyncOutcome::Held { reason })
    }

    fn next_after(&self, outcome: &SyncOutcome) -> NextAttempt {
        let after = |millis: i64| self.clock.monotonic_millis().saturating_add(millis);
        match outcome {
            SyncOutcome::Delivered { .. } | SyncOutcome::Split => NextAttempt::AtOnce,
            // Once at once; a server that loses records again and again is not asked in a circle.
            SyncOutcome::Resumed { .. } if self.failures <= 1 => NextAttempt::AtOnce,
            SyncOutcome::Idle | SyncOutcome::Held { .. } => NextAttempt::WithWork,
            SyncOutcome::Wait { seconds } => {
                NextAttempt::NotBefore { monotonic_millis: after(i64::from(*seconds).saturating_mul(1000)) }
            }
            SyncOutcome::SignInFirst => NextAttempt::At { monotonic_millis: after(LONGEST_PAUSE_MILLIS) },
            SyncOutcome::Resumed { .. } | SyncOutcome::Retry | SyncOutcome::JournalFailed(_) => {
                NextAttempt::At { monotonic_millis: after(self.backoff_millis()) }
            }
        }
    }

    /// Doubles from one second to a minute; of that a random part between half and all, so that many consoles do not
    /// come back at the same moment.
    fn backoff_millis(&self) -> i64 {
        let doublings = self.failures.saturating_sub(1).min(16);
        let ceiling = FIRST_PAUSE_MILLIS.saturating_mul(1 << doublings).min(LONGEST_PAUSE_MILLIS);
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        let half = ceiling / 2;
        half.saturating_add(i64::from(u32::from_le_bytes(random)) % half.saturating_add(1))
    }
}
