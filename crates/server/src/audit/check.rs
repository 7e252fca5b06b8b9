//! Whether the audit log is whole: every writer's chain computed again from what the database holds.

use amberglass_domain::{
    chain::{self, ChainError},
    erasure::can_be_erased,
};
use amberglass_wire::{
    audit::{EventBody, EventDetail},
    event_stream::ChainHead,
};

use super::gone::Gone;
use crate::store::{Store, StoreError, StoredRecord};

/// Records that are read at once.
const PAGE: u32 = 1000;

/// One writer's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedChain {
    /// A device's id, or `server:<id>`.
    pub writer: String,
    /// The last link that holds.
    pub head: ChainHead,
    /// What is wrong with the record after it.
    pub broken: Option<Broken>,
}

/// What can be wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It would be sought and exported as something that it is not.
    #[error("record {seq} stands in the database under another {column} than its body says")]
    Column { seq: i64, column: &'static str },
    #[error("the body of record {seq} is gone, and nothing on record says who erased it")]
    BodyGone { seq: i64 },
    #[error("the body of record {seq} is gone, and a record of this kind is never erased")]
    EvidenceErased { seq: i64 },
    #[error("what stood before record {seq} is gone, and nothing on record says that it was retired")]
    BeginningMissing { seq: i64 },
}

/// Reads the whole log. Records that were cut off a chain's end leave no mark in it: who wants to see that compares the
/// heads with earlier ones.
///
/// # Errors
/// When the log cannot be read.
pub async fn check(store: &Store) -> Result<Vec<CheckedChain>, StoreError> {
    let gone = Gone::read(store).await?;
    let mut chains = Vec::new();
    for writer in store.writers().await? {
        chains.push(check_chain(store, &gone, writer).await?);
    }
    Ok(chains)
}

async fn check_chain(store: &Store, gone: &Gone, writer: String) -> Result<CheckedChain, StoreError> {
    let mut head = ChainHead::default();
    if let Some(row) = gone.retired.get(&writer) {
        if !gone.is_said(row) {
            let broken = Some(Broken::BeginningMissing { seq: row.through.saturating_add(1) });
            return Ok(CheckedChain { writer, head, broken });
        }
        head = ChainHead { seq: row.through, hash: row.hash.clone() };
    }
    loop {
        let page = store.chain(&writer, head.seq, PAGE).await?;
        if page.is_empty() {
            return Ok(CheckedChain { writer, head, broken: None });
        }
        for stored in page {
            match check_record(gone, &writer, &head, &stored) {
                Ok(next) => head = next,
                Err(broken) => return Ok(CheckedChain { writer, head, broken: Some(broken) }),
            }
        }
    }
}

fn check_record(gone: &Gone, writer: &str, head: &ChainHead, stored: &StoredRecord) -> Result<ChainHead, Broken> {
    let StoredRecord { record, subject, is_page, position: _, received_at: _ } = stored;
    let next = chain::verify_next(writer, head, record)?;
    let seq = record.seq;
    if chain::is_erased(record) {
        // There is nothing left that its columns could be held against.
        return match (can_be_erased(&record.kind), gone.erased.names(writer, seq)) {
            (true, true) => Ok(next),
            (true, false) => Err(Broken::BodyGone { seq }),
            (false, _) => Err(Broken::EvidenceErased { seq }),
        };
    }
    // A body of a later version may say more; what it says of these is where it always was.
    let Ok(body) = serde_json::from_str::<EventBody>(&record.body) else { return Ok(next) };
    let page = writer.starts_with("server:") && matches!(body.detail, EventDetail::PageViewed { document: true, .. });
    for (column, same) in [
        ("staff", subject.staff == body.subject.staff),
        ("customer", subject.customer == body.subject.customer),
        ("portal", subject.portal == body.subject.portal),
        ("device", subject.device == body.subject.device),
        ("session", record.session == body.subject.session),
        ("is_page", *is_page == page),
    ] {
        if !same {
            return Err(Broken::Column { seq, column });
        }
    }
    Ok(next)
}
