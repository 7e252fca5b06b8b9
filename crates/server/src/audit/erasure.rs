//! Erasure of bodies: what records say of people goes for good, that they were there stays in the chain.
//!
//! In one transaction with the records that name what went, and those are written first. Which kinds can go is the rule of
//! `domain::erasure`. The columns by which a record is found stay: the customer's id at the portal, never name or address.

use std::collections::BTreeMap;

use amberglass_domain::erasure;
use amberglass_wire::audit::{EventDetail, RecordRange};

use super::{AuditError, AuditLog};
use crate::store::{BodiesOf, HeldBody, Store, StoreError};

/// Bodies that go in one transaction: nobody else can write meanwhile.
const AT_ONCE: u32 = 5_000;
/// Stretches that one record names.
const RANGES_IN_ONE: usize = 200;

/// Why nothing more was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("session {code} still runs: end it first, then erase what is recorded of it; nothing was erased")]
    Running { code: String },
    #[error(
        "a request for approval is still open: have it withdrawn, or wait until it lapses, then erase what is recorded of it; nothing was erased"
    )]
    RequestOpen,
    #[error(
        "the break-glass of session {code} waits for its review, which reads the stated emergency: have it reviewed, then erase what is recorded of it; nothing was erased"
    )]
    Unreviewed { code: String },
    #[error("the records changed while they were being erased; what was not erased yet is still there, so ask again")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What an erasure came to, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub bodies: u64,
    /// Ended sessions whose row said who the customer was.
    pub sessions: u64,
    /// Closed requests for approval, likewise.
    pub requests: u64,
    /// By kind, of those that can't be erased.
    pub kept: BTreeMap<String, u64>,
}

/// Erases the bodies of these records. Asked again after a failure it goes on with what is left.
///
/// # Errors
/// When a session among them still runs, or what was to be erased cannot be put on record; that much is still there then.
pub async fn erase(
    audit: &AuditLog,
    store: &Store,
    of: &BodiesOf,
    reason: &str,
    dry_run: bool,
) -> Result<Erased, EraseError> {
    let mut done = Erased::default();
    let (mut writer, mut seq) = (String::new(), 0);
    // What is put on record here is about the same people.
    let own = audit.head().seq;
    loop {
        let mut tx = store.begin().await?;
        if let Some(code) = tx.running_among(of).await? {
            return Err(EraseError::Running { code });
        }
        if tx.open_among(of).await? {
            return Err(EraseError::RequestOpen);
        }
        if let Some(code) = tx.unreviewed_among(of).await? {
            return Err(EraseError::Unreviewed { code });
        }
        let mut held = tx.bodies(of, (&writer, seq), AT_ONCE).await?;
        let Some(last) = held.last() else {
            let rows = tx.remembering(of).await?;
            let requests = tx.remembering_requests(of).await?;
            (done.sessions, done.requests) = (rows.len() as u64, requests.len() as u64);
            if !dry_run && done.sessions.max(done.requests) > 0 {
                if done.bodies == 0 {
                    // Their records said nothing any more; that this went is on record all the same.
                    let detail = EventDetail::BodiesErased { by: None, reason: reason.to_owned(), records: Vec::new() };
                    audit.append_in(&mut tx, of.subject(), detail).await?;
                }
                for row in &rows {
                    tx.forget(row).await?;
                }
                for row in &requests {
                    tx.forget_request(row).await?;
                }
                tx.commit().await?;
            }
            break;
        };
        (writer, seq) = (last.writer.clone(), last.seq);
        held.retain(|body| body.writer != audit.writer() || body.seq <= own);
        let (can, cannot): (Vec<_>, Vec<_>) = held.into_iter().partition(|body| erasure::can_be_erased(&body.kind));
        for HeldBody { kind, .. } in cannot {
            let count = done.kept.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
        let bodies = can.len() as u64;
        if !dry_run && bodies > 0 {
            let ranges = ranges(can);
            for some in ranges.chunks(RANGES_IN_ONE) {
                let (reason, records) = (reason.to_owned(), some.to_vec());
                let detail = EventDetail::BodiesErased { by: None, reason, records };
                audit.append_in(&mut tx, of.subject(), detail).await?;
            }
            let mut gone = 0_u64;
            for range in &ranges {
                gone = gone.saturating_add(tx.erase_bodies(range).await?);
            }
            if gone != bodies {
                return Err(EraseError::Changed);
            }
            tx.commit().await?;
        }
        done.bodies = done.bodies.saturating_add(bodies);
    }
    if done.bodies.max(done.sessions).max(done.requests) > 0 && !dry_run {
        store.empty_the_log().await?;
    }
    Ok(done)
}

/// Of several writers, each's numbers in rising order.
fn ranges(bodies: Vec<HeldBody>) -> Vec<RecordRange> {
    bodies
        .chunk_by(|a, b| a.writer == b.writer)
        .filter_map(|of_one| {
            let writer = &of_one.first()?.writer;
            Some(erasure::ranges(writer, of_one.iter().map(|body| body.seq)))
        })
        .flatten()
        .collect()
}
