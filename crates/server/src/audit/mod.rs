//! The audit log: append-only, the records of consoles and of this server, each writer's chained by itself. What goes from it
//! goes by erasure or retention alone, on record.
//!
//! What must be on record is appended here before it takes effect; if that fails, the action fails.

use std::sync::{Arc, Mutex, PoisonError};

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    checkpoint::NoteSigner,
    ports::{Clock, Entropy, uuid_v7},
};
use amberglass_system::Stopwatch;
use amberglass_wire::{
    EventId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject},
    event_stream::ChainHead,
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    metrics::AuditMetrics,
    store::{RecordRow, Store, StoreError, Tx},
};

mod alarms;
mod check;
mod checkpoints;
mod delivery;
mod erasure;
mod export;
mod gone;
mod groups;
mod heads;
mod ocsf;
mod outage;
mod readable;
mod reconciliation;
mod registrations;
mod retention;
mod said;
mod signed_before;
mod witness;

pub(crate) use alarms::is_hash;
pub use check::{Broken, CheckedChain, check};
pub use checkpoints::{Checkpoints, IssueError};
pub use delivery::{Delivered, DeliveryError, Vouched};
pub use erasure::{EraseError, Erased, erase};
pub use export::{ExportError, Exported, export};
pub use readable::{Readable, read_out};
pub use reconciliation::Reconciliation;
pub use registrations::{Registration, Registrations};
pub use retention::{RetireError, Retired, retire};

/// Name and version of this program, as it stands in each record it writes.
const CLIENT: &str = concat!("amberglass-server/", env!("CARGO_PKG_VERSION"));
/// Appends that wait at most; more have to wait to wait.
const QUEUE: usize = 1024;

/// Why nothing was recorded, so that nothing may be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    #[error("the audit record could not be written")]
    Store(#[source] Arc<StoreError>),
    #[error("the audit record could not be serialised")]
    Serialise(#[source] Arc<serde_json::Error>),
    /// Put back to an earlier state, or its end cut off: nothing is added to what is not the log any more.
    #[error("record {seq} of this server is not in the audit log as it was written")]
    HeadLost { seq: i64 },
    #[error("the audit log is closed")]
    Closed,
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

struct Pending {
    subject: EventSubject,
    detail: EventDetail,
    answer: oneshot::Sender<Result<ChainedRecord, AuditError>>,
}

struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// `server:<id>`.
    writer: String,
    head: Mutex<ChainHead>,
    signer: NoteSigner,
    outage: outage::Outage,
    metrics: AuditMetrics,
    /// That something about the alarms changed, for those who may see them.
    alarms: broadcast::Sender<()>,
}

/// Cheap to clone; clones share the chain.
#[derive(Clone)]
pub struct AuditLog {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Pending>,
}

impl AuditLog {
    /// Continues the chain `server:<chain>`; checkpoints are signed as `signer`. The task that writes ends with the last
    /// clone.
    ///
    /// # Errors
    /// When the head of the chain cannot be read.
    pub async fn open(
        store: Store,
        chain: &str,
        signer: NoteSigner,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let writer = format!("server:{chain}");
        let head = Mutex::new(store.chain_head_of(&writer).await?);
        let (outage, metrics) = (outage::Outage::default(), AuditMetrics::default());
        let alarms = broadcast::Sender::new(alarms::HINTS);
        let shared = Arc::new(Shared { store, clock, entropy, writer, head, signer, outage, metrics, alarms });
        let (queue, pending) = mpsc::channel(QUEUE);
        tokio::spawn(groups::write(shared.clone(), pending));
        Ok(Self { shared, queue })
    }

    /// Durable when it returns. Appends that arrive together share one transaction.
    ///
    /// # Errors
    /// When the record is not on disk; what it was to cover must not happen.
    pub async fn append(&self, subject: EventSubject, detail: EventDetail) -> Result<ChainedRecord, AuditError> {
        let waiting = Stopwatch::start();
        let (answer, written) = oneshot::channel();
        self.queue.send(Pending { subject, detail, answer }).await.map_err(|_| AuditError::Closed)?;
        let written = written.await.map_err(|_| AuditError::Closed)?;
        self.shared.metrics.waited(waiting);
        written
    }

    /// For changes of state: on record exactly when the caller's transaction is committed.
    pub(crate) async fn append_in(
        &self,
        tx: &mut Tx,
        subject: EventSubject,
        detail: EventDetail,
    ) -> Result<ChainedRecord, AuditError> {
        let record = self.shared.append_in(tx, subject, detail).await?;
        self.shared.follow(tx);
        Ok(record)
    }

    /// Last committed link of this server's own chain.
    pub fn head(&self) -> ChainHead {
        self.shared.known_head()
    }

    /// A record outside of [`AuditLog::append`] could not be written.
    pub(crate) fn failed(&self) {
        self.shared.failed();
    }

    /// One could.
    pub(crate) fn worked(&self) {
        self.shared.outage.worked();
    }

    /// When records could last not be written, if that has gone on for so long and was not dealt with yet.
    pub(crate) fn outage_of_at_least(&self, seconds: u32) -> Option<UnixMillis> {
        self.shared.outage.of_at_least(seconds)
    }

    pub(crate) fn outage_is_dealt_with(&self, at: UnixMillis) {
        self.shared.outage.is_dealt_with(at);
    }

    /// What it counts of itself.
    pub(crate) fn metrics(&self) -> &AuditMetrics {
        &self.shared.metrics
    }

    /// `server:<id>`
    pub fn writer(&self) -> &str {
        &self.shared.writer
    }
}

/// A record in its place, not inserted yet.
struct Linked {
    record: ChainedRecord,
    subject: EventSubject,
    detail: EventDetail,
    kind: &'static str,
    is_page: bool,
}

impl Linked {
    fn as_head(&self) -> ChainHead {
        ChainHead { seq: self.record.seq, hash: self.record.hash.clone() }
    }

    fn row(&self) -> RecordRow<'_> {
        let Self { record, subject, is_page, .. } = self;
        RecordRow { record, subject, is_page: *is_page, received_at: record.occurred_at }
    }
}

impl Shared {
    fn failed(&self) {
        self.metrics.failed();
        self.outage.failed(self.clock.monotonic_millis(), self.clock.now());
    }

    async fn append_in(
        &self,
        tx: &mut Tx,
        subject: EventSubject,
        detail: EventDetail,
    ) -> Result<ChainedRecord, AuditError> {
        let linked = self.link(tx, subject, detail).await?;
        tx.insert_record(&linked.row()).await?;
        Ok(linked.record)
    }

    /// The next record of the chain, to be inserted in this order.
    async fn link(&self, tx: &mut Tx, subject: EventSubject, detail: EventDetail) -> Result<Linked, AuditError> {
        // Read within the transaction that holds the write lock, so that two appends can never take the same number.
        let head = match tx.chain_head.take() {
            Some(head) => head,
            None => {
                let head = tx.chain_head_of(&self.writer).await?;
                self.still_there(tx, &head).await?;
                head
            }
        };
        let linked = self.link_to(&head, subject, detail)?;
        tx.chain_head = Some(linked.as_head());
        let (metrics, kind) = (self.metrics.clone(), linked.kind);
        tx.after_commit(move || metrics.recorded(kind));
        Ok(linked)
    }

    fn link_to(&self, head: &ChainHead, subject: EventSubject, detail: EventDetail) -> Result<Linked, AuditError> {
        let kind = detail.kind();
        let is_page = matches!(detail, EventDetail::PageViewed { document: true, .. });
        let body = EventBody::new(subject, CLIENT, detail);
        let mut salt = [0_u8; 16];
        self.entropy.fill(&mut salt);
        let unlinked = UnlinkedRecord {
            id: EventId(uuid_v7(&*self.clock, &*self.entropy)),
            session: body.subject.session.clone(),
            occurred_at: self.clock.now(),
            monotonic_millis: self.clock.monotonic_millis(),
            kind: kind.to_owned(),
            salt,
            body: serde_json::to_string(&body).map_err(|error| AuditError::Serialise(Arc::new(error)))?,
        };
        let record = chain::link(&self.writer, head, unlinked);
        Ok(Linked { record, subject: body.subject, detail: body.detail, kind, is_page })
    }

    /// Whether the last record that this process has seen committed is where it was.
    async fn still_there(&self, tx: &mut Tx, head: &ChainHead) -> Result<(), AuditError> {
        let known = self.known_head();
        let found = match known.seq {
            0 => return Ok(()),
            seq if seq == head.seq => Some(head.hash.clone()),
            // The transaction after its commit and before this process was told of it.
            seq => tx.held_hash(&self.writer, seq).await?,
        };
        if found.as_deref() == Some(known.hash.as_str()) {
            Ok(())
        } else {
            Err(AuditError::HeadLost { seq: known.seq })
        }
    }

    /// Shows the transaction's head once it is committed.
    fn follow(self: &Arc<Self>, tx: &mut Tx) {
        let Some(reached) = tx.chain_head.clone() else { return };
        let shared = self.clone();
        tx.after_commit(move || shared.reached(reached));
    }

    fn known_head(&self) -> ChainHead {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reached(&self, reached: ChainHead) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        // Two transactions may get here in either order; the chain only ever grows.
        if reached.seq > head.seq {
            *head = reached;
        }
    }
}
