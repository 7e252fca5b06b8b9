//! Retention: beginnings of chains go once they are old, and a signed checkpoint stands for each.
//!
//! What went, up to which record, is on record before anything goes. What explains something that is still missing (an erasure,
//! what else was retired) would itself go some day: it is said again before.

use std::collections::HashMap;

use amberglass_domain::chain::device_of;
use amberglass_wire::{
    DeviceId, UnixMillis,
    audit::{EventDetail, EventSubject, RecordRange},
};

use super::{AuditError, AuditLog, gone::whole_body};
use crate::store::{CheckpointRow, RetiredRow, Store, StoreError, Tx};

/// Records that go in one transaction: nobody else can write meanwhile.
const AT_ONCE: u32 = 5_000;

/// Why nothing more was retired.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What retention came to, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Up to where each chain went now.
    pub chains: Vec<RetiredRow>,
    /// Records that were deleted, those that an earlier run had to leave among them.
    pub records: u64,
    /// Sessions of which nothing is recorded any more, and whose row forgot who the customer was.
    pub sessions: u64,
    /// Requests for approval, likewise.
    pub requests: u64,
}

/// Retires what was received before then, of each chain up to a record that a server has signed: never the last record, never
/// one of a session that still runs or has younger records.
///
/// # Errors
/// When the log cannot be read, or what is to go not put on record. What counts as gone by then goes when asked again.
pub async fn retire(
    audit: &AuditLog,
    store: &Store,
    before: UnixMillis,
    dry_run: bool,
) -> Result<Retired, RetireError> {
    let mut done = Retired::default();
    let retired = store.retired().await?;
    if !dry_run {
        for row in retired.values() {
            delete(store, row, &mut done).await?;
        }
    }
    let mut writers = store.writers().await?;
    // Of those that say what went from others last of all.
    writers.sort_by_key(|writer| (writer == audit.writer(), writer.starts_with("server:")));
    for writer in writers {
        let after = retired.get(&writer).map_or(0, |row| row.through);
        let Some(row) = can_go(store, &writer, after, before).await? else { continue };
        if !dry_run {
            let mut tx = store.begin().await?;
            begin(audit, &mut tx, &row).await?;
            done.records = done.records.saturating_add(tx.delete_retired(&row, AT_ONCE).await?);
            tx.commit().await?;
            delete(store, &row, &mut done).await?;
        }
        done.chains.push(row);
    }
    if !dry_run {
        forget(store, before, &mut done).await?;
    }
    if done.records.max(done.sessions).max(done.requests) > 0 {
        store.empty_the_log().await?;
    }
    Ok(done)
}

async fn can_go(store: &Store, writer: &str, after: i64, before: UnixMillis) -> Result<Option<RetiredRow>, StoreError> {
    let head = store.chain_head_of(writer).await?;
    let stays = store.first_to_stay(writer, after, before).await?.unwrap_or(i64::MAX).min(head.seq);
    let below = store.checkpoint_below(writer, stays).await?.filter(|row| row.head.seq > after);
    Ok(below.map(|CheckpointRow { writer, head, note, .. }| RetiredRow {
        writer,
        through: head.seq,
        hash: head.hash,
        note,
    }))
}

/// Puts on record what goes, and says again what explains what is missing elsewhere.
async fn begin(audit: &AuditLog, tx: &mut Tx, row: &RetiredRow) -> Result<(), RetireError> {
    let subject = EventSubject {
        device: (!row.writer.starts_with("server:")).then(|| DeviceId::new(device_of(&row.writer))),
        ..EventSubject::default()
    };
    let RetiredRow { writer, through, hash, .. } = row.clone();
    audit.append_in(tx, subject, EventDetail::RecordsRetired { writer, through, hash }).await?;
    tx.retire(row, audit.shared.clock.now()).await?;
    let retired = tx.retired().await?;
    for record in tx.about_what_is_gone(&row.writer, row.through).await? {
        let Some(body) = whole_body(&record) else { continue };
        if let Some(detail) = still_needed(body.detail, &record.writer, &retired) {
            audit.append_in(tx, body.subject, detail).await?;
        }
    }
    Ok(())
}

/// What is left of it once all of this is gone.
fn still_needed(detail: EventDetail, by: &str, retired: &HashMap<String, RetiredRow>) -> Option<EventDetail> {
    let through = |writer: &str| retired.get(writer).map_or(0, |row| row.through);
    if let EventDetail::BodiesErased { by: whom, reason, records } = detail {
        let records: Vec<RecordRange> = records
            .into_iter()
            // What a device said counted for nothing, and does not become a server's word.
            .filter(|_| amberglass_domain::erasure::may_erase(by))
            .map(|range| RecordRange { from: range.from.max(through(&range.writer).saturating_add(1)), ..range })
            .filter(|range| range.from <= range.through)
            .collect();
        return (!records.is_empty()).then_some(EventDetail::BodiesErased { by: whom, reason, records });
    }
    let EventDetail::RecordsRetired { writer, through, hash } = detail else { return None };
    let is_last = retired.get(&writer).is_some_and(|row| (row.through, &row.hash) == (through, &hash));
    (is_last && by.starts_with("server:")).then_some(EventDetail::RecordsRetired { writer, through, hash })
}

async fn forget(store: &Store, before: UnixMillis, done: &mut Retired) -> Result<(), StoreError> {
    loop {
        let mut tx = store.begin().await?;
        let rows = tx.remembering_since_before(before, AT_ONCE).await?;
        let requests = tx.remembering_requests_since_before(before, AT_ONCE).await?;
        if rows.is_empty() && requests.is_empty() {
            return Ok(());
        }
        for row in &rows {
            tx.forget(row).await?;
        }
        for row in &requests {
            tx.forget_request(row).await?;
        }
        tx.commit().await?;
        done.sessions = done.sessions.saturating_add(rows.len() as u64);
        done.requests = done.requests.saturating_add(requests.len() as u64);
    }
}

/// The rest, in pieces.
async fn delete(store: &Store, row: &RetiredRow, done: &mut Retired) -> Result<(), StoreError> {
    loop {
        let mut tx = store.begin().await?;
        let gone = tx.delete_retired(row, AT_ONCE).await?;
        if gone == 0 {
            return Ok(());
        }
        tx.commit().await?;
        done.records = done.records.saturating_add(gone);
    }
}
