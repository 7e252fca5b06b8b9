//! Whether the audit log is whole: every writer's chain computed again from what the database holds.

use amberglass_domain::chain::{self, ChainError};
use amberglass_wire::event_stream::ChainHead;

use crate::store::{Store, StoreError};

/// Records that are read at once.
const PAGE: u32 = 1000;

/// One writer's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedChain {
    /// A device's id, or `server:<id>`.
    pub writer: String,
    /// The last link that holds.
    pub head: ChainHead,
    /// Why the record after it does not continue the chain.
    pub broken: Option<ChainError>,
}

/// Reads the whole log. Records that were cut off a chain's end leave no mark in it: who wants to see that compares the
/// heads with earlier ones.
///
/// # Errors
/// When the log cannot be read.
pub async fn check(store: &Store) -> Result<Vec<CheckedChain>, StoreError> {
    let mut chains = Vec::new();
    for writer in store.writers().await? {
        chains.push(check_chain(store, writer).await?);
    }
    Ok(chains)
}

async fn check_chain(store: &Store, writer: String) -> Result<CheckedChain, StoreError> {
    let mut head = ChainHead::default();
    loop {
        let page = store.chain(&writer, head.seq, PAGE).await?;
        if page.is_empty() {
            return Ok(CheckedChain { writer, head, broken: None });
        }
        for event in page {
            match chain::verify_next(&writer, &head, &event.record) {
                Ok(next) => head = next,
                Err(broken) => return Ok(CheckedChain { writer, head, broken: Some(broken) }),
            }
        }
    }
}
