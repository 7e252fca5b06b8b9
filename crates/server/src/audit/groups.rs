//! Appends that arrive together are written together: one statement, one commit, one wait for the disk.
//!
//! While one group is on its way to the disk, what arrives meanwhile is linked behind it, so that the next group is ready
//! when the disk is.

use std::{future::Future, mem, pin::Pin, sync::Arc};

use amberglass_wire::{
    audit::{ChainedRecord, EventDetail, EventSubject},
    event_stream::ChainHead,
};
use tokio::sync::{mpsc, oneshot};

use super::{AuditError, Linked, Pending, Shared};
use crate::store::{StoreError, length_in_one};

/// Appends that share one commit at most.
const GROUP: usize = 256;

/// Until nobody can append any more.
pub(super) async fn write(shared: Arc<Shared>, pending: mpsc::Receiver<Pending>) {
    if shared.store.appends_in_one() {
        Writer { shared, after: ChainHead::default(), next: Vec::new() }.run(pending).await;
    } else {
        write_in_transactions(&shared, pending).await;
    }
}

type Answer = oneshot::Sender<Result<ChainedRecord, AuditError>>;

/// One append in its place of the chain, and who waits for it.
struct Waiting {
    linked: Linked,
    answer: Answer,
}

impl Waiting {
    fn into_pending(self) -> Pending {
        let Linked { subject, detail, .. } = self.linked;
        Pending { subject, detail, answer: self.answer }
    }
}

/// A group on its way: itself, and whether it was written after the head that it was linked to.
type Written = (Vec<Waiting>, Result<bool, StoreError>);
type OnItsWay = Pin<Box<dyn Future<Output = Written> + Send>>;

/// Writes each group as one statement.
struct Writer {
    shared: Arc<Shared>,
    /// What `next` is linked to: the last record of the group that is on its way, or the last one that was written.
    after: ChainHead,
    next: Vec<Waiting>,
}

impl Writer {
    async fn run(mut self, mut pending: mpsc::Receiver<Pending>) {
        let mut arrived = Vec::with_capacity(GROUP);
        let mut on_its_way: Option<OnItsWay> = None;
        let mut is_open = true;
        while is_open || on_its_way.is_some() {
            let room = GROUP.saturating_sub(self.next.len());
            tokio::select! {
                biased;
                (group, outcome) = written(&mut on_its_way) => {
                    on_its_way = None;
                    self.written(group, outcome).await;
                }
                received = pending.recv_many(&mut arrived, room), if is_open && room > 0 => {
                    is_open = received > 0;
                    if on_its_way.is_none() && self.next.is_empty() {
                        self.after = self.shared.known_head();
                    }
                    arrived.drain(..).for_each(|append| self.link(append));
                }
            }
            if on_its_way.is_none() && !self.next.is_empty() {
                // Whoever is ready to run goes first: what they append still finds room in this group.
                tokio::task::yield_now().await;
                while self.next.len() < GROUP
                    && let Ok(append) = pending.try_recv()
                {
                    self.link(append);
                }
                on_its_way = self.start();
            }
        }
    }

    fn link(&mut self, Pending { subject, detail, answer }: Pending) {
        let head = self.next.last().map_or_else(|| self.after.clone(), |last| last.linked.as_head());
        match self.shared.link_to(&head, subject, detail) {
            Ok(linked) => self.next.push(Waiting { linked, answer }),
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    /// Sends off what is linked.
    fn start(&mut self) -> Option<OnItsWay> {
        let rest = self.next.split_off(length_in_one(self.next.len()));
        let group = mem::replace(&mut self.next, rest);
        let last = group.last()?.linked.as_head();
        let (shared, after) = (self.shared.clone(), mem::replace(&mut self.after, last));
        Some(Box::pin(async move {
            let rows: Vec<_> = group.iter().map(|waiting| waiting.linked.row()).collect();
            let outcome = shared.store.append_after(&after, &rows).await;
            drop(rows);
            (group, outcome)
        }))
    }

    async fn written(&mut self, group: Vec<Waiting>, outcome: Result<bool, StoreError>) {
        match outcome {
            Ok(true) => {
                if let Some(last) = group.last() {
                    self.shared.reached(last.linked.as_head());
                }
                for waiting in &group {
                    self.shared.metrics.recorded(waiting.linked.kind);
                }
                self.shared.metrics.group_of(group.len());
                self.shared.outage.worked();
                // A caller that no longer waits changes nothing: its record is written all the same.
                for Waiting { linked, answer } in group {
                    drop(answer.send(Ok(linked.record)));
                }
                return;
            }
            // Somebody's transaction has added to the chain in between, or this is its first record, or the log is not
            // what it was: the longer way finds out.
            Ok(false) => {
                let group = group.into_iter().map(Waiting::into_pending).collect();
                write_in_transaction(&self.shared, group).await;
            }
            Err(error) => fail(&self.shared, &error.into(), group.into_iter().map(|waiting| waiting.answer)),
        }
        // What was linked behind it stands behind something else now.
        self.after = self.shared.known_head();
        for waiting in mem::take(&mut self.next) {
            self.link(waiting.into_pending());
        }
    }
}

/// Waits for ever where nothing is on its way.
async fn written(on_its_way: &mut Option<OnItsWay>) -> Written {
    match on_its_way {
        Some(group) => group.await,
        None => std::future::pending().await,
    }
}

/// What the engine writes in transactions of several statements.
async fn write_in_transactions(shared: &Arc<Shared>, mut pending: mpsc::Receiver<Pending>) {
    let mut group = Vec::with_capacity(GROUP);
    while pending.recv_many(&mut group, GROUP).await > 0 {
        write_in_transaction(shared, mem::take(&mut group)).await;
    }
}

async fn write_in_transaction(shared: &Arc<Shared>, group: Vec<Pending>) {
    let mut answers = Vec::with_capacity(group.len());
    let mut events = Vec::with_capacity(group.len());
    for Pending { subject, detail, answer } in group {
        answers.push(answer);
        events.push((subject, detail));
    }
    match append_in_transaction(shared, events).await {
        Ok(linked) => {
            shared.outage.worked();
            for (answer, linked) in answers.into_iter().zip(linked) {
                drop(answer.send(Ok(linked.record)));
            }
        }
        Err(error) => fail(shared, &error, answers),
    }
}

fn fail(shared: &Shared, error: &AuditError, answers: impl IntoIterator<Item = Answer>) {
    tracing::error!(error = error as &dyn std::error::Error, "audit records could not be written");
    shared.failed();
    for answer in answers {
        drop(answer.send(Err(error.clone())));
    }
}

async fn append_in_transaction(
    shared: &Arc<Shared>,
    events: Vec<(EventSubject, EventDetail)>,
) -> Result<Vec<Linked>, AuditError> {
    let mut tx = shared.store.begin().await?;
    let mut linked = Vec::with_capacity(events.len());
    for (subject, detail) in events {
        linked.push(shared.link(&mut tx, subject, detail).await?);
    }
    tx.insert_records(&linked.iter().map(Linked::row).collect::<Vec<_>>()).await?;
    shared.follow(&mut tx);
    tx.commit().await?;
    shared.metrics.group_of(linked.len());
    Ok(linked)
}
